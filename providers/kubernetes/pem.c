/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/kubernetes/pem.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

/* Without one, libcrypto would ask the terminal. */
static int no_password(char *room, int bytes, int writes, void *context)
{
	(void)room, (void)bytes, (void)writes, (void)context;
	return -1;
}

bool pem_holds(const char *text, enum pem_kind kind)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	bool holds = false;
	if (bio && kind == PEM_CERTIFICATE) {
		X509 *certificate = PEM_read_bio_X509(bio, NULL, no_password, NULL);
		holds = certificate != NULL;
		X509_free(certificate);
	} else if (bio) {
		EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
		holds = key != NULL;
		EVP_PKEY_free(key);
	}
	BIO_free(bio);
	ERR_clear_error();
	return holds;
}

char *pem_from_base64(const char *base64, size_t len)
{
	if (len > INT_MAX / 2)
		return NULL;
	EVP_ENCODE_CTX *context = EVP_ENCODE_CTX_new();
	char *text = mem_alloc(len + 4);
	int got = 0, last = 0;
	if (!context)
		abort();
	EVP_DecodeInit(context);
	bool good = EVP_DecodeUpdate(context, (unsigned char *)text, &got,
			    (const unsigned char *)base64, (int)len) >= 0 &&
		EVP_DecodeFinal(context, (unsigned char *)text + got, &last) == 1;
	EVP_ENCODE_CTX_free(context);
	size_t total = (size_t)got + (size_t)last;
	text[good ? total : 0] = '\0';
	if (good && total > 0 && strlen(text) == total)
		return text;
	explicit_bzero(text, len + 4);
	free(text);
	return NULL;
}

char *pem_to_base64(struct arena *a, const char *text)
{
	size_t len = strlen(text);
	char *base64 = arena_alloc(a, len / 3 * 4 + 5);
	if (len < INT_MAX / 2)
		(void)EVP_EncodeBlock(
			(unsigned char *)base64, (const unsigned char *)text, (int)len);
	return base64;
}
