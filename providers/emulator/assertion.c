/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/assertion.h"

#include <ctype.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/directory.h"
#include "providers/emulator/emulator.h"
#include "providers/emulator/issuers.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/* One assertion under examination. */
struct checking {
	struct emulator *emulator;
	struct arena *arena;
	const struct assertion *assertion;
	struct jwt jwt;
	int64_t now_s;
	struct sign_in_error *error;
};

static bool wrong(struct checking *checking, int number, const char *text)
{
	*checking->error = (struct sign_in_error){ "invalid_client", number, 401, text };
	return false;
}

static const char *claim(const struct checking *checking, const char *pointer)
{
	const char *text = json_text_at(checking->jwt.claims, pointer);

	return text != NULL ? text : "";
}

/* The claim, or the first of an array. */
static const char *audience(const struct checking *checking)
{
	bool many = json_is_array(json_object_get(checking->jwt.claims, "aud"));

	return claim(checking, many ? "/aud/0" : "/aud");
}

/* Text of the claim, or any of an array. */
static bool audience_is(const struct checking *checking, const char *wanted)
{
	const json_t *own = json_object_get(checking->jwt.claims, "aud");
	json_t *item;
	size_t i;

	if (json_is_string(own))
		return strcmp(json_string_value(own), wanted) == 0;
	json_array_foreach (own, i, item) {
		if (json_is_string(item) && strcmp(json_string_value(item), wanted) == 0)
			return true;
	}
	return false;
}

/* A NumericDate may have a fraction, as MSAL for Python sends it. What is no number is 0, what is
 * beyond all bounds the bound. */
static int64_t seconds(const json_t *value)
{
	const double most = 1e15;
	double number = json_number_value(value);

	return (int64_t)(number > most ? most : number < -most ? -most : number);
}

static bool check_times(struct checking *checking)
{
	const json_t *end = json_object_get(checking->jwt.claims, "exp");
	int64_t exp = seconds(end);
	int64_t nbf = seconds(json_object_get(checking->jwt.claims, "nbf"));

	if (!json_is_number(end))
		return wrong(checking, 50027, "JWT token is invalid or malformed.");
	if (exp > checking->now_s - ASSERTION_SKEW_S && nbf < checking->now_s + ASSERTION_SKEW_S)
		return true;
	return wrong(checking, 700024,
		arena_printf(checking->arena,
			"Client assertion is not within its valid time range. Current time: %s, "
			"assertion valid from %s, expiry time of assertion %s. Review the "
			"documentation at "
			"https://learn.microsoft.com/entra/identity-platform/"
			"certificate-credentials .",
			identity_time(checking->arena, checking->now_s),
			identity_time(checking->arena, nbf), identity_time(checking->arena, exp)));
}

/* Any address of the tenant that clients are known to put there. */
static bool check_own_audience(struct checking *checking)
{
	static const char *const ends[] = { "oauth2/v2.0/token", "oauth2/token", "v2.0", "" };
	const char *path = sign_in_own_path(checking->emulator, claim(checking, "/aud"));
	const char *const names[] = { checking->assertion->name, checking->assertion->tenant };

	for (size_t i = 0; path != NULL && i < ARRAY_LEN(names); i++) {
		for (size_t k = 0; k < ARRAY_LEN(ends); k++) {
			const char *good =
				arena_printf(checking->arena, "/%s/%s", names[i], ends[k]);

			if (text_same_nocase(path, good))
				return true;
		}
	}
	return wrong(checking, 700023,
		"Client assertion audience claim does not match Realm issuer. Review the "
		"documentation at "
		"https://learn.microsoft.com/entra/identity-platform/certificate-credentials .");
}

static X509 *read_certificate(const char *pem)
{
	BIO *bio = pem != NULL ? BIO_new_mem_buf(pem, -1) : NULL;
	X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return certificate;
}

/* The alphabet of MSAL for Go is the standard one. */
static bool same_digest(struct checking *checking, const char *header, const unsigned char *digest,
	size_t digest_len)
{
	const char *text = json_string_value(json_object_get(checking->jwt.header, header));
	size_t len = 0;
	unsigned char *bytes;
	char *url;

	if (text == NULL)
		return false;
	url = arena_strdup(checking->arena, text);
	for (char *c = url; *c != '\0'; c++)
		*c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c);
	bytes = base64url_decode(checking->arena, url, strlen(url), &len);
	return bytes != NULL && len == digest_len && memcmp(bytes, digest, len) == 0;
}

