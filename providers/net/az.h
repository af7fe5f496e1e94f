/* SPDX-License-Identifier: Apache-2.0 */
/* az.h - asks az, the command line of Azure, who is signed in
 *
 * Without a shell, with words of our own, bounded in time and size. It blocks.
 */
#ifndef WAYBILL_PROVIDERS_NET_AZ_H
#define WAYBILL_PROVIDERS_NET_AZ_H

#include <stdbool.h>

#include "providers/net/token_request.h"

#define AZ_LIMIT_MS 30000 /* a remote state is not renewed meanwhile */

/* A token of a credential that names az. */
void az_token(
	struct arena *, const struct credential *, const char *scope, struct token_answer *out);

/* The subscription that az has chosen, in the arena; NULL with *problem. `file` is az's. */
const char *az_subscription(
	struct arena *, const char *file, const char *const *environment, const char **problem);

#endif
