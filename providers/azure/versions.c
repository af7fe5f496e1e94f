/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/azure/versions.h"

#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/text.h"

#define DATE_LEN (sizeof "2024-05-01" - 1)
#define TYPE_BYTES 512

static const char *const codes[] = { "InvalidApiVersionParameter", "NoRegisteredProviderFound",
	"InvalidResourceType" };

void versions_init(struct versions *versions, const struct catalog *catalog)
{
	*versions = (struct versions){ .catalog = catalog, .chosen = json_object() };
}

void versions_release(struct versions *versions)
{
	json_decref(versions->chosen);
	versions->chosen = NULL;
}

const char *versions_type(struct arena *arena, const char *path)
{
	static const char inside[] = "/providers/";
	const char *rest = NULL;
	for (const char *at = path; *at; at++)
		if (text_starts_nocase(at, inside))
			rest = at + strlen(inside);
	if (!rest)
		return strchr(path, '/') ? "Microsoft.Resources/resourceGroups" : NULL;
	struct buf type;
	buf_init(&type, TYPE_BYTES);
	/* The namespace, then a type and a name by turns. */
	for (size_t i = 0; *rest; i++) {
		size_t len = strcspn(rest, "/");
		if (i == 0 || i % 2 == 1)
			(void)buf_printf(&type, "%s%.*s", i ? "/" : "", (int)len, rest);
		rest += len + (rest[len] == '/');
	}
	const char *copy = arena_strdup(arena, type.data);
	buf_release(&type);
	return copy;
}

const char *versions_for(const struct versions *versions, const char *path, const char *version)
{
	if (json_object_size(versions->chosen) == 0)
		return version;
	struct arena *arena = arena_new();
	const char *type = versions_type(arena, path);
	const json_t *entry =
		type ? json_object_get(versions->chosen, text_lower(arena, type)) : NULL;
	arena_free(arena);
	/* Who asks in another version than the schema's has a reason, and goes on to have it. */
	const char *from = json_text_at(entry, "/from");
	return from && strcmp(from, version) == 0 ? json_text_at(entry, "/to") : version;
}

/* Whether the message lists this version as such, and not as a preview of it. */
static bool lists(const char *message, const char *version)
{
	for (const char *at = strstr(message, version); at; at = strstr(at + 1, version))
		if (at[DATE_LEN] != '-')
			return true;
	return false;
}

/* Whether a message has dates beside the one refused: those of versions that are supported. */
static bool lists_any_but(const char *message, const char *refused)
{
	size_t len = strlen(message);
	for (const char *c = message; c + DATE_LEN <= message + len; c++)
		if (c[0] == '2' && c[1] == '0' && c[4] == '-' && c[7] == '-' &&
			strncmp(c, refused, DATE_LEN) != 0)
			return true;
	return false;
}

static const json_t *fallbacks_of(const struct versions *versions, const char *type)
{
	const struct schema *schema =
		versions->catalog && type ? catalog_type(versions->catalog, type) : NULL;
	for (; schema; schema = schema->parent) {
		const json_t *fallbacks = json_object_get(schema->facts, "apiFallbacks");
		if (fallbacks)
			return fallbacks;
	}
	return NULL;
}

/* The newest that is listed; where nothing is listed, the one after `refused`. */
static const char *next_of(const json_t *fallbacks, const char *refused, const char *message)
{
	bool listed = lists_any_but(message, refused);
	size_t i;
	json_t *item;
	json_array_foreach (fallbacks, i, item) {
		const char *version = json_string_value(item);
		if (listed ? lists(message, version) : strcmp(version, refused) < 0)
			return version;
	}
	return NULL;
}

bool versions_refused(struct versions *versions, const char *path, const char *version,
	const struct arm_error *error)
{
	bool concerns = false;
	for (size_t i = 0; error->failure.status == 400 && i < ARRAY_LEN(codes); i++)
		concerns |= arm_error_has(error, codes[i]);
	const char *tried = versions_for(versions, path, version);
	if (!concerns)
		return false;
	struct arena *arena = arena_new();
	const char *type = versions_type(arena, path);
	const char *next = next_of(fallbacks_of(versions, type), tried, error->failure.message);
	/* Ever older: a cloud that lists what it then refuses is not asked in a circle. */
	bool found = next && strcmp(next, tried) < 0;
	if (found)
		(void)json_object_set_new(versions->chosen, text_lower(arena, type),
			json_pack("{s:s,s:s}", "from", version, "to", next));
	arena_free(arena);
	return found;
}
