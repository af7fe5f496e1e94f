/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem() */
#include "providers/net/certificate.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS_MOST 64      /* of a PEM file */
#define ITERATIONS_MOST 2e6 /* of what makes a key of a password; openssl makes 2048 by default */
#define BITS_LEAST 2048
#define BITS_MOST 16384

/* ---- what a password costs ---- */

static bool is_bounded(const ASN1_INTEGER *iterations)
{
	int64_t count = 0;
	return !iterations ||
		(ASN1_INTEGER_get_int64(&count, iterations) == 1 &&
			count <= (int64_t)ITERATIONS_MOST);
}

static bool derivation_is_bounded(const X509_ALGOR *algorithm)
{
	if (OBJ_obj2nid(algorithm->algorithm) != NID_id_pbkdf2)
		return OBJ_obj2nid(algorithm->algorithm) == NID_id_scrypt; /* which has its own */
	PBKDF2PARAM *parameters =
		ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), algorithm->parameter);
	bool bounded = parameters && is_bounded(parameters->iter);
	PBKDF2PARAM_free(parameters);
	return bounded;
}

static bool encryption_is_bounded(const X509_ALGOR *algorithm)
{
	if (OBJ_obj2nid(algorithm->algorithm) == NID_pbes2) {
		PBE2PARAM *parameters =
			ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
		bool bounded = parameters && derivation_is_bounded(parameters->keyfunc);
		PBE2PARAM_free(parameters);
		return bounded;
	}
	PBEPARAM *parameters =
		ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), algorithm->parameter);
	bool bounded = parameters && is_bounded(parameters->iter);
	PBEPARAM_free(parameters);
	return bounded;
}

/* ---- PEM ---- */

struct reading {
	const char *password; /* or NULL */
	EVP_PKEY *key;
	X509 *found[CERTIFICATE_ISSUERS + 1];
	size_t nfound;
	const char *problem;
};

static int tell_password(char *room, int bytes, int writes, void *password)
{
	(void)writes;
	size_t len = password ? strlen(password) : 0;
	/* Without one, libcrypto would ask the terminal. */
	if (!password || bytes < 0 || len > (size_t)bytes)
		return -1;
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result) libcrypto takes the length */
	memcpy(room, password, len);
	return (int)len;
}

static EVP_PKEY *key_under_password(struct reading *r, const unsigned char *bytes, long len)
{
	X509_SIG *sealed = d2i_X509_SIG(NULL, &bytes, len);
	const X509_ALGOR *algorithm = NULL;
	PKCS8_PRIV_KEY_INFO *plain = NULL;
	if (sealed)
		X509_SIG_get0(sealed, &algorithm, NULL);
	if (!r->password)
		r->problem = "its key is under a password, and none is given";
	else if (sealed && encryption_is_bounded(algorithm))
		plain = PKCS8_decrypt(sealed, r->password, (int)strlen(r->password));
	EVP_PKEY *key = plain ? EVP_PKCS82PKEY(plain) : NULL;
	if (!key && !r->problem)
		r->problem = "the password does not open its key";
	PKCS8_PRIV_KEY_INFO_free(plain);
	X509_SIG_free(sealed);
	return key;
}

static EVP_PKEY *key_of_block(
	struct reading *r, const char *name, char *header, unsigned char *bytes, long len)
{
	if (strcmp(name, PEM_STRING_PKCS8) == 0)
		return key_under_password(r, bytes, len);
	EVP_CIPHER_INFO cipher;
	bool opened = PEM_get_EVP_CIPHER_INFO(header, &cipher) == 1 &&
		PEM_do_header(&cipher, bytes, &len, tell_password, (void *)r->password) == 1;
	const unsigned char *at = bytes;
	EVP_PKEY *key = opened ? d2i_AutoPrivateKey(NULL, &at, len) : NULL;
	if (!key)
		r->problem =
			*header ? "the password does not open its key" : "its key cannot be read";
	return key;
}

static bool is_key(const char *name)
{
	size_t len = strlen(name), end = strlen("PRIVATE KEY");
	return len >= end && strcmp(name + len - end, "PRIVATE KEY") == 0;
}

static bool take_block(
	struct reading *r, const char *name, char *header, unsigned char *bytes, long len)
{
	if (is_key(name)) {
		if (r->key)
			r->problem = "it holds more than one key";
		else
			r->key = key_of_block(r, name, header, bytes, len);
		return r->key && !r->problem;
	}
	if (strcmp(name, PEM_STRING_X509) != 0)
		return true;
	const unsigned char *at = bytes;
	X509 *found = d2i_X509(NULL, &at, len);
	if (!found)
		r->problem = "a certificate in it cannot be read";
	else if (r->nfound == CERTIFICATE_ISSUERS + 1)
		r->problem = "it holds too many certificates";
	if (r->problem)
		X509_free(found);
	else
		r->found[r->nfound++] = found;
	return !r->problem;
}

static void read_pem(struct reading *r, BIO *bio)
{
	bool more = true;
	for (int blocks = 0; more; blocks++) {
		char *name = NULL, *header = NULL;
		unsigned char *bytes = NULL;
		long len = 0;
		if (PEM_read_bio(bio, &name, &header, &bytes, &len) != 1)
			return;
		if (blocks == BLOCKS_MOST)
			r->problem = "it holds too many parts";
		more = !r->problem && take_block(r, name, header, bytes, len);
		if (len > 0)
			explicit_bzero(bytes, (size_t)len);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(bytes);
	}
}

