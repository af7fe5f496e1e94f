/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/filter.h"

#include <ctype.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"

/* What may be asked of, and where it stands; what has no place is told apart below. */
static const struct {
	const char *name, *at;
} names[] = {
	{ "resourceType", "/type" },
	{ "resourceGroup", NULL },
	{ "name", "/name" },
	{ "location", "/location" },
	{ "tagName", NULL },
	{ "tagValue", NULL },
	{ "virtualMachineScaleSet/id", "/properties/virtualMachineScaleSet/id" },
};

static void skip_spaces(const char **at)
{
	while (**at == ' ')
		(*at)++;
}

/* Up to a space; NULL when there is none. */
static const char *read_word(struct arena *arena, const char **at)
{
	size_t len;
	const char *word;

	skip_spaces(at);
	len = strcspn(*at, " '");
	if (len == 0)
		return NULL;
	word = arena_strndup(arena, *at, len);
	*at += len;
	return word;
}

/* Between quotes, a quote inside being doubled; NULL when it is no text. */
static const char *read_text(struct arena *arena, const char **at)
{
	const char *from;
	char *out;
	size_t len = 0;

	skip_spaces(at);
	if (**at != '\'')
		return NULL;
	from = ++*at;
	out = arena_alloc(arena, strlen(from) + 1);
	for (; **at != '\0'; (*at)++) {
		if (**at == '\'' && (*at)[1] != '\'') {
			(*at)++;
			out[len] = '\0';
			return out;
		}
		if (**at == '\'')
			(*at)++;
		out[len++] = **at;
	}
	return NULL;
}

static bool know_name(struct filter_term *term, const char *name)
{
	for (size_t i = 0; name != NULL && i < ARRAY_LEN(names); i++) {
		if (text_same_nocase(names[i].name, name)) {
			term->name = names[i].name;
			return true;
		}
	}
	return false;
}

static bool read_mark(const char **at, char mark)
{
	skip_spaces(at);
	if (**at != mark)
		return false;
	(*at)++;
	return true;
}

static bool read_argument(struct arena *arena, const char **at, struct filter_term *term)
{
	size_t len;
	const char *name;

	skip_spaces(at);
	len = strcspn(*at, " ,)");
	name = arena_strndup(arena, *at, len);
	*at += len;
	return know_name(term, name);
}

/* The two functions that ARM knows, each of some names alone. */
static bool read_function(struct arena *arena, const char **at, struct filter_term *term)
{
	static const char contains[] = "substringof(", begins[] = "startswith(";
	bool good;

	if (text_starts_nocase(*at, contains)) {
		*at += strlen(contains);
		term->way = FILTER_CONTAINS;
		term->text = read_text(arena, at);
		good = term->text != NULL && read_mark(at, ',') && read_argument(arena, at, term) &&
			(strcmp(term->name, "name") == 0 ||
				strcmp(term->name, "resourceGroup") == 0);
	} else {
		*at += strlen(begins);
		term->way = FILTER_BEGINS;
		good = read_argument(arena, at, term) && strcmp(term->name, "tagName") == 0 &&
			read_mark(at, ',');
		term->text = good ? read_text(arena, at) : NULL;
		good = term->text != NULL;
	}
	return good && read_mark(at, ')');
}

/* Some clients put a name with a slash between quotes. */
static bool read_term(struct arena *arena, const char **at, struct filter_term *term)
{
	const char *name, *comparison;
	bool known;

	skip_spaces(at);
	if (text_starts_nocase(*at, "substringof(") || text_starts_nocase(*at, "startswith("))
		return read_function(arena, at, term);
	name = **at == '\'' ? read_text(arena, at) : read_word(arena, at);
	comparison = read_word(arena, at);
	if (name == NULL || comparison == NULL)
		return false;
	known = know_name(term, name);
	term->way = FILTER_IS;
	term->differs = text_same_nocase(comparison, "ne");
	term->text = read_text(arena, at);
	return known && term->text != NULL && (term->differs || text_same_nocase(comparison, "eq"));
}

