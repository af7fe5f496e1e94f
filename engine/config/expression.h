/* SPDX-License-Identifier: Apache-2.0 */
/* expression.h - text with ${path | filter ...} in it
 *
 * A template is parsed once and evaluated as often as needed; what a path means is the caller's
 * lookup. A template that is one expression and nothing else keeps its value's type; beside other
 * text only scalars may stand. `$${` is a literal `${`.
 */
#ifndef WAYBILL_CONFIG_EXPRESSION_H
#define WAYBILL_CONFIG_EXPRESSION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"

#define EXPRESSION_BYTES ((size_t)4096) /* of one text that holds expressions */
#define EXPRESSION_SEGMENTS 32          /* of one path */
#define EXPRESSION_FILTERS 32           /* in one text */
#define EXPRESSION_ARGUMENTS 2          /* of one filter */

struct text_template;

struct expression_path {
	const char *segments[EXPRESSION_SEGMENTS];
	size_t nsegments;
	size_t offset, length; /* in the text, in bytes */
};

enum expression_result {
	EXPRESSION_VALUE,
	EXPRESSION_UNKNOWN, /* known after apply */
	EXPRESSION_MISSING, /* `default` may stand in; else an error as `failure` says */
	EXPRESSION_FAILED,
};

/* Why there is no value. `code` NULL: it has been reported already. */
struct expression_failure {
	const char *code, *text, *help;
	size_t offset, length; /* in the text, in bytes */
};

/* Whether the text must go through a template at all. */
bool expression_in(const char *text);

/* NULL with *failure. In the arena. */
const struct text_template *template_parse(
	struct arena *, const char *text, struct expression_failure *failure);

/* Parses one path alone, as in `tags["a.b"]`. */
bool expression_path_parse(struct arena *, const char *text, struct expression_path *,
	struct expression_failure *failure);

/* Gives the value of a path, new, for VALUE alone. */
typedef enum expression_result expression_lookup_fn(void *context, const struct expression_path *,
	json_t **value_new, struct expression_failure *failure);

/* VALUE with *value_new; UNKNOWN; or FAILED with *failure. Never MISSING. */
enum expression_result template_evaluate(struct arena *a, const struct text_template *t,
	expression_lookup_fn *lookup, void *context, json_t **value_new,
	struct expression_failure *failure);

/* ---- filters.c ---- */

struct filter_call {
	const struct filter *filter;
	const char *arguments[EXPRESSION_ARGUMENTS];
	size_t narguments;
	size_t offset, length;
};

const struct filter *filter_find(const char *name);
const char *filter_nearest(const char *name);
size_t filter_arity(const struct filter *);
bool filter_stands_in(const struct filter *); /* `default`: asked also when there is no value */
/* The filtered value, new, or NULL with *failure. `value` is NULL for none. */
json_t *filter_apply(struct arena *, const struct filter_call *, const json_t *value,
	struct expression_failure *failure);

#endif
