/* SPDX-License-Identifier: Apache-2.0 */
/* tls.h - the certificate that the emulator shows
 *
 * Either from files, or made at the start together with a throw-away authority that signs it and
 * whose key is forgotten at once, so that trusting it opens nothing once the emulator has ended.
 * All texts are PEM in the arena; the server's key is never written anywhere.
 */
#ifndef WAYBILL_EMULATOR_TLS_H
#define WAYBILL_EMULATOR_TLS_H

#include <stdbool.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"

#define TLS_FILE_BYTES ((size_t)1 << 20)
#define TLS_DAYS 30 /* how long what is made is valid */

struct tls {
	const char *certificate; /* the server's own first, then what it was signed by */
	const char *key;
	const char *ca; /* whom to trust; NULL: the files say nothing of it */
};

/* False with an error: unreadable, no PEM, or a key that is not the certificate's. */
bool tls_read(struct tls *, struct arena *, const char *certificate_file, const char *key_file,
	struct diags *);
/* For 127.0.0.1, ::1, localhost, the numeric address that is listened on and the host of the URL
 * that it is reached by (NULL: none other). */
bool tls_make(
	struct tls *, struct arena *, const char *address, const char *public_url, struct diags *);

#endif
