/* SPDX-License-Identifier: Apache-2.0 */
/* reads.h - a set of LISTs and GETs, each asked once, all at once */
#ifndef WAYBILL_PLAN_READS_H
#define WAYBILL_PLAN_READS_H

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "providers/provider.h"
#include "schemas/schema.h"

struct read {
	const char *key; /* the path lower-cased */
	const struct schema *schema;
	struct operation operation; /* its arena is the set's */
};

struct reads {
	struct arena *arena;
	struct read *items; /* sorted by key once reads_run() has begun */
	size_t count;
};

void reads_init(struct reads *, struct arena *);
void reads_add(struct reads *, enum verb, const char *path, const struct schema *);
/* The same with another API version than the schema's. */
void reads_add_version(
	struct reads *, enum verb, const char *path, const struct schema *, const char *version);
/* Sends them all, without repetitions, and waits for all. False with an error for each that the
 * cloud refused; absence is no error. */
bool reads_run(struct reads *, struct provider *, struct diags *);

#endif
