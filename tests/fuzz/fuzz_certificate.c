/* SPDX-License-Identifier: Apache-2.0 */
/* The input is the file of a client's certificate, after one line with its password (an empty line:
 * none); or, when that line is "jwt", a JSON Web Token. What can be read must be able to sign. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "providers/net/assertion.h"
#include "providers/net/credential.h"

#define PASSWORD_BYTES ((size_t)64)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void expect(bool good)
{
	if (!good)
		abort();
}

static void read_certificate(
	struct arena *arena, const char *password, const char *bytes, size_t len)
{
	struct certificate certificate;
	const char *problem = NULL;
	bool good =
		certificate_read(bytes, len, *password ? password : NULL, &certificate, &problem);
	expect(good == (problem == NULL) && good == (certificate.key != NULL));
	if (!good)
		return;
	(void)certificate_has_ended(&certificate);
	char *token = assertion_sign(&certificate,
		&(struct assertion_wish){ .client_id = "client",
			.audience = "https://login/token",
			.sends_chain = true,
			.is_old = len % 2,
			.now = 1000 });
	json_auto_t *chain = certificate_chain(&certificate, arena);
	expect(json_array_size(chain) == certificate.nissuers + 1);
	if (token && strlen(token) <= ASSERTION_BYTES) {
		json_auto_t *claims = assertion_claims(token);
		expect(claims != NULL);
	}
	credential_clear(token);
	certificate_release(&certificate);
}

static void read_token(const char *text)
{
	json_auto_t *claims = assertion_claims(text);
	expect(!claims || (json_is_object(claims) && assertion_has_shape(text)));
	size_t len = 0;
	char *bytes = base64_bytes(text, strlen(text), &len);
	expect(!bytes || bytes[len] == '\0');
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena *arena = arena_new();
	const char *end = memchr(data, '\n', len < PASSWORD_BYTES ? len : PASSWORD_BYTES);
	size_t first = end ? (size_t)(end - (const char *)data) : 0;
	const char *password = arena_strndup(arena, (const char *)data, first);
	size_t skip = end ? first + 1 : 0;
	if (strcmp(password, "jwt") == 0)
		read_token(arena_strndup(arena, (const char *)data + skip, len - skip));
	else
		read_certificate(arena, password, (const char *)data + skip, len - skip);
	arena_free(arena);
	return 0;
}
