/* SPDX-License-Identifier: Apache-2.0 */
/* A ready token, and what a client of its own brings: a secret, a certificate. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "providers/net/assertion.h"
#include "providers/net/source.h"

/* ---- a ready token ---- */

enum source_result source_ready(struct source_look *look, struct credential *out)
{
	const char *text = variable_get(look->environment, "WAYBILL_ACCESS_TOKEN");
	if (!text)
		return source_absent(look, "WAYBILL_ACCESS_TOKEN is not set");
	*out = (struct credential){ .kind = CREDENTIAL_READY,
		.token = text_trimmed(text),
		.source = "WAYBILL_ACCESS_TOKEN" };
	if (*out->token && strlen(out->token) <= ASSERTION_BYTES &&
		text_is_plain(out->token, "-._~+/="))
		return SOURCE_TAKEN;
	diag_error(look->diags, PLACE_NONE, "sign-in",
		"WAYBILL_ACCESS_TOKEN does not hold an access token");
	diag_help(look->diags, "give the token alone, without quotes or `Bearer`");
	return SOURCE_WRONG;
}

/* ---- a secret ---- */

struct client_names {
	int family;
	const char *text, *file; /* variables: the thing itself, and a file with it */
	const char *password, *chain;
};

/* The variable of `names` that is set, or NULL. */
static const char *set_name(struct source_look *look, const struct client_names *names)
{
	const char *const all[] = { names->text, names->file };
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (all[i] && variable_get(look->environment, all[i]))
			return all[i];
	return NULL;
}

/* The first family that is whole; else the first that was begun, and is half. */
static const struct client_names *choose(struct source_look *look, const struct client_names *names,
	size_t count, enum source_result *result)
{
	const struct client_names *half = NULL;
	for (size_t i = 0; i < count; i++) {
		if (!set_name(look, &names[i]))
			continue;
		if (!family_missing(look->arena, look->environment, &families[names[i].family]))
			return &names[i];
		if (!half)
			half = &names[i];
	}
	*result = half
		? source_half(look, set_name(look, half),
			  family_missing(look->arena, look->environment, &families[half->family]),
			  NULL)
		: SOURCE_ABSENT;
	return NULL;
}

enum source_result source_secret(struct source_look *look, struct credential *out)
{
	static const struct client_names names[] = {
		{ FAMILY_AZURE, "AZURE_CLIENT_SECRET", NULL, NULL, NULL },
		{ FAMILY_ARM, "ARM_CLIENT_SECRET", "ARM_CLIENT_SECRET_FILE_PATH", NULL, NULL },
	};
	if (source_is_left_out(look, "EnvironmentCredential", "prod"))
		return SOURCE_ABSENT;
	enum source_result result = SOURCE_TAKEN;
	const struct client_names *own = choose(look, names, ARRAY_LEN(names), &result);
	if (!own && result == SOURCE_ABSENT)
		return source_absent(look,
			"AZURE_CLIENT_SECRET, ARM_CLIENT_SECRET and "
			"ARM_CLIENT_SECRET_FILE_PATH are not set");
	if (!own)
		return result;
	const char *name = set_name(look, own);
	const char *value = variable_get(look->environment, name);
	*out = (struct credential){ .kind = CREDENTIAL_SECRET, .source = name };
	out->secret =
		name == own->file ? variable_file(name, value, look->diags) : text_trimmed(value);
	if (out->secret &&
		family_read(look->environment, &families[own->family], &out->tenant,
			&out->client_id, look->diags))
		return SOURCE_TAKEN;
	return SOURCE_WRONG;
}

/* ---- a certificate ---- */

/* The bytes that the variable names or holds; free() them after clearing. */
static char *certificate_bytes(
	struct source_look *look, const char *name, bool is_file, size_t *len)
{
	const char *value = variable_get(look->environment, name);
	char *bytes = NULL;
	if (!is_file) {
		char *text = text_trimmed(value);
		bytes = base64_bytes(text, strlen(text), len);
		credential_clear(text);
		if (!bytes) {
			diag_error(look->diags, PLACE_NONE, "sign-in", "%s is not base64", name);
			diag_help(look->diags, "it is a PKCS#12 file in base64, on one line");
		}
		return bytes;
	}
	bytes = text_read_file(value, CERTIFICATE_FILE_BYTES, len);
	if (!bytes) {
		diag_error(look->diags, PLACE_NONE, "sign-in",
			"the certificate `%s`, which %s names, cannot be read: %s", value, name,
			strerror(errno));
		diag_help(look->diags, "see that the file is there and that we may read it");
	}
	return bytes;
}

static bool read_certificate(struct source_look *look, const struct client_names *own,
	const char *name, struct certificate *out)
{
	bool is_file = name != own->text;
	size_t len = 0;
	char *bytes = certificate_bytes(look, name, is_file, &len);
	if (!bytes)
		return false;
	const char *problem = NULL;
	bool good = certificate_read(
		bytes, len, variable_get(look->environment, own->password), out, &problem);
	explicit_bzero(bytes, len);
	free(bytes);
	bool is_over = good && certificate_has_ended(out);
	if (good && !is_over)
		return true;
	diag_error(look->diags, PLACE_NONE, "sign-in",
		"the certificate that %s %s cannot be used: %s", name, is_file ? "names" : "holds",
		is_over ? "it has expired" : problem);
	if (is_over)
		diag_help(look->diags,
			"make a new one and upload it to the application; or check this machine's "
			"clock");
	else
		diag_help(look->diags,
			"it takes PEM with key and certificate, or PKCS#12; a password stands in "
			"%s",
			own->password);
	return false;
}

enum source_result source_certificate(struct source_look *look, struct credential *out)
{
	static const struct client_names names[] = {
		{ FAMILY_AZURE, NULL, "AZURE_CLIENT_CERTIFICATE_PATH",
			"AZURE_CLIENT_CERTIFICATE_PASSWORD",
			"AZURE_CLIENT_SEND_CERTIFICATE_CHAIN" },
		{ FAMILY_ARM, "ARM_CLIENT_CERTIFICATE", "ARM_CLIENT_CERTIFICATE_PATH",
			"ARM_CLIENT_CERTIFICATE_PASSWORD", "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN" },
	};
	if (source_is_left_out(look, "EnvironmentCredential", "prod"))
		return SOURCE_ABSENT;
	enum source_result result = SOURCE_TAKEN;
	const struct client_names *own = choose(look, names, ARRAY_LEN(names), &result);
	if (!own && result == SOURCE_ABSENT)
		return source_absent(look,
			"AZURE_CLIENT_CERTIFICATE_PATH, ARM_CLIENT_CERTIFICATE and "
			"ARM_CLIENT_CERTIFICATE_PATH are not set");
	if (!own)
		return result;
	const char *name = set_name(look, own);
	*out = (struct credential){ .kind = CREDENTIAL_CERTIFICATE,
		.source = name,
		.sends_chain = variable_is_true(look->environment, own->chain) };
	if (read_certificate(look, own, name, &out->certificate) &&
		family_read(look->environment, &families[own->family], &out->tenant,
			&out->client_id, look->diags))
		return SOURCE_TAKEN;
	return SOURCE_WRONG;
}