static bool names_certificate(struct checking *checking, const X509 *certificate)
{
	unsigned char sha1[EVP_MAX_MD_SIZE], sha256[EVP_MAX_MD_SIZE];
	const char *kid = json_text_at(checking->jwt.header, "/kid");
	unsigned n1 = 0, n256 = 0;
	char hex[2 * EVP_MAX_MD_SIZE + 1] = "";

	if (X509_digest(certificate, EVP_sha1(), sha1, &n1) != 1 ||
		X509_digest(certificate, EVP_sha256(), sha256, &n256) != 1)
		return false;
	for (unsigned i = 0; i < n1; i++)
		(void)snprintf(hex + (size_t)2 * i, 3, "%02X", sha1[i]);
	return same_digest(checking, "x5t#S256", sha256, n256) ||
		same_digest(checking, "x5t", sha1, n1) || same_digest(checking, "kid", sha1, n1) ||
		(kid != NULL && text_same_nocase(kid, hex));
}

static bool wrong_key(struct checking *checking, const char *what, const char *reason)
{
	static const char *const names[] = { "x5t#S256", "x5t", "kid" };
	const char *used = NULL;

	for (size_t i = 0; used == NULL && i < ARRAY_LEN(names); i++)
		used = json_string_value(json_object_get(checking->jwt.header, names[i]));
	return wrong(checking, 700027,
		arena_printf(checking->arena,
			"%s [Reason - %s, Thumbprint of key used by client: '%s', Please visit "
			"the Azure Portal, Graph Explorer or directly use MS Graph to see "
			"configured keys for app Id '%s'.]",
			what, reason, used != NULL ? used : "",
			json_text_at(checking->assertion->application, "/clientId")));
}

static bool check_certificate(struct checking *checking, X509 *certificate)
{
	static const char what[] = "Client assertion failed signature validation.";
	time_t now = (time_t)checking->now_s;
	EVP_PKEY *key = X509_get0_pubkey(certificate);

	if (X509_cmp_time(X509_get0_notAfter(certificate), &now) < 0)
		return wrong_key(checking, what, "The key used is expired.");
	if (key == NULL || !jwt_verify(&checking->jwt, key))
		return wrong_key(checking, what,
			"The provided signature value did not match the expected signature "
			"value.");
	return true;
}

static bool check_certificates(struct checking *checking)
{
	const json_t *header = checking->jwt.header;
	json_t *item;
	size_t i;

	if (json_object_get(header, "x5t#S256") == NULL && json_object_get(header, "x5t") == NULL &&
		json_object_get(header, "kid") == NULL)
		return wrong(checking, 50027,
			"Invalid JWT token. No certificate thumbprint specified in token header.");
	json_array_foreach (
		json_object_get(checking->assertion->application, "certificates"), i, item) {
		X509 *certificate = read_certificate(json_string_value(item));
		bool named = certificate != NULL && names_certificate(checking, certificate);
		bool good = named && check_certificate(checking, certificate);

		X509_free(certificate);
		if (named)
			return good;
	}
	return wrong_key(checking,
		"The certificate with identifier used to sign the client assertion is not "
		"registered on application.",
		"The key was not found.");
}

/* Entra takes an assertion again, and MSAL counts on it; whoever wants to see that a client makes
 * new ones says singleUse. The code is unconfirmed. */
static bool check_unused(struct checking *checking)
{
	json_t *used = checking->emulator->identity.used;
	const char *id = arena_printf(checking->arena, "%s %s",
		json_text_at(checking->assertion->application, "/clientId"),
		claim(checking, "/jti"));

	if (!json_is_true(json_object_get(checking->assertion->application, "singleUse")))
		return true;
	if (claim(checking, "/jti")[0] == '\0')
		return wrong(checking, 50027, "Invalid JWT token. The claim 'jti' is missing.");
	if (json_object_get(used, id) != NULL)
		return wrong(checking, 50027, "Invalid JWT token. It has been used before.");
	if (json_object_size(used) >= ASSERTIONS_USED_MAX)
		json_object_clear(used);
	json_object_set_new(used, id, json_true());
	return true;
}

