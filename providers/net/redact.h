/* SPDX-License-Identifier: Apache-2.0 */
/* redact.h - what may be told of requests and answers
 *
 * By rule first (names of headers, JSON members and query parameters, and the forms in which tokens
 * stand in text), then by value: secrets that we know ourselves are cut out of whatever is told,
 * wherever a server echoes them. A rule that hides too much costs a word in a log; one that hides
 * too little costs a secret.
 */
#ifndef WAYBILL_PROVIDERS_NET_REDACT_H
#define WAYBILL_PROVIDERS_NET_REDACT_H

#include <stddef.h>

#include "engine/base/buf.h"

/* Appends `text` without
 * - the values of a query, but of parameters known to be harmless: a signed URL's t, c, s and h are
 *   not; whole URLs and relative ones alike,
 * - what follows `Bearer`, `Basic`, `SharedKey` and the like,
 * - JSON Web Tokens,
 * - who somebody is in a URL (`://USER:PASSWORD@`), and private keys in PEM,
 * - what a name such as `client_secret` or `sig` is said to be, by `=` (or `%3D`) or as a JSON
 *   member. */
void redact_text(struct buf *out, const char *text);

/* Appends "name: value", or "name: ***". */
void redact_header(struct buf *out, const char *name, const char *value);

/* Appends a JSON body without the values of sensitive members; of any other body, its size. */
void redact_body(struct buf *out, const char *bytes, size_t len);

/* Overwrites every occurrence of `secret` in `text` with asterisks. Shorter than 8 characters is
 * no secret. */
void redact_known(char *text, const char *secret);

#endif
