/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/aadsts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "providers/net/assertion.h"

static const struct {
	long number;
	const char *help;
	bool tells_assertion;
} known[] = {
	{ 7000215, "the client secret is wrong: give its value, not its id", false },
	{ 7000222, "the client secret has expired: make a new one", false },
	{ 7000216, "the application wants another kind of proof: see its secrets and certificates",
		false },
	{ 7000112, "the application is disabled: enable its service principal", false },
	{ 700016, "no such client id in this tenant: check both", false },
	{ 7000229,
		"the application has no service principal in this tenant: have one made, `az ad sp "
		"create --id CLIENT_ID`, or check the tenant's id",
		false },
	{ 90002, "no such tenant: check its id, and --cloud", false },
	{ 900023, "no such tenant: check its id, and --cloud", false },
	{ 700027,
		"the application does not know this certificate: upload it to the application, "
		"or use the one that it has",
		false },
	{ 700024,
		"the assertion is not of this time: check this machine's clock, and that whoever "
		"writes the token renews it",
		false },
	{ 700023, "the assertion is not one for this tenant: check the tenant's id, and --cloud",
		false },
	{ 70025, "the application has no federated credential: add one for what the token says",
		true },
	{ 7000272, "its issuer's keys do not hold the token's signature: see where it comes from",
		true },
	{ 50027, "the assertion is not one for this tenant: check the tenant's id, and --cloud",
		false },
	{ 70021, "add a federated credential to the application for what the token says", true },
	{ 700211, "add a federated credential to the application for this issuer", true },
	{ 700212, "let the federated credential's audience be what the token says", true },
	{ 700213, "let the federated credential's subject be what the token says, letter by letter",
		true },
	{ 53003,
		"a Conditional Access policy forbids it: ask who keeps them to exclude this "
		"principal or place",
		false },
	{ 530003,
		"a Conditional Access policy wants a managed device: sign in as a service "
		"principal",
		false },
	{ 50076,
		"a second factor is wanted: run `az login` anew, or sign in as a service principal",
		false },
	{ 50079,
		"a second factor is to be set up: run `az login` anew, or sign in as a service "
		"principal",
		false },
	{ 50034, "no such user in this tenant: check who is signed in, `az account show`", false },
	{ 700082, "the sign-in has expired: run `az login` anew", false },
	{ 70043, "the sign-in has expired: run `az login` anew", false },
	{ 50173, "the sign-in was revoked: run `az login` anew", false },
	{ 500011, "the tenant does not know Azure Resource Manager by this name: check --cloud",
		false },
	{ 70011, "the tenant does not know Azure Resource Manager by this name: check --cloud",
		false },
};

long aadsts_number(const char *text)
{
	static const char start[] = "AADSTS";
	const char *at = strstr(text, start);
	long number = at ? strtol(at + strlen(start), NULL, 10) : 0;
	return number > 0 && number < 1000000000 ? number : 0;
}

/* None of the three is a secret: they say who asks, and whom. */
static const char *said(struct arena *a, const char *assertion)
{
	json_auto_t *claims = assertion_claims(assertion);
	const char *issuer = json_text_at(claims, "/iss");
	const char *subject = json_text_at(claims, "/sub");
	const char *audience = json_text_at(claims, "/aud");
	if (!audience)
		audience = json_text_at(claims, "/aud/0");
	return arena_printf(a, "issuer `%.300s`, subject `%.300s`, audience `%.300s`",
		issuer ? issuer : "", subject ? subject : "", audience ? audience : "");
}

/* An id is no secret. */
static const char *identity_help(struct arena *a, const struct credential *credential)
{
	const char *id = credential->client_id ? credential->client_id
		: credential->resource_id      ? credential->resource_id
					       : credential->principal_id;
	const char *what = credential->client_id ? "client id"
		: credential->resource_id        ? "resource id"
						 : "principal id";
	if (id)
		return arena_printf(a,
			"give the machine or application the identity whose %s is `%.300s`, or "
			"name "
			"the one that it has",
			what, id);
	return "give the machine or application an identity, and name it by its client id in "
	       "AZURE_CLIENT_ID when it has several";
}

static const char *usual_help(struct arena *a, const struct credential *credential)
{
	switch (credential->kind) {
	case CREDENTIAL_SECRET:
		return "check the tenant, the client id and the client secret";
	case CREDENTIAL_CERTIFICATE:
		return "check the tenant, the client id and the certificate";
	case CREDENTIAL_FEDERATED:
	case CREDENTIAL_GITHUB:
	case CREDENTIAL_PIPELINES:
		return "check the tenant, the client id and the application's federated "
		       "credentials";
	case CREDENTIAL_APP_SERVICE:
	case CREDENTIAL_MACHINE:
		return identity_help(a, credential);
	case CREDENTIAL_AZ:
		return credential->tenant
			? arena_printf(a, "run `az login --tenant %s`", credential->tenant)
			: "run `az login`";
	case CREDENTIAL_BUILT_IN:
	case CREDENTIAL_READY:
		break;
	}
	return "sign in anew";
}

const char *aadsts_help(
	struct arena *a, long number, const struct credential *credential, const char *assertion)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (known[i].number != number)
			continue;
		if (known[i].tells_assertion && assertion)
			return arena_printf(a, "%s: %s", known[i].help, said(a, assertion));
		return known[i].help;
	}
	return usual_help(a, credential);
}
