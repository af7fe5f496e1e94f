/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/shape.h"

#include <ctype.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/refusals.h"
#include "providers/emulator/regions.h"

#define TAGS_MAX 50
#define TAG_NAME_MAX 512
#define TAG_VALUE_MAX 256

char *location_short(struct arena *arena, const char *location)
{
	char *out = text_lower(arena, location);
	size_t len = 0;

	for (const char *at = out; *at != '\0'; at++) {
		if (*at != ' ')
			out[len++] = *at;
	}
	out[len] = '\0';
	return out;
}

static bool name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-';
}

bool name_is_good(const struct resource_type *type, const char *name)
{
	size_t len = strlen(name);
	bool group = type->index == TYPE_GROUP;

	if (len < type->name_min || len > type->name_max)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!name_char(name[i]) && !(group && (name[i] == '(' || name[i] == ')')))
			return false;
	}
	if (group)
		return name[len - 1] != '.';
	return isalnum((unsigned char)name[0]) &&
		(isalnum((unsigned char)name[len - 1]) || name[len - 1] == '_');
}

/* Of a group's name; that it ends in a dot is told likewise. */
static const char *bad_letters(struct arena *arena, const char *name)
{
	char *out = arena_strdup(arena, name);
	size_t len = 0;

	for (const char *at = name; *at != '\0'; at++) {
		if (!name_char(*at) && *at != '(' && *at != ')')
			out[len++] = *at;
	}
	out[len] = '\0';
	return len > 0 ? out : ".";
}

static bool check_tag(struct write *w, const char *name, const char *value)
{
	bool bad = false;

	for (const char *at = name; *at != '\0'; at++)
		bad |= iscntrl((unsigned char)*at) || strchr("<>%&\\?/", *at) != NULL;
	/* Links that the portal hides are the exception. */
	if (bad && !text_starts_nocase(name, "hidden-") && !text_starts_nocase(name, "link:"))
		return refuse(w->response, 400, "InvalidTagNameCharacters",
			"The tag names '%s' have reserved characters '<,>,%%,&,\\,?,/' or control "
			"characters.",
			name);
	if (strlen(name) > TAG_NAME_MAX)
		return refuse(w->response, 400, "InvalidTagName",
			"Tag key too large. Following tag name '%s' exceeded the maximum length. "
			"Maximum allowed length for tag name - '%d' characters.",
			name, TAG_NAME_MAX);
	if (strlen(value) > TAG_VALUE_MAX)
		return refuse(w->response, 400, "InvalidTagValueLength",
			"Tag value too large. Following tag value '%s' exceeded the maximum "
			"length. Maximum allowed length for tag value - '%d' characters.",
			value, TAG_VALUE_MAX);
	return true;
}

static bool check_tags(struct write *w, const json_t *tags)
{
	const char *key;
	json_t *value;

	if (tags == NULL || json_is_null(tags))
		return true;
	if (!json_is_object(tags))
		return refuse_content(w->response, "tags is not an object");
	if (json_object_size(tags) > TAGS_MAX)
		return refuse(w->response, 400, "TooManyTags",
			"The resource has %zu tags. The maximum number of tags is %d.",
			json_object_size(tags), TAGS_MAX);
	json_object_foreach ((json_t *)tags, key, value) {
		if (!json_is_string(value))
			return refuse_content(w->response, "a tag's value is not a string");
		if (!w->request->internal && !check_tag(w, key, json_string_value(value)))
			return false;
	}
	return true;
}

static bool in_words(const char *words, const char *word)
{
	size_t len = strlen(word);

	/* JSON lets a member be named by nothing, which is in every text. */
	if (len == 0)
		return false;
	for (const char *at = words; (at = strstr(at, word)) != NULL; at += len) {
		bool begins = at == words || at[-1] == ' ';

		if (begins && (at[len] == ' ' || at[len] == '\0'))
			return true;
	}
	return false;
}

static json_t *shape_children(struct write *w, const struct resource_type *child_type,
	const char *id, const json_t *sent, const json_t *before)
{
	json_t *list = json_array();
	json_t *child;
	size_t i;

	json_array_foreach ((json_t *)sent, i, child) {
		const char *name = json_text_at(child, "/name");
		json_t *shaped = NULL;

		if (name == NULL)
			refuse_format(w->response, "MissingRequiredProperty",
				"A child resource of %s has no name.", id);
		else
			shaped = shape_item(w, child_type, id, name, child,
				cloud_child(child_type, before, name, NULL));
		if (shaped == NULL) {
			json_decref(list);
			return NULL;
		}
		json_array_append_new(list, shaped);
	}
	return list;
}

/* What was sent, less what only the server sets, plus what it sets. */
static json_t *shape_properties(
	const struct resource_type *type, const json_t *sent, const json_t *before)
{
	json_t *out = json_loads(type->defaults, 0, NULL);
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)sent, key, value) {
		if (!json_is_null(value) && !in_words(type->read_only, key))
			json_object_set_new(out, key, json_deep_copy(value));
	}
	json_object_foreach (json_object_get(before, "properties"), key, value) {
		bool kept = in_words(type->read_only, key);

		if (kept)
			json_object_set_new(out, key, json_deep_copy(value));
	}
	if (type->guid != NULL && json_object_get(out, type->guid) == NULL) {
		char guid[37];

		uuid_random(guid);
		json_object_set_new(out, type->guid, json_string(guid));
	}
	json_object_set_new(out, "provisioningState", json_string("Succeeded"));
	return out;
}

