/* SPDX-License-Identifier: Apache-2.0 */
/* pem.h - certificates and keys as text, looked at and turned by libcrypto */
#ifndef WAYBILL_PROVIDERS_KUBERNETES_PEM_H
#define WAYBILL_PROVIDERS_KUBERNETES_PEM_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"

enum pem_kind {
	PEM_CERTIFICATE,
	PEM_KEY, /* without a password */
};

/* Whether the text begins with something of that kind that can be read. */
bool pem_holds(const char *text, enum pem_kind);

/* The text that is meant, NUL-terminated, free() it; NULL for what is not base64 of a text. */
char *pem_from_base64(const char *base64, size_t len);
/* In the arena. */
char *pem_to_base64(struct arena *, const char *text);

#endif
