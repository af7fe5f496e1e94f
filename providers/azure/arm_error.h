/* SPDX-License-Identifier: Apache-2.0 */
/* arm_error.h - what ARM says when it says no
 *
 * Pure, and lenient: with or without the `error` envelope, codes as numbers, `details` nested or
 * broken, no body at all. All text is bounded and copied into the arena. arm-facts section 7.
 */
#ifndef WAYBILL_PROVIDERS_AZURE_ARM_ERROR_H
#define WAYBILL_PROVIDERS_AZURE_ARM_ERROR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "providers/provider.h"

#define ARM_ERROR_CODES 16 /* told apart in one error; more are ignored */

struct arm_error {
	struct failure failure;
	const char *codes[ARM_ERROR_CODES]; /* of the error and of all its details */
	size_t ncodes;
};

/* How long a refusal may be waited out by sending the same request again. */
enum contention {
	CONTENTION_NONE,  /* not at all */
	CONTENTION_WAIT,  /* another operation is under way: minutes */
	CONTENTION_BRIEF, /* a reverse index lags behind: seconds */
	CONTENTION_FEW,   /* a new resource is not seen everywhere yet: a few tries */
};

/* `body` may be NULL. `header_code` is x-ms-error-code, or NULL. */
void arm_error_read(struct arena *, int status, const json_t *body, const char *header_code,
	struct arm_error *out);

bool arm_error_has(const struct arm_error *, const char *code);
/* Whether a 404 says that this resource does not exist, rather than that we may not look. */
bool arm_error_is_absent(const struct arm_error *);
enum contention arm_error_contention(const struct arm_error *);

/* What to do about a code of ARM's or ours, where we know it: of a 403, which action on which scope
 * is lacking. In the arena, or NULL. */
const char *arm_error_help(struct arena *, const struct failure *);

#endif
