/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/base/text.h"
#include "engine/config/sources.h"

bool glob_matches(const char *pattern, const char *text)
{
	const char *star = NULL, *retry = NULL;
	while (*text) {
		const char wanted[2] = { *pattern, '\0' };
		const char have[2] = { *text, '\0' };
		if (*pattern == '*') {
			star = ++pattern;
			retry = text;
		} else if (*pattern == '?' || text_same_nocase(wanted, have)) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static const json_t *label(const json_t *labels, const char *name, bool any_case)
{
	if (!any_case)
		return json_object_get(labels, name);
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)labels, key, value)
		if (text_same_nocase(key, name))
			return value;
	return NULL;
}

bool labels_match(const json_t *labels, const json_t *wanted, bool any_case)
{
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)wanted, key, value) {
		const char *have = json_string_value(label(labels, key, any_case));
		const char *text = json_string_value(value);
		if (!have || (strcmp(text, "*") != 0 && strcmp(text, have) != 0))
			return false;
	}
	return true;
}
