/* SPDX-License-Identifier: Apache-2.0 */
#include "schemas/arm_id.h"

#include <string.h>

#include "engine/base/text.h"

#define GROUP_TYPE "Microsoft.Resources/resourceGroups"

/* "/word/value" at *at, the word in any case: the value, and *at behind it. */
static const char *take(struct arena *a, const char **at, const char *word)
{
	size_t len = strlen(word);
	if (**at != '/' || !text_starts_nocase(*at + 1, word) || (*at)[len + 1] != '/')
		return NULL;
	const char *value = *at + len + 2;
	size_t value_len = strcspn(value, "/");
	if (value_len == 0)
		return NULL;
	*at = value + value_len;
	return arena_strndup(a, value, value_len);
}

/* Bytes of "/TYPE/NAME" at `at`, and of its two words; false when there is none. */
static bool pair_at(const char *at, size_t *type_len, size_t *name_len)
{
	if (*at != '/')
		return false;
	*type_len = strcspn(at + 1, "/");
	const char *name = at + 1 + *type_len;
	if (*type_len == 0 || *name != '/')
		return false;
	*name_len = strcspn(name + 1, "/");
	/* An extension resource stands on another id, not inside it. */
	bool extension = *type_len == 9 && text_starts_nocase(at + 1, "providers");
	return *name_len > 0 && !extension;
}

/* "/TYPE/NAME[/TYPE/NAME...]" to the end. */
static bool parse_types(struct arena *a, const char *text, const char *at, struct arm_id *out)
{
	size_t namespace_len = strlen(out->type), type_len, name_len;
	char *type = arena_alloc(a, namespace_len + strlen(at) + 1);
	char *end = type + namespace_len;
	memcpy(type, out->type, namespace_len);
	out->type = type;
	const char *first = at, *last = NULL;
	for (; pair_at(at, &type_len, &name_len); at += type_len + name_len + 2) {
		memcpy(end, at, type_len + 1);
		end += type_len + 1;
		last = at;
	}
	if (!last || *at)
		return false;
	if (last != first)
		out->parent = arena_strndup(a, text, (size_t)(last - text));
	out->name = arena_strdup(a, strrchr(last, '/') + 1);
	return true;
}

bool arm_id_parse(struct arena *a, const char *text, struct arm_id *out)
{
	*out = (struct arm_id){ 0 };
	const char *at = text;
	out->subscription = take(a, &at, "subscriptions");
	if (!out->subscription)
		return false;
	out->name = out->subscription;
	if (*at == '\0')
		return true;
	out->parent = arena_strndup(a, text, (size_t)(at - text));
	out->resource_group = take(a, &at, "resourceGroups");
	if (!out->resource_group)
		return false;
	out->name = out->resource_group;
	out->type = GROUP_TYPE;
	if (*at == '\0')
		return true;
	out->parent = arena_strndup(a, text, (size_t)(at - text));
	out->type = take(a, &at, "providers");
	return out->type && parse_types(a, text, at, out);
}

char *arm_id_make(struct arena *a, const char *parent_id, const char *type, const char *name)
{
	if (text_same_nocase(type, GROUP_TYPE))
		return arena_printf(a, "%s/resourceGroups/%s", parent_id, name);
	const char *first = strchr(type, '/'), *last = strrchr(type, '/');
	if (first == last)
		return arena_printf(a, "%s/providers/%s/%s", parent_id, type, name);
	return arena_join(a, (const char *const[]){ parent_id, last, "/", name }, 4);
}

bool arm_id_same(const char *a, const char *b)
{
	return text_same_nocase(a, b);
}

char *arm_id_key(struct arena *a, const char *id)
{
	return text_lower(a, id);
}
