/* SPDX-License-Identifier: Apache-2.0 */
/* trace.h - exchanges with ARM in a file, one a line
 *
 * {"method", "url", "request", "status", "headers", "response"}: bodies as JSON, absent when there
 * is none. What signs in, what is for tests alone and what faults have made is left out, and so are
 * a request's headers: no token comes into the file, but whatever clients send in bodies does.
 */
#ifndef WAYBILL_EMULATOR_TRACE_H
#define WAYBILL_EMULATOR_TRACE_H

#include <stdio.h>

#include "engine/base/diag.h"
#include "providers/emulator/message.h"

#define TRACE_BODY_BYTES ((size_t)128 << 10) /* an exchange with more is left out */

/* NULL with an error. Ended by fclose(). */
FILE *trace_open(const char *path, struct diags *);
/* `response` has its body still. */
void trace_add(FILE *, const struct request *, const struct response *);

#endif