/* ---- PKCS#12 ---- */

/* Its contents are opened only after its seal has held, so that bounding the seal's work is
 * enough. */
static bool seal_holds(struct reading *r, PKCS12 *file)
{
	const X509_ALGOR *algorithm = NULL;
	const ASN1_INTEGER *iterations = NULL;
	if (!PKCS12_mac_present(file)) {
		r->problem = "it is PKCS#12 without a seal";
		return false;
	}
	PKCS12_get0_mac(NULL, &algorithm, NULL, &iterations, file);
	if (OBJ_obj2nid(algorithm->algorithm) == NID_pbmac1 || !is_bounded(iterations)) {
		r->problem = "its seal takes more work than we do";
		return false;
	}
	if (PKCS12_verify_mac(file, r->password, -1) == 1)
		return true;
	if (!r->password && PKCS12_verify_mac(file, "", 0) == 1)
		return true;
	r->problem = r->password ? "the password does not open it"
				 : "it is under a password, and none is given";
	return false;
}

static void read_pkcs12(struct reading *r, BIO *bio)
{
	PKCS12 *file = d2i_PKCS12_bio(bio, NULL);
	STACK_OF(X509) *others = NULL;
	X509 *own = NULL;
	if (!file)
		r->problem = "it is neither PEM nor PKCS#12";
	else if (seal_holds(r, file) &&
		PKCS12_parse(file, r->password ? r->password : "", &r->key, &own, &others) != 1)
		r->problem = "its PKCS#12 cannot be read";
	if (own)
		r->found[r->nfound++] = own;
	for (X509 *one = sk_X509_shift(others); one; one = sk_X509_shift(others)) {
		if (r->nfound == CERTIFICATE_ISSUERS + 1) {
			r->problem = "it holds too many certificates";
			X509_free(one);
		} else {
			r->found[r->nfound++] = one;
		}
	}
	sk_X509_free(others);
	PKCS12_free(file);
}

/* ---- both ---- */

static const char *check(const struct reading *r)
{
	if (r->problem)
		return r->problem;
	if (!r->key)
		return "it holds no private key";
	if (r->nfound == 0)
		return "it holds no certificate";
	if (EVP_PKEY_get_base_id(r->key) != EVP_PKEY_RSA)
		return "its key is not RSA";
	if (EVP_PKEY_get_bits(r->key) < BITS_LEAST || EVP_PKEY_get_bits(r->key) > BITS_MOST)
		return "its key is shorter than 2048 bits or longer than 16384";
	return NULL;
}

static void sort_out(struct reading *r, struct certificate *out)
{
	out->key = r->key;
	for (size_t i = 0; i < r->nfound; i++) {
		if (!out->own && X509_check_private_key(r->found[i], r->key) == 1)
			out->own = r->found[i];
		else if (out->nissuers < CERTIFICATE_ISSUERS)
			out->issuers[out->nissuers++] = r->found[i];
		else
			X509_free(r->found[i]);
	}
}

bool certificate_read(const char *bytes, size_t len, const char *password, struct certificate *out,
	const char **problem)
{
	struct reading r = { .password = password };
	*out = (struct certificate){ 0 };
	BIO *bio = len <= CERTIFICATE_FILE_BYTES ? BIO_new_mem_buf(bytes, (int)len) : NULL;
	if (!bio)
		r.problem = "it is too large";
	else if (memmem(bytes, len, "-----BEGIN ", strlen("-----BEGIN ")))
		read_pem(&r, bio);
	else
		read_pkcs12(&r, bio);
	BIO_free(bio);
	*problem = check(&r);
	sort_out(&r, out);
	if (!*problem && !out->own)
		*problem = "its key is not that of a certificate in it";
	ERR_clear_error();
	if (!*problem)
		return true;
	certificate_release(out);
	return false;
}

void certificate_release(struct certificate *certificate)
{
	EVP_PKEY_free(certificate->key);
	X509_free(certificate->own);
	for (size_t i = 0; i < certificate->nissuers; i++)
		X509_free(certificate->issuers[i]);
	*certificate = (struct certificate){ 0 };
}

size_t certificate_digest(const struct certificate *certificate, bool sha1,
	unsigned char out[static CERTIFICATE_DIGEST_BYTES])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	if (X509_digest(certificate->own, sha1 ? EVP_sha1() : EVP_sha256(), digest, &len) != 1 ||
		len > CERTIFICATE_DIGEST_BYTES)
		abort(); /* a libcrypto without them */
	memcpy(out, digest, len);
	return len;
}

static void add_certificate(json_t *chain, const X509 *certificate, struct arena *scratch)
{
	unsigned char *bytes = NULL;
	int len = i2d_X509(certificate, &bytes);
	if (len <= 0)
		return;
	char *text = arena_alloc(scratch, ((size_t)len + 2) / 3 * 4 + 1);
	(void)EVP_EncodeBlock((unsigned char *)text, bytes, len);
	(void)json_array_append_new(chain, json_string(text));
	OPENSSL_free(bytes);
}

json_t *certificate_chain(const struct certificate *certificate, struct arena *scratch)
{
	json_t *chain = json_array();
	add_certificate(chain, certificate->own, scratch);
	for (size_t i = 0; i < certificate->nissuers; i++)
		add_certificate(chain, certificate->issuers[i], scratch);
	return chain;
}

bool certificate_has_ended(const struct certificate *certificate)
{
	return X509_cmp_current_time(X509_get0_notAfter(certificate->own)) < 0;
}
