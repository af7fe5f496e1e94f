/* SPDX-License-Identifier: Apache-2.0 */
/* variable.h - what a declaration under `variables` says, and whether a value fits it
 */
#ifndef WAYBILL_CONFIG_VARIABLE_H
#define WAYBILL_CONFIG_VARIABLE_H

#include "engine/config/internal.h"
#include "engine/config/pattern.h"

struct variable_type {
	const char *name, *article;
	bool is_text;
	bool (*holds)(const json_t *);
};

struct variable {
	const char *name, *pointer;
	const struct variable_type *type;
	const json_t *allowed;         /* a list, or NULL */
	const struct pattern *pattern; /* or NULL */
	bool sensitive;
};

/* False with errors at what is wrong in the declaration. */
bool variable_read(struct config *, const char *name, const json_t *declaration,
	struct variable *out, struct diags *);
/* Whether the value, which stands at the place, is one that the variable may have. */
bool variable_check(struct config *, const struct variable *, const json_t *value, struct place,
	struct diags *);

#endif
