/* SPDX-License-Identifier: Apache-2.0 */
/* known.h - the secrets that we know ourselves, to be cut out of what is told
 *
 * The KNOWN_MOST last kept are known, each also as a URL and as JSON have it. Copies are ours, and
 * cleared.
 */
#ifndef WAYBILL_PROVIDERS_NET_KNOWN_H
#define WAYBILL_PROVIDERS_NET_KNOWN_H

#include "engine/base/arena.h"
#include "engine/base/buf.h"

#define KNOWN_MOST 64

/* All NULL at first. */
struct known {
	char *secrets[KNOWN_MOST]; /* the one kept last first */
};

void known_keep(struct known *, const char *secret);
void known_release(struct known *);
/* Overwrites them in the text. */
void known_cut(const struct known *, char *text);
/* The same of bytes that may hold NULs, and end with one more at text[len]. */
void known_cut_bytes(const struct known *, char *text, size_t len);
/* `text` by the rules of redact.h, and without them. In the arena. */
char *known_scrubbed(const struct known *, struct arena *, const char *text);
/* Appends what redact_body() leaves of a body, without them, and of that at most `most` bytes. */
void known_body(const struct known *, struct buf *out, const char *bytes, size_t len, size_t most);

#endif