static bool check_self_signed(struct checking *checking)
{
	const char *client_id = json_text_at(checking->assertion->application, "/clientId");

	if (!text_same_nocase(claim(checking, "/sub"), client_id))
		return wrong(checking, 700021,
			"Client assertion application identifier doesn't match 'client_id' "
			"parameter.");
	return check_own_audience(checking) && check_times(checking) &&
		check_certificates(checking) && check_unused(checking);
}

static bool no_record(struct checking *checking, int number, const char *what, const char *value)
{
	return wrong(checking, number,
		arena_printf(checking->arena,
			"No matching federated identity record found for presented assertion %s "
			"'%s'. Check your federated identity credential Subject, Audience and "
			"Issuer against the presented assertion. "
			"https://learn.microsoft.com/entra/workload-id/"
			"workload-identity-federation",
			what, value));
}

static bool takes_audience(const struct checking *checking, const json_t *credential)
{
	const json_t *audiences = json_object_get(credential, "audiences");
	json_t *item;
	size_t i;

	if (audiences == NULL)
		return audience_is(checking, ASSERTION_AUDIENCE);
	json_array_foreach (audiences, i, item) {
		if (json_is_string(item) && audience_is(checking, json_string_value(item)))
			return true;
	}
	return false;
}

/* Issuer first, then subject, then audience: what is told is what differs last. */
static bool check_credentials(struct checking *checking)
{
	const json_t *list =
		json_object_get(checking->assertion->application, "federatedCredentials");
	const char *issuer = claim(checking, "/iss"), *subject = claim(checking, "/sub");
	bool by_issuer = false, by_subject = false;
	json_t *item;
	size_t i;

	if (directory_is_open(&checking->emulator->cloud))
		return audience_is(checking, ASSERTION_AUDIENCE) ||
			no_record(checking, 700212, "audience", audience(checking));
	if (json_array_size(list) == 0)
		return wrong(checking, 70025,
			arena_printf(checking->arena,
				"The client '%s' has no configured federated identity credentials.",
				json_text_at(checking->assertion->application, "/clientId")));
	json_array_foreach (list, i, item) {
		const char *of = json_text_at(item, "/issuer"),
			   *whom = json_text_at(item, "/subject");

		if (of == NULL || strcmp(of, issuer) != 0)
			continue;
		by_issuer = true;
		if (whom == NULL || strcmp(whom, subject) != 0)
			continue;
		by_subject = true;
		if (takes_audience(checking, item))
			return true;
	}
	if (!by_issuer)
		return no_record(checking, 700211, "issuer", issuer);
	return by_subject ? no_record(checking, 700212, "audience", audience(checking))
			  : no_record(checking, 700213, "subject", subject);
}

static bool check_federated(struct checking *checking)
{
	enum issuer issuer = issuer_by_url(claim(checking, "/iss"));
	const char *kid = json_text_at(checking->jwt.header, "/kid");

	if (!check_credentials(checking))
		return false;
	if (issuer == ISSUER_COUNT)
		return wrong(checking, 501661, "Request to External OIDC endpoint failed.");
	if (!signer_verify(&checking->emulator->identity.signers[issuer], &checking->jwt))
		return wrong(checking, 7000272,
			arena_printf(checking->arena,
				"The certificate with identifier %s used to sign the federated "
				"credential could not be found in the metadata of identity "
				"provider %s. Please validate that your Identity Provider's "
				"metadata exposes the key used to sign the incoming token.",
				kid != NULL ? kid : "", claim(checking, "/iss")));
	return check_times(checking);
}

bool assertion_check(struct emulator *emulator, const struct request *request,
	const struct assertion *assertion, struct sign_in_error *error)
{
	struct checking checking = { emulator, request->arena, assertion, { 0 },
		identity_now_s(&emulator->identity, request), error };

	if (assertion->type == NULL || strcmp(assertion->type, ASSERTION_TYPE) != 0) {
		*error = (struct sign_in_error){ "invalid_request", 900144, 400,
			"The request body must contain the following parameter: "
			"'client_assertion_type' with value '" ASSERTION_TYPE "'." };
		return false;
	}
	if (!jwt_parse(request->arena, assertion->text, &checking.jwt))
		return wrong(&checking, 50027, "JWT token is invalid or malformed.");
	if (text_same_nocase(
		    claim(&checking, "/iss"), json_text_at(assertion->application, "/clientId")))
		return check_self_signed(&checking);
	return check_federated(&checking);
}
