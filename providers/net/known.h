/* SPDX-License-Identifier: Apache-2.0 */
/* known.h - the secrets that we know ourselves, to be cut out of what is told
 *
 * The KNOWN_MOST last kept are known, each also as a URL has it. Copies are ours, and cleared.
 */
#ifndef WAYBILL_PROVIDERS_NET_KNOWN_H
#define WAYBILL_PROVIDERS_NET_KNOWN_H

#include "engine/base/arena.h"

#define KNOWN_MOST 64

/* All NULL at first. */
struct known {
	char *secrets[KNOWN_MOST]; /* the one kept last first */
};

void known_keep(struct known *, const char *secret);
void known_release(struct known *);
/* Overwrites them in the text. */
void known_cut(const struct known *, char *text);
/* `text` by the rules of redact.h, and without them. In the arena. */
char *known_scrubbed(const struct known *, struct arena *, const char *text);

#endif
