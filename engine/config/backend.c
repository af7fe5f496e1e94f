/* SPDX-License-Identifier: Apache-2.0 */
/* backend.c - `backend: {azureBlob: {account, container, key}}`: where the state is kept
 *
 * Plain texts: whoever reads the YAML sees which state it is. */
#include <string.h>

#include "engine/base/json.h"
#include "engine/config/internal.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define KEY_LENGTH 200

/* They are parts of a URL, and no letter of them may mean anything there. */
static bool is_made_of(const char *text, size_t least, size_t most, const char *letters)
{
	size_t len = strlen(text);
	return len >= least && len <= most && strspn(text, letters) == len;
}

static bool is_account(const char *text)
{
	return is_made_of(text, 3, 24, LOWER DIGITS);
}

static bool is_container(const char *text)
{
	return is_made_of(text, 3, 63, LOWER DIGITS "-") && text[0] != '-' &&
		text[strlen(text) - 1] != '-' && !strstr(text, "--");
}

static bool is_key(const char *text)
{
	if (!is_made_of(text, 1, KEY_LENGTH, LOWER UPPER DIGITS "._-/"))
		return false;
	for (const char *segment = text;; segment++) {
		size_t len = strcspn(segment, "/");
		if (len == 0 || segment[0] == '.' || segment[len - 1] == '.')
			return false;
		segment += len;
		if (!*segment)
			return true;
	}
}

struct part {
	const char *name;
	bool (*is_good)(const char *);
	const char *help;
};

static const struct part parts[] = {
	{ "account", is_account, "a storage account is named by 3 to 24 of a-z and 0-9" },
	{ "container", is_container,
		"a container is named by 3 to 63 of a-z, 0-9 and single dashes" },
	{ "key", is_key,
		"a key is up to 200 of A-Z, a-z, 0-9, `.`, `_`, `-` and `/`, as in prod/network" },
};

static const char *read_part(
	struct config *c, const json_t *blob, const struct part *part, struct diags *diags)
{
	static const char at[] = "/backend/azureBlob";
	const char *pointer = pointer_add(c->arena, at, part->name);
	const json_t *value = json_object_get(blob, part->name);
	if (!value) {
		(void)diag_error(diags, place_key(c, at), "missing-member",
			"`azureBlob` needs `%s`", part->name);
		diag_help(diags, "%s", part->help);
		return NULL;
	}
	if (!json_is_string(value)) {
		(void)wrong_type(diags, place_value(c, pointer), part->name, "text", value);
		return NULL;
	}
	if (part->is_good(json_string_value(value)))
		return json_string_value(value);
	(void)diag_error(diags, place_value(c, pointer), "bad-backend",
		"`%s` is not the %s of a state", json_string_value(value), part->name);
	diag_help(diags, "%s; it is plain text, without expressions", part->help);
	return NULL;
}

static bool read_blob(struct config *c, const json_t *blob, struct diags *diags)
{
	static const char *const names[] = { "account", "container", "key", NULL };
	if (!json_is_object(blob))
		return wrong_type(
			diags, place_value(c, "/backend/azureBlob"), "azureBlob", "a map", blob);
	bool good = only_members(c, blob, "/backend/azureBlob", "`azureBlob`", names, diags);
	const char *read[ARRAY_LEN(parts)];
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		read[i] = read_part(c, blob, &parts[i], diags);
		good = good && read[i];
	}
	if (!good)
		return false;
	struct config_backend *backend = ARENA_NEW(c->arena, struct config_backend);
	*backend = (struct config_backend){ .account = read[0],
		.container = read[1],
		.key = read[2],
		.at = place_value(c, "/backend/azureBlob/account") };
	c->backend = backend;
	return true;
}

bool backend_load(struct config *c, struct diags *diags)
{
	static const char *const names[] = { "azureBlob", NULL };
	const json_t *backend = json_object_get(c->merged, "backend");
	if (!backend || json_is_null(backend))
		return true;
	if (!json_is_object(backend))
		return wrong_type(diags, place_value(c, "/backend"), "backend", "a map", backend);
	if (!only_members(c, backend, "/backend", "a backend", names, diags))
		return false;
	const json_t *blob = json_object_get(backend, "azureBlob");
	if (blob)
		return read_blob(c, blob, diags);
	(void)diag_error(
		diags, place_key(c, "/backend"), "missing-member", "`backend` needs `azureBlob`");
	diag_help(diags, "leave `backend` out for a state in a local file");
	return false;
}

bool config_backend(struct arena *a, const struct config_options *options,
	const struct config_backend **out, struct diags *diags)
{
	struct config *c = config_new(a, NULL);
	struct diags merging;
	diags_init(&merging, diags->arena);
	*out = NULL;
	if (!files_gather(a, options, &c->internal->inputs, diags))
		return false;
	if (!documents_merge(c, &merging)) {
		if (merging.count && strcmp(merging.items[0].code, "no-configuration") == 0)
			return true;
		help_add(c, &merging, 0);
		for (size_t i = 0; i < merging.count; i++)
			*ARENA_PUSH(diags->arena, diags->items, diags->count) = merging.items[i];
		diags->nerrors += merging.nerrors;
		return false;
	}
	bool good = backend_load(c, diags);
	*out = c->backend;
	return good;
}
