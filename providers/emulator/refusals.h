/* SPDX-License-Identifier: Apache-2.0 */
/* refusals.h - refusals that several places make, in Azure's words
 *
 * All return false. Codes and messages are those of the recordings, or else of responses quoted in
 * public issues; where neither is known, the place says so.
 */
#ifndef WAYBILL_EMULATOR_REFUSALS_H
#define WAYBILL_EMULATOR_REFUSALS_H

#include "providers/emulator/message.h"
#include "providers/emulator/operations.h"
#include "providers/emulator/target.h"

bool refuse_group_missing(struct response *, const char *group);
/* Of a root by the gateway, of a child by the network provider: they answer differently. */
bool refuse_missing(struct response *, const struct target *, const struct cloud *);
bool refuse_parent_missing(struct response *, const struct target *);
bool refuse_method(struct response *, const struct request *);
/* A path that nothing is known by. */
bool refuse_path(struct response *, const struct request *);
bool refuse_content(struct response *, const char *why);
/* InvalidRequestFormat with one detail. */
bool refuse_format(struct response *, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool refuse_reference(struct response *, const char *to, const char *from);
bool refuse_busy(struct response *, const struct request *, const char *endpoint,
	const struct cloud *, const struct operation *);

#endif