static struct filter_term *next_term(struct filter *filter)
{
	struct filter_term *term = &filter->terms[filter->count++];

	*term = (struct filter_term){ .way = FILTER_IS };
	return term;
}

static bool read_terms(struct filter *filter, struct arena *arena, const char *at)
{
	for (;;) {
		const char *joint;

		if (filter->count == FILTER_TERMS_MAX || !read_term(arena, &at, next_term(filter)))
			return false;
		joint = read_word(arena, &at);
		if (joint == NULL) {
			skip_spaces(&at);
			return *at == '\0';
		}
		if (!text_same_nocase(joint, "and"))
			return false;
	}
}

bool filter_read(struct filter *filter, const struct request *request, struct response *response)
{
	const char *text = request_query(request, "$filter");

	filter->count = 0;
	if (text == NULL || text[0] == '\0' || read_terms(filter, request->arena, text))
		return true;
	return refuse(response, 400, "InvalidFilterInQueryString",
		"Invalid $filter '%s' specified in the query string.", text);
}

static const char *group_of(struct arena *arena, const json_t *resource)
{
	static const char part[] = "/resourcegroups/";
	const char *id = json_text_at(resource, "/id");
	const char *lower = text_lower(arena, id != NULL ? id : "");
	const char *at = strstr(lower, part);

	if (at == NULL)
		return "";
	at += strlen(part);
	return arena_strndup(arena, at, strcspn(at, "/"));
}

/* The value of the tag of that name, or NULL. */
static const char *tag_of(const json_t *resource, const char *name)
{
	const char *key;
	json_t *value;

	json_object_foreach (json_object_get(resource, "tags"), key, value) {
		if (text_same_nocase(key, name))
			return json_string_value(value);
	}
	return NULL;
}

static bool has_tag_beginning(const json_t *resource, const char *start)
{
	const char *key;
	json_t *value;

	json_object_foreach (json_object_get(resource, "tags"), key, value) {
		if (text_starts_nocase(key, start))
			return true;
	}
	return false;
}

/* A value belongs to the tag that the filter names; without a name it may stand in any tag. */
static bool has_tag_value(const struct filter *filter, const json_t *resource, const char *wanted)
{
	const char *key;
	json_t *value;

	for (size_t i = 0; i < filter->count; i++) {
		if (strcmp(filter->terms[i].name, "tagName") == 0) {
			const char *found = tag_of(resource, filter->terms[i].text);

			return found != NULL && strcmp(found, wanted) == 0;
		}
	}
	json_object_foreach (json_object_get(resource, "tags"), key, value) {
		if (strcmp(json_string_value(value), wanted) == 0)
			return true;
	}
	return false;
}

static bool is_true_of(const struct filter *filter, const struct filter_term *term,
	struct arena *arena, const json_t *resource)
{
	const char *found = NULL;

	if (term->way == FILTER_BEGINS)
		return has_tag_beginning(resource, term->text);
	if (strcmp(term->name, "tagName") == 0)
		return tag_of(resource, term->text) != NULL;
	if (strcmp(term->name, "tagValue") == 0)
		return has_tag_value(filter, resource, term->text);
	if (strcmp(term->name, "resourceGroup") == 0)
		found = group_of(arena, resource);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i].name == term->name && names[i].at != NULL)
			found = json_text_at(resource, names[i].at);
	}
	if (found != NULL && term->way == FILTER_CONTAINS)
		return strstr(text_lower(arena, found), text_lower(arena, term->text)) != NULL;
	return found != NULL && text_same_nocase(found, term->text);
}

bool filter_wants(const struct filter *filter, struct arena *arena, const json_t *resource)
{
	for (size_t i = 0; i < filter->count; i++) {
		const struct filter_term *term = &filter->terms[i];

		if (is_true_of(filter, term, arena, resource) == term->differs)
			return false;
	}
	return true;
}
