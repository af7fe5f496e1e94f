/* SPDX-License-Identifier: Apache-2.0 */
/* environment.h - /_emulator/environment and /_emulator/revoke
 *
 * The first tells the variables that each kind of host would set for its jobs, so that a client
 * started with them finds the emulator; the second revokes what has been issued, so that ARM
 * challenges it.
 */
#ifndef WAYBILL_EMULATOR_ENVIRONMENT_H
#define WAYBILL_EMULATOR_ENVIRONMENT_H

#include <jansson.h>

#include "providers/emulator/message.h"

struct emulator;

/* {github, pipelines, kubernetes, appService, imds}, each an object of variables. New. */
json_t *environment_tell(const struct emulator *);
/* Every token issued until now needs to be asked for anew, with the claims that the challenge
 * carries. Returns the time that they must name. */
int64_t environment_revoke(struct emulator *, const struct request *);

#endif
