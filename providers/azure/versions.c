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

static const json_t *own_fallbacks(const struct schema *schema)
{
	const json_t *fallbacks = NULL;
	for (; schema && !fallbacks; schema = schema->parent)
		fallbacks = json_object_get(schema->facts, "apiFallbacks");
	return fallbacks;
}

/* What is no type of ours is spoken of as the one that it is inside of, or an action on
 * (networkInterfaces/effectiveRouteTable); and what is in none as those of its namespace that are
 * spoken of in the same version (locations/usages). */
static const json_t *fallbacks_of(
	const struct versions *versions, struct arena *arena, const char *type, const char *version)
{
	if (!versions->catalog || !type)
		return NULL;
	char *outer = arena_strdup(arena, type);
	for (char *end; (end = strrchr(outer, '/')); *end = '\0') {
		const json_t *found = own_fallbacks(catalog_type(versions->catalog, outer));
		if (found)
			return found;
	}
	const struct schema *other;
	size_t len = strlen(outer);
	for (size_t i = 0; len && (other = catalog_nth(versions->catalog, i)); i++)
		if (text_starts_nocase(other->type, outer) && other->type[len] == '/' &&
			other->api_version && strcmp(other->api_version, version) == 0)
			return own_fallbacks(other);
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

bool versions_concern(const struct arm_error *error)
{
	int status = error->failure.status;
	for (size_t i = 0; (status == 400 || status == 404) && i < ARRAY_LEN(codes); i++)
		if (arm_error_has(error, codes[i]))
			return true;
	return false;
}

bool versions_refused(struct versions *versions, const char *path, const char *version,
	const struct arm_error *error)
{
	const char *tried = versions_for(versions, path, version);
	if (!versions_concern(error))
		return false;
	struct arena *arena = arena_new();
	const char *type = versions_type(arena, path);
	const json_t *fallbacks = fallbacks_of(versions, arena, type, version);
	const char *next = next_of(fallbacks, tried, error->failure.message);
	/* Ever older: a cloud that lists what it then refuses is not asked in a circle. */
	bool found = next && strcmp(next, tried) < 0;
	if (found)
		(void)json_object_set_new(versions->chosen, text_lower(arena, type),
			json_pack("{s:s,s:s}", "from", version, "to", next));
	arena_free(arena);
	return found;
}
