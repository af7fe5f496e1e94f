/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

static const char *text_of(struct arena *a, BIO *bio)
{
	char *bytes = NULL;
	long len = BIO_get_mem_data(bio, &bytes);
	const char *text = arena_strndup(a, bytes, (size_t)len);
	BIO_free(bio);
	return text;
}

static void make(
	struct arena *a, EVP_PKEY *pair, long seconds, const char **certificate, const char **key)
{
	X509 *x509 = X509_new();
	BIO *of_certificate = BIO_new(BIO_s_mem()), *of_key = BIO_new(BIO_s_mem());
	if (!pair || !x509 || !of_certificate || !of_key || !X509_set_pubkey(x509, pair) ||
		!X509_gmtime_adj(X509_getm_notBefore(x509), -86400) ||
		!X509_gmtime_adj(X509_getm_notAfter(x509), seconds) ||
		!X509_sign(x509, pair, EVP_sha256()) || !PEM_write_bio_X509(of_certificate, x509) ||
		!PEM_write_bio_PrivateKey(of_key, pair, NULL, NULL, 0, NULL, NULL))
		abort();
	*certificate = text_of(a, of_certificate);
	*key = text_of(a, of_key);
	X509_free(x509);
	EVP_PKEY_free(pair);
}

void certificate_make(struct arena *a, const char **certificate, const char **key)
{
	make(a, EVP_EC_gen("P-256"), 3600, certificate, key);
}

void certificate_make_rsa(
	struct arena *a, unsigned bits, long seconds, const char **certificate, const char **key)
{
	make(a, EVP_RSA_gen(bits), seconds, certificate, key);
}
