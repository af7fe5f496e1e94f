/* SPDX-License-Identifier: Apache-2.0 */
/* filter.h - $filter of a LIST: comparisons joined by `and`
 *
 * NAME eq 'TEXT' and NAME ne 'TEXT', which is what clients send; anything else is refused. Names
 * and texts have no case, but the value of a tag does.
 */
#ifndef WAYBILL_EMULATOR_FILTER_H
#define WAYBILL_EMULATOR_FILTER_H

#include <jansson.h>
#include <stdbool.h>

#include "providers/emulator/message.h"

#define FILTER_TERMS_MAX 8

enum filter_way {
	FILTER_IS,
	FILTER_CONTAINS, /* substringof('TEXT', NAME) */
	FILTER_BEGINS,   /* startswith(NAME, 'TEXT') */
};

struct filter_term {
	const char *name, *text;
	enum filter_way way;
	bool differs; /* ne */
};

struct filter {
	struct filter_term terms[FILTER_TERMS_MAX];
	size_t count; /* 0: everything is wanted */
};

/* The request's own; false with a refusal. */
bool filter_read(struct filter *, const struct request *, struct response *);
/* Whether a resource is wanted. */
bool filter_wants(const struct filter *, struct arena *, const json_t *resource);

#endif
