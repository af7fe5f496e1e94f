/* SPDX-License-Identifier: Apache-2.0 */
/* write.h - PUT, PATCH and DELETE
 *
 * A write builds the root as it would be, has it checked whole, and only then stores it: a refused
 * write changes nothing.
 */
#ifndef WAYBILL_EMULATOR_WRITE_H
#define WAYBILL_EMULATOR_WRITE_H

#include "providers/emulator/emulator.h"
#include "providers/emulator/target.h"

/* One write under way: what the checks may ask. */
struct write {
	struct emulator *emulator;
	const struct request *request;
	struct response *response;
	const struct target *target;
	const json_t *before; /* the stored root, or NULL */
};

bool write_put(struct emulator *, const struct target *, const struct request *, struct response *);
bool write_patch(
	struct emulator *, const struct target *, const struct request *, struct response *);
bool write_delete(
	struct emulator *, const struct target *, const struct request *, struct response *);

#endif
