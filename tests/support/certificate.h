/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.h - a certificate that signs itself, and its key, made anew for a test */
#ifndef WAYBILL_TESTS_SUPPORT_CERTIFICATE_H
#define WAYBILL_TESTS_SUPPORT_CERTIFICATE_H

#include "engine/base/arena.h"

/* PEM texts in the arena. Failing ends the test program. On the curve P-256, for an hour. */
void certificate_make(struct arena *, const char **certificate, const char **key);
/* The same with RSA of so many bits, until `seconds` from now. */
void certificate_make_rsa(
	struct arena *, unsigned bits, long seconds, const char **certificate, const char **key);

#endif
