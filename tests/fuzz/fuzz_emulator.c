/* SPDX-License-Identifier: Apache-2.0 */
/* The input is a request: "METHOD PATH?QUERY\nname: value\n...\n\nBODY". Nothing is decoded, as
 * that is libmicrohttpd's work. A token or an assertion that is `@` stands for one that is valid.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/base/yaml.h"
#include "providers/emulator/emulator.h"
#include "providers/emulator/issuers.h"
#include "providers/emulator/sign_in.h"
#include "providers/emulator/start_identity.h"

#define NOW_MS UINT64_C(1000000)
#define BODY_LIMIT ((size_t)1 << 24)
#define CLIENT "c"

static const char directory[] =
	"tenants: [other]\n"
	"applications:\n"
	"  a:\n"
	"    clientId: " CLIENT "\n"
	"    objectId: o\n"
	"    secrets: [{value: s, expires: '1970-01-02T00:00:00Z'}]\n"
	"    federatedCredentials:\n"
	"      - {issuer: " ISSUER_GITHUB_URL ", subject: '" ISSUER_GITHUB_SUBJECT "'}\n"
	"roleAssignments:\n"
	"  - {principal: a, role: Network Contributor, scope: /subscriptions/" CLOUD_SUBSCRIPTION
	"/resourceGroups/g}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* assert() would be gone in a build with NDEBUG. */
static void expect(bool good)
{
	if (!good)
		abort();
}

static struct emulator *make_emulator(struct arena *arena, struct diags *diags)
{
	/* For others than this machine, so that no request may have a process killed. */
	static const struct emulator_options options = { .remote = true };
	static struct signer signer; /* one for all inputs: a key takes long to make */
	struct emulator *emulator = emulator_new(&options, diags);
	struct yaml *yaml = yaml_parse(arena, "cloud.yaml", directory, strlen(directory), diags);
	json_auto_t *none = json_object();
	json_auto_t *group = json_pack("{s:s}", "location", "eastus");
	struct response response;

	expect(emulator != NULL && yaml != NULL && start_identity(&emulator->cloud, yaml, diags));
	expect(emulator_change(emulator, arena, "PUT",
		"/subscriptions/" CLOUD_SUBSCRIPTION "/resourceGroups/g", group, &response));
	if (signer.key == NULL)
		(void)signer_sign(&signer, arena, none);
	emulator->identity.day_offset_ms = 0;
	for (size_t i = 0; i < ISSUER_COUNT; i++) {
		expect(EVP_PKEY_up_ref(signer.key) == 1);
		emulator->identity.signers[i] = signer;
		memset(emulator->identity.bearers[i], 'b', sizeof(emulator->identity.bearers[i]));
		emulator->identity.bearers[i][1] = '\0';
	}
	return emulator;
}

static const char *token(struct emulator *emulator, struct arena *arena)
{
	const struct request request = { .arena = arena, .now_ms = NOW_MS };
	const struct sign_in_grant grant = { .tenant = CLOUD_TENANT,
		.client_id = CLIENT,
		.object_id = "o",
		.audience = "https://management.azure.com",
		.proof = "1" };

	return sign_in_token(emulator, &request, &grant);
}

static const char *assertion(struct emulator *emulator, struct arena *arena)
{
	json_auto_t *claims = json_pack("{s:s,s:s,s:s,s:i}", "iss", ISSUER_GITHUB_URL, "sub",
		ISSUER_GITHUB_SUBJECT, "aud", "api://AzureADTokenExchange", "exp", 1300);

	return signer_sign(&emulator->identity.signers[ISSUER_GITHUB], arena, claims);
}

/* NAME=VALUE&..., or `name: value` in lines. New. */
static json_t *pairs(struct arena *arena, const char *text, char between, char ends)
{
	const char between_text[] = { between, '\0' }, ends_text[] = { ends, '\0' };
	json_t *out = json_object();

	while (*text != '\0') {
		size_t len = strcspn(text, ends_text);
		const char *pair = arena_strndup(arena, text, len);
		size_t name = strcspn(pair, between_text);
		const char *value = pair[name] != '\0' ? pair + name + 1 : "";

		if (between == ':')
			value += strspn(value, " ");
		json_object_set_new(out, text_lower(arena, arena_strndup(arena, pair, name)),
			json_string(value));
		text += len + (text[len] != '\0' ? 1 : 0);
	}
	return out;
}

static char *cut(char *text, const char *at)
{
	char *found = strstr(text, at);

	if (found == NULL)
		return text + strlen(text);
	*found = '\0';
	return found + strlen(at);
}

static void check(struct response *response, struct arena *arena)
{
	char *why = NULL;

	expect(response->dropped || response->never ||
		(response->status >= 200 && response->status < 600));
	for (size_t i = 0; i < response->nheaders; i++) {
		for (const char *c = response->headers[i].value; *c != '\0'; c++)
			expect((unsigned char)*c >= ' ');
	}
	if (response->text != NULL && response->raw == NULL)
		json_decref(json_parse(
			arena, response->text, strlen(response->text), BODY_LIMIT, &why));
	expect(why == NULL);
	free(response->text);
}

static const char *text_of(const json_t *map, const char *name)
{
	return json_string_value(json_object_get(map, name));
}

static void serve(struct emulator *emulator, struct arena *arena, char *text)
{
	char *body = cut(text, "\n\n"), *head = cut(text, "\n"), *url = cut(text, " ");
	const char *whole = arena_strdup(arena, url), *query = cut(url, "?");
	json_t *headers = arena_json(arena, pairs(arena, head, ':', '\n'));
	json_t *values = arena_json(arena, pairs(arena, query, '=', '&'));
	json_t *form = arena_json(arena, pairs(arena, body, '=', '&'));
	struct response response = { .arena = arena };
	struct request request = { .arena = arena,
		.method = text,
		.url = whole,
		.path = url,
		.body = body,
		.body_len = strlen(body),
		.form = form,
		.query = values,
		.headers = headers,
		.now_ms = NOW_MS,
		.arrived_ms = NOW_MS };

	if (text_of(form, "client_assertion") != NULL &&
		strcmp(text_of(form, "client_assertion"), "@") == 0)
		json_object_set_new(
			form, "client_assertion", json_string(assertion(emulator, arena)));
	request.api_version = text_of(values, "api-version");
	request.skip_token = text_of(values, "$skiptoken");
	request.authorization = text_of(headers, "authorization");
	if (request.authorization != NULL && strcmp(request.authorization, "Bearer @") == 0)
		request.authorization = arena_printf(arena, "Bearer %s", token(emulator, arena));
	request.if_match = text_of(headers, "if-match");
	request.if_none_match = text_of(headers, "if-none-match");
	request.correlation_id = text_of(headers, "x-ms-correlation-request-id");
	emulator_serve(emulator, &request, &response);
	check(&response, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena *arena = arena_new();
	struct diags diags;
	struct emulator *emulator;

	diags_init(&diags, arena);
	emulator = make_emulator(arena, &diags);
	/* Several, one after the other, with a line of dashes between. */
	for (char *text = arena_strndup(arena, (const char *)data, len); *text != '\0';) {
		char *next = cut(text, "\n----\n");

		serve(emulator, arena, text);
		text = next;
	}
	emulator_free(emulator);
	arena_free(arena);
	return 0;
}
