/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/tls.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/ip.h"
#include "engine/base/text.h"

#define DAY_S 86400L
#define SERIAL_BYTES 16

static const char *read_pem(struct arena *arena, const char *path, struct diags *diags)
{
	size_t len = 0;
	char *text = text_read_file(path, TLS_FILE_BYTES, &len);
	const char *kept;

	if (text == NULL) {
		diag_error(diags, PLACE_NONE, "bad-tls", "cannot read `%s`: %s", path,
			strerror(errno));
		return NULL;
	}
	kept = arena_strdup(arena, text);
	explicit_bzero(text, len);
	free(text);
	return kept;
}

/* A key under a password has nobody here to ask. */
static int no_password(char *buffer, int size, int writing, void *user)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)user;
	return -1;
}

static bool belong_together(const struct tls *tls)
{
	BIO *of_certificate = BIO_new_mem_buf(tls->certificate, -1);
	BIO *of_key = BIO_new_mem_buf(tls->key, -1);
	X509 *certificate = PEM_read_bio_X509(of_certificate, NULL, no_password, NULL);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(of_key, NULL, no_password, NULL);
	bool good = certificate != NULL && key != NULL && X509_check_private_key(certificate, key);

	X509_free(certificate);
	EVP_PKEY_free(key);
	BIO_free(of_certificate);
	BIO_free(of_key);
	return good;
}

bool tls_read(struct tls *tls, struct arena *arena, const char *certificate_file,
	const char *key_file, struct diags *diags)
{
	*tls = (struct tls){ 0 };
	tls->certificate = read_pem(arena, certificate_file, diags);
	tls->key = read_pem(arena, key_file, diags);
	if (tls->certificate == NULL || tls->key == NULL)
		return false;
	return belong_together(tls) ||
		diag_error(diags, PLACE_NONE, "bad-tls",
			"`%s` and `%s` are not a PEM certificate and its key without a password",
			certificate_file, key_file);
}

/* A certificate in the making, and who signs it. */
struct making {
	X509 *certificate;
	EVP_PKEY *key;
	X509 *issuer; /* its own for the authority */
	EVP_PKEY *issuer_key;
};

static bool add_extension(struct making *making, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX context;
	bool added;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, making->issuer, making->certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	added = extension != NULL && X509_add_ext(making->certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return added;
}

static bool set_serial(X509 *certificate)
{
	unsigned char bytes[SERIAL_BYTES];
	BIGNUM *number;
	bool set;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40);
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	set = number != NULL &&
		BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
	BN_free(number);
	return set;
}

static bool fill(struct making *making, const char *name)
{
	X509 *certificate = making->certificate;
	X509_NAME *subject = X509_get_subject_name(certificate);

	/* A day back: the clocks of containers differ. */
	return X509_set_version(certificate, X509_VERSION_3) && set_serial(certificate) &&
		X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_S) != NULL &&
		X509_gmtime_adj(X509_getm_notAfter(certificate), TLS_DAYS * DAY_S) != NULL &&
		X509_NAME_add_entry_by_txt(
			subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0) &&
		X509_set_issuer_name(certificate, X509_get_subject_name(making->issuer)) &&
		X509_set_pubkey(certificate, making->key) &&
		add_extension(making, NID_subject_key_identifier, "hash");
}

static bool make_authority(struct making *making)
{
	return fill(making, "Waybill emulator, throw-away authority") &&
		add_extension(making, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
		add_extension(making, NID_key_usage, "critical,keyCertSign,cRLSign") &&
		X509_sign(making->certificate, making->issuer_key, EVP_sha256()) > 0;
}

static bool make_server(struct making *making, const char *names)
{
	return fill(making, "waybill-emulator") &&
		add_extension(making, NID_authority_key_identifier, "keyid:always") &&
		add_extension(making, NID_basic_constraints, "critical,CA:FALSE") &&
		add_extension(making, NID_key_usage, "critical,digitalSignature") &&
		add_extension(making, NID_ext_key_usage, "serverAuth") &&
		add_extension(making, NID_subject_alt_name, names) &&
		X509_sign(making->certificate, making->issuer_key, EVP_sha256()) > 0;
}

/* NULL when it could not be written. */
static const char *take_text(struct arena *arena, BIO *bio, bool written)
{
	char *bytes = NULL;
	long len = written ? BIO_get_mem_data(bio, &bytes) : 0;
	const char *text = len > 0 ? arena_strndup(arena, bytes, (size_t)len) : NULL;

	BIO_free(bio);
	return text;
}

static const char *certificate_text(struct arena *arena, X509 *certificate)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return take_text(arena, bio, bio != NULL && PEM_write_bio_X509(bio, certificate));
}

static const char *key_text(struct arena *arena, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_secmem());

	return take_text(arena, bio,
		bio != NULL && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
}

/* One more name, unless it is among the usual ones. */
static const char *with_name(struct arena *arena, const char *names, const char *name)
{
	struct ip ip;
	bool usual = strcmp(name, "127.0.0.1") == 0 || strcmp(name, "::1") == 0 ||
		text_same_nocase(name, "localhost");

	if (usual)
		return names;
	return arena_printf(arena, "%s,%s:%s", names, ip_parse(&ip, name) ? "IP" : "DNS", name);
}

static const char *names_of(struct arena *arena, const char *address, const char *host)
{
	static const char usual[] = "IP:127.0.0.1,IP:0:0:0:0:0:0:0:1,DNS:localhost";
	const char *names = with_name(arena, usual, address);

	return host != NULL && strcmp(host, address) != 0 ? with_name(arena, names, host) : names;
}

/* Of a URL; NULL when it has letters that no host has. */
static const char *host_of(struct arena *arena, const char *url)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-_";
	const char *host = strstr(url, "://") + strlen("://");
	struct ip ip;

	if (*host == '[') {
		host = arena_strndup(arena, host + 1, strcspn(host + 1, "]"));
		return ip_parse(&ip, host) ? host : NULL;
	}
	host = arena_strndup(arena, host, strcspn(host, ":/"));
	return host[strspn(host, letters)] == '\0' ? host : NULL;
}

bool tls_make(struct tls *tls, struct arena *arena, const char *address, const char *public_url,
	struct diags *diags)
{
	const char *host = public_url != NULL ? host_of(arena, public_url) : NULL;
	EVP_PKEY *authority_key = EVP_EC_gen("P-256"), *server_key = EVP_EC_gen("P-256");
	X509 *authority = X509_new(), *server = X509_new();
	struct making ca = { authority, authority_key, authority, authority_key };
	struct making own = { server, server_key, authority, authority_key };
	bool made = authority_key != NULL && server_key != NULL && authority != NULL &&
		server != NULL && (host != NULL || public_url == NULL) && make_authority(&ca) &&
		make_server(&own, names_of(arena, address, host));

	*tls = (struct tls){ 0 };
	if (made) {
		tls->certificate = certificate_text(arena, server);
		tls->key = key_text(arena, server_key);
		tls->ca = certificate_text(arena, authority);
	}
	made = tls->certificate != NULL && tls->key != NULL && tls->ca != NULL;
	X509_free(authority);
	X509_free(server);
	EVP_PKEY_free(authority_key);
	EVP_PKEY_free(server_key);
	return made ||
		diag_error(diags, PLACE_NONE, "bad-tls", "cannot make a certificate for `%s`",
			public_url != NULL ? public_url : address);
}
