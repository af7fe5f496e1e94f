/* SPDX-License-Identifier: Apache-2.0 */
/* The input is the text of one template, the subject of all its paths behind a first line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/config/expression.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* assert() would be gone in a build with NDEBUG. */
static void expect(bool good)
{
	if (!good)
		abort();
}

static enum expression_result lookup(void *context, const struct expression_path *path,
	json_t **value_new, struct expression_failure *failure)
{
	expect(path->nsegments > 0 && path->nsegments <= EXPRESSION_SEGMENTS);
	*failure = (struct expression_failure){
		.code = "missing", .text = "nothing", .offset = path->offset, .length = path->length
	};
	switch (path->segments[0][0]) {
	case 'u':
		return EXPRESSION_UNKNOWN;
	case 'm':
		return EXPRESSION_MISSING;
	case 'l':
		*value_new = json_pack("[i]", 1);
		return EXPRESSION_VALUE;
	case 'n':
		*value_new = json_null();
		return EXPRESSION_VALUE;
	default:
		*value_new = json_incref(context);
		return EXPRESSION_VALUE;
	}
}

static void check(struct arena *a, const char *text, json_t *subject)
{
	struct expression_failure failure = { 0 };
	const struct text_template *t = template_parse(a, text, &failure);
	json_t *value = NULL;
	enum expression_result result = EXPRESSION_FAILED;
	if (t)
		result = template_evaluate(a, t, lookup, subject, &value, &failure);
	expect(result != EXPRESSION_MISSING && (result == EXPRESSION_VALUE) == (value != NULL));
	if (result == EXPRESSION_FAILED)
		expect(failure.code && failure.text && failure.length > 0 &&
			failure.offset <= strlen(text));
	if (t && !expression_in(text))
		expect(strcmp(json_string_value(value), text) == 0);
	json_decref(value);
	struct expression_path path;
	if (!expression_path_parse(a, text, &path, &failure))
		expect(failure.code && failure.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena *a = arena_new();
	char *text = arena_strndup(a, (const char *)data, len);
	char *newline = strchr(text, '\n');
	if (newline)
		*newline = '\0';
	json_auto_t *subject = json_string(newline ? newline + 1 : "10.0.0.0/16");
	json_auto_t *template_text = json_string(text);
	if (subject && template_text)
		check(a, text, subject);
	arena_free(a);
	return 0;
}
