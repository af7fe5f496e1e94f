/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.h - a certificate that signs itself, and its key, made anew for a test */
#ifndef WAYBILL_TESTS_SUPPORT_CERTIFICATE_H
#define WAYBILL_TESTS_SUPPORT_CERTIFICATE_H

#include "engine/base/arena.h"

/* PEM texts in the arena. Failing ends the test program. */
void certificate_make(struct arena *, const char **certificate, const char **key);

#endif
