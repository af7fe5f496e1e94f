/* SPDX-License-Identifier: Apache-2.0 */
/* assertion.h - what an application shows instead of a secret (RFC 7523)
 *
 * Either it signed for itself (iss = sub = its client id) with a certificate that is registered for
 * it, or an issuer that it trusts signed for a subject that is registered (federation). Only the
 * emulator's own issuers (issuers.h) can be trusted, as no other's keys are known here.
 */
#ifndef WAYBILL_EMULATOR_ASSERTION_H
#define WAYBILL_EMULATOR_ASSERTION_H

#include "providers/emulator/sign_in.h"

#define ASSERTION_SKEW_S 300 /* by which clocks may differ */
#define ASSERTIONS_USED_MAX 10000
#define ASSERTION_AUDIENCE "api://AzureADTokenExchange" /* of federation */

struct assertion {
	const char *text, *type; /* as they were sent; the type may be NULL */
	const char *name;        /* of the tenant, as in the path */
	const char *tenant;      /* its id */
	const json_t *application;
};

/* False with what is wrong, its text in the request's arena. */
bool assertion_check(struct emulator *, const struct request *, const struct assertion *,
	struct sign_in_error *);

#endif
