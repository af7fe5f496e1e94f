/* SPDX-License-Identifier: Apache-2.0 */
/* secrets.h - values that are never shown and never stored
 *
 * A secret is known by its text: whatever holds it is shown as `(sensitive)` and stored as a seal,
 * an HMAC-SHA-256 under the random key of the state, which tells equal from changed and nothing
 * else. Reading a state again, a seal is opened when what Azure has, or a variable, fits it.
 * NULL for a struct secrets is allowed: no secret is known, and only seals are masked.
 */
#ifndef WAYBILL_BASE_SECRETS_H
#define WAYBILL_BASE_SECRETS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"

#define SECRET_SHOWN "(sensitive)"
/* A shorter secret is recognised only where it is the whole value. */
#define SECRET_LEAST ((size_t)4)

struct secrets {
	struct arena *arena;
	json_t *texts;   /* text: whether it counts inside other text too */
	json_t *seals;   /* seal: text, of those that were opened */
	const char *key; /* of the state; NULL: there is none yet */
};

struct secrets *secrets_new(struct arena *);
/* `within`: it is looked for inside other text too. An empty text is no secret. */
void secrets_add(struct secrets *, const char *text, bool within);
/* Every text in the value. */
void secrets_add_all(struct secrets *, const json_t *);
/* What stood where a secret comes to stand is one too, and the reverse. */
void secrets_add_pair(struct secrets *, const json_t *before, const json_t *after);
/* Whether the text is, or holds, a secret or is a seal. */
bool secrets_hold(const struct secrets *, const char *text);

/* The value as it may be shown, and as it may be stored; new. */
json_t *secrets_mask(const struct secrets *, const json_t *);
json_t *secrets_seal(const struct secrets *, const json_t *);
/* A whole value as one seal; without a key as `(sensitive)`. In the arena. */
const char *secrets_seal_whole(const struct secrets *, const json_t *);
/* A stored value with the seals replaced that fit a text in `actual` or a known secret; new. What
 * is found this way is a secret from now on. */
json_t *secrets_open(struct secrets *, const json_t *stored, const json_t *actual);
bool secrets_is_seal(const char *text);
bool secrets_sealed(const json_t *); /* whether a seal stands anywhere in the value */

/* Text of ours that may quote a secret, in the arena. */
const char *secrets_mask_text(const struct secrets *, struct arena *, const char *text);
/* The diagnostics from `first` on. */
void secrets_mask_diags(const struct secrets *, struct diags *, size_t first);

/* A new key: 64 hex digits and NUL. */
void secrets_new_key(char out[65]);

#endif