/* What newer versions say of new ones, unless the writer does. */
static void add_newer(const struct write *w, const struct resource_type *type, json_t *properties)
{
	const char *version = w->request->api_version;

	if (type->newer == NULL || w->request->internal || strcmp(version, type->newer) < 0)
		return;
	json_auto_t *defaults = json_loads(type->newer_defaults, 0, NULL);

	json_object_update_missing(properties, defaults);
}

static bool refuse_region(struct write *w, const char *location)
{
	const char *all = regions_text(w->request->arena, ",");

	if (w->target->type->index == TYPE_GROUP)
		return refuse(w->response, 400, "LocationNotAvailableForResourceGroup",
			"The provided location '%s' is not available for resource group. List of "
			"available regions is '%s'.",
			location, all);
	return refuse(w->response, 400, "LocationNotAvailableForResourceType",
		"The provided location '%s' is not available for resource type '%s'. List of "
		"available regions for the resource type is '%s'.",
		location, w->target->type->name, all);
}

static bool add_location(struct write *w, json_t *out, const json_t *sent, const json_t *before)
{
	const char *location = json_text_at(sent, "/location");
	const char *had = json_text_at(before, "/location");
	const char *name = json_text_at(out, "/name");

	if (location == NULL || location[0] == '\0')
		return refuse(w->response, 400, "LocationRequired",
			"The location property is required for this definition.");
	location = location_short(w->request->arena, location);
	if (had == NULL && !w->request->internal && !regions_has(location))
		return refuse_region(w, location);
	if (had != NULL && strcmp(location, had) != 0 && w->target->type->index == TYPE_GROUP)
		return refuse(w->response, 409, "InvalidResourceGroupLocation",
			"Invalid resource group location '%s'. The Resource group already exists "
			"in "
			"location '%s'.",
			location, had);
	if (had != NULL && strcmp(location, had) != 0)
		return refuse(w->response, 409, "InvalidResourceLocation",
			"The resource '%s' already exists in location '%s' in resource group '%s'. "
			"A "
			"resource with the same name cannot be created in location '%s'. Please "
			"select a new resource name.",
			name, had, w->target->group, location);
	json_object_set_new(out, "location", json_string(location));
	return true;
}

/* Members beside `properties` that a root may have and the server keeps as they are. */
static void add_others(json_t *out, const json_t *sent)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)sent, key, value) {
		if (json_object_get(out, key) == NULL && !json_is_null(value) &&
			strcmp(key, "etag") != 0 && strcmp(key, "properties") != 0)
			json_object_set_new(out, key, json_deep_copy(value));
	}
}

static bool add_children(struct write *w, const struct resource_type *child_type, json_t *out,
	const json_t *sent, const json_t *before)
{
	const char *list = child_type->segment;
	json_t *properties = json_object_get(out, "properties");
	json_t *children = json_object_get(json_object_get(sent, "properties"), list);

	if (child_type->derive != NULL)
		return true;
	if (children == NULL && child_type->stays_unsaid && before != NULL) {
		json_object_set_new(
			properties, list, json_deep_copy(type_children(child_type, before)));
		return true;
	}
	if (children != NULL && !json_is_array(children) && !json_is_null(children))
		return refuse_format(w->response, "InvalidJson",
			"Cannot convert the value to an array. Path 'properties.%s'.", list);
	children = shape_children(w, child_type, json_text_at(out, "/id"), children, before);
	if (children == NULL)
		return false;
	json_object_set_new(properties, list, children);
	return true;
}

json_t *shape_item(struct write *w, const struct resource_type *type, const char *parent_id,
	const char *name, const json_t *sent, const json_t *before)
{
	const char *kept = json_text_at(before, "/name");
	const json_t *properties = json_object_get(sent, "properties");
	bool root = type->parent == TYPE_GROUP || type->index == TYPE_GROUP;
	json_t *out;

	if (properties != NULL && !json_is_object(properties)) {
		refuse_content(w->response, "properties is not an object");
		return NULL;
	}
	if (type->index == TYPE_GROUP && !name_is_good(type, name)) {
		refuse(w->response, 400, "InvalidResourceGroup",
			"The provided resource group name '%s' has these invalid characters: '%s'. "
			"The name can only be a letter, digit, '-', '.', '(', ')' or '_'.",
			name, bad_letters(w->request->arena, name));
		return NULL;
	}
	if (!name_is_good(type, name)) {
		refuse(w->response, 400, "InvalidResourceName",
			"Resource name %s is invalid. The name can be up to %zu characters long. "
			"It "
			"must begin with a word character, and it must end with a word character "
			"or "
			"with '_'. The name may contain word characters or '.', '-', '_'.",
			name, type->name_max);
		return NULL;
	}
	if (!check_tags(w, json_object_get(sent, "tags")))
		return NULL;
	name = kept != NULL ? kept : name;
	out = json_pack("{s:s,s:o,s:s}", "name", name, "id",
		type->parent == TYPE_GROUP
			? json_sprintf("%s/providers/%s/%s", parent_id, type->name, name)
			: json_sprintf("%s/%s/%s", parent_id, type->segment, name),
		"type", type->name);
	json_object_set_new(out, "properties", shape_properties(type, properties, before));
	if (before == NULL)
		add_newer(w, type, json_object_get(out, "properties"));
	if (root && !add_location(w, out, sent, before)) {
		json_decref(out);
		return NULL;
	}
	if (root)
		add_others(out, sent);
	/* A new one is counted on from the old. */
	if (json_text_at(before, "/etag") != NULL)
		json_object_set(out, "etag", json_object_get(before, "etag"));
	for (size_t i = 0; i < type->nchildren; i++) {
		if (!add_children(w, type_at(type->children[i]), out, sent, before)) {
			json_decref(out);
			return NULL;
		}
	}
	return out;
}
