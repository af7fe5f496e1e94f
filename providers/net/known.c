/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/known.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

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

/* As it stands between quotes; what is no text of JSON stands nowhere in any. */
static void keep_quoted(struct known *known, const char *secret)
{
	json_auto_t *string = json_string(secret);
	char *quoted = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
	size_t len = quoted ? strlen(quoted) : 0;
	if (len > 2) {
		quoted[len - 1] = '\0';
		if (strcmp(quoted + 1, secret) != 0)
			keep(known, quoted + 1);
		explicit_bzero(quoted, len);
	}
	free(quoted);
}

void known_keep(struct known *known, const char *secret)
{
	keep_quoted(known, secret);
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

void known_cut_bytes(const struct known *known, char *text, size_t len)
{
	for (char *at = text; at < text + len; at += strlen(at) + 1)
		known_cut(known, at);
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

/* Cut short last: of a secret across that place a part would stay, which nobody knows. */
void known_body(
	const struct known *known, struct buf *out, const char *bytes, size_t len, size_t most)
{
	struct buf told;
	buf_init(&told, BUF_OWN_TEXT);
	redact_body(&told, bytes, len);
	known_cut(known, told.data);
	/* Where a character begins. */
	size_t cut = told.len < most ? told.len : most;
	while (cut && cut < told.len && ((unsigned char)told.data[cut] & 0xc0) == 0x80)
		cut--;
	(void)buf_add(out, told.data, cut);
	buf_release(&told);
}
