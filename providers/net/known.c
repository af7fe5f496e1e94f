/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/known.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "providers/net/redact.h"
#include "providers/net/url.h"

static void drop(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static void keep(struct known *known, const char *secret)
{
	size_t at = 0;
	while (at < KNOWN_MOST - 1 && known->secrets[at] && strcmp(known->secrets[at], secret) != 0)
		at++;
	char *kept = known->secrets[at];
	if (!kept || strcmp(kept, secret) != 0) {
		drop(kept);
		kept = mem_strdup(secret);
	}
	memmove(known->secrets + 1, known->secrets, at * sizeof *known->secrets);
	known->secrets[0] = kept;
}

void known_keep(struct known *known, const char *secret)
{
	struct buf encoded;
	buf_init(&encoded, BUF_OWN_TEXT);
	url_encode(&encoded, secret, "");
	if (strcmp(encoded.data, secret) != 0)
		keep(known, encoded.data);
	explicit_bzero(encoded.data, encoded.len);
	buf_release(&encoded);
	keep(known, secret);
}

void known_release(struct known *known)
{
	for (size_t i = 0; i < KNOWN_MOST; i++) {
		drop(known->secrets[i]);
		known->secrets[i] = NULL;
	}
}

void known_cut(const struct known *known, char *text)
{
	for (size_t i = 0; i < KNOWN_MOST; i++)
		redact_known(text, known->secrets[i]);
}

char *known_scrubbed(const struct known *known, struct arena *arena, const char *text)
{
	struct buf told;
	buf_init(&told, BUF_OWN_TEXT);
	redact_text(&told, text);
	known_cut(known, told.data);
	char *copy = arena_strdup(arena, told.data);
	buf_release(&told);
	return copy;
}
