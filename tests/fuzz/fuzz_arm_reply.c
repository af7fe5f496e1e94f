/* SPDX-License-Identifier: Apache-2.0 */
/* The input is an HTTP answer: "STATUS\nName: value\n...\n\nBODY". Everything that reads answers of
 * ARM and of its sign-in sees it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/azure/arm_error.h"
#include "providers/azure/azure.h"
#include "providers/azure/lro.h"
#include "providers/azure/pace.h"
#include "providers/azure/versions.h"
#include "providers/net/redact.h"
#include "providers/net/retry.h"
#include "providers/net/token_request.h"
#include "providers/net/url.h"

#define RESOURCE "https://management.azure.com/resource?api-version=1"
#define BODY_LIMIT ((size_t)1 << 20)
#define POLLS_MOST 50

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* assert() would be gone in a build with NDEBUG. */
static void expect(bool good)
{
	if (!good)
		abort();
}

struct reply {
	int status;
	char *head;
	const char *body;
	size_t body_len;
};

static struct reply split(struct arena *arena, const uint8_t *data, size_t len)
{
	struct reply reply = { .head = arena_strndup(arena, (const char *)data, len) };
	char *gap = strstr(reply.head, "\n\n");
	if (gap) {
		*gap = '\0';
		reply.body_len = len - (size_t)(gap + 2 - reply.head);
		reply.body = (const char *)data + (gap + 2 - reply.head);
	} else {
		reply.body = "";
	}
	long status = strtol(reply.head, NULL, 10);
	reply.status = status >= 200 && status <= 599 ? (int)status : 200;
	return reply;
}

static const char *header(struct arena *arena, const struct reply *reply, const char *name)
{
	for (const char *line = strchr(reply->head, '\n'); line; line = strchr(line, '\n')) {
		line++;
		size_t len = strlen(name);
		if (text_starts_nocase(line, name) && line[len] == ':') {
			const char *value = line + len + 1 + strspn(line + len + 1, " ");
			return arena_strndup(arena, value, strcspn(value, "\n"));
		}
	}
	return NULL;
}

/* The same answer again and again must end every operation, or keep it polling a known URL. */
static void poll_all(struct arena *arena, const struct lro_answer *answer)
{
	static const enum verb verbs[] = { VERB_PUT, VERB_PATCH, VERB_DELETE, VERB_POST };
	for (size_t i = 0; i < ARRAY_LEN(verbs) * (FINAL_ORIGINAL + 1); i++) {
		enum verb verb = verbs[i % ARRAY_LEN(verbs)];
		enum final_via via = (enum final_via)(i / ARRAY_LEN(verbs));
		struct lro lro;
		struct lro_next next = lro_begin(&lro, arena, verb, via, RESOURCE, answer);
		for (int n = 0; next.action == LRO_POLL && n < POLLS_MOST; n++) {
			expect(lro.url && next.wait_ms > 0);
			expect(next.wait_ms <= RETRY_ASKED_CAP_MS);
			next = lro_poll(&lro, arena, answer);
		}
		if (next.action == LRO_FINAL_GET) {
			expect(verb != VERB_DELETE || via != FINAL_USUAL);
			expect(lro.final_url);
			next = lro_final(&lro, arena, answer);
			expect(next.action != LRO_FINAL_GET);
			expect(next.action != LRO_POLL || (lro.url && next.wait_ms > 0));
		}
		(void)url_same_origin(lro.url, RESOURCE);
	}
}

static void keep_pace(struct arena *arena, const struct reply *reply)
{
	struct pace pace;
	pace_init(&pace, 16);
	const char *headers[PACE_KINDS];
	for (int kind = 0; kind < PACE_KINDS; kind++)
		headers[kind] = header(arena, reply, pace_headers[kind]);
	pace_read(&pace, headers, 1);
	if (reply->status == 429)
		pace_throttled(&pace, 1);
	for (int64_t now = 1; now < INT64_C(1) << 40; now *= 64)
		expect(pace_allowed(&pace, now) >= 1 && pace_allowed(&pace, now) <= 16);
}

/* However often the same refusal comes, it ends. */
static void ask_versions(const struct arm_error *error)
{
	if (error->failure.status != 400)
		return;
	struct arena *arena = arena_new();
	struct versions versions;
	versions_init(&versions, catalog_new(arena));
	static const char table[] = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/"
				    "routeTables/t";
	unsigned tries = 0;
	while (versions_refused(&versions, table, "2024-05-01", error))
		expect(tries++ < 10);
	versions_release(&versions);
	arena_free(arena);
}

static void read_token(struct arena *arena, const struct reply *reply)
{
	static const enum credential_kind kinds[] = { CREDENTIAL_SECRET, CREDENTIAL_GITHUB,
		CREDENTIAL_PIPELINES, CREDENTIAL_MACHINE, CREDENTIAL_APP_SERVICE };
	const struct http_response response = { .result = HTTP_ANSWERED,
		.status = reply->status,
		.body = reply->body,
		.body_len = reply->body_len };
	struct token_answer token;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const struct credential credential = { .kind = kinds[i] };
		token_answer_read(arena, &credential, NULL, &response, &token);
		expect((token.token != NULL) != (token.problem != NULL));
		expect(!token.token || (token.use_s <= token.lifetime_s && token.use_s >= 0));
		credential_clear(token.token);
		char *assertion = token_assertion_read(arena, &credential, &response, &token);
		expect((assertion != NULL) != (token.problem != NULL));
		credential_clear(assertion);
	}
	token_az_read(arena, reply->body, reply->body_len, &token);
	expect((token.token != NULL) != (token.problem != NULL));
	credential_clear(token.token);
	struct azure_cloud cloud = { .name = "https://management.azure.com" };
	const char *problem = NULL;
	expect(azure_cloud_read(arena, reply->body, reply->body_len, &cloud, &problem) ==
		(problem == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena *arena = arena_new();
	struct reply reply = split(arena, data, len);
	char *why = NULL;
	json_auto_t *body = json_parse(arena, reply.body, reply.body_len, BODY_LIMIT, &why);
	const struct retry_headers retry = {
		.retry_after_ms = header(arena, &reply, "retry-after-ms"),
		.x_ms_retry_after_ms = header(arena, &reply, "x-ms-retry-after-ms"),
		.retry_after = header(arena, &reply, "Retry-After"),
	};
	struct lro_answer answer = {
		.status = reply.status,
		.body = body,
		.async_operation = header(arena, &reply, "Azure-AsyncOperation"),
		.operation_location = header(arena, &reply, "Operation-Location"),
		.location = header(arena, &reply, "Location"),
		.asked_ms = retry_asked_ms(&retry, 1700000000),
	};
	struct arm_error error;
	arm_error_read(arena, reply.status, body, header(arena, &reply, "x-ms-error-code"), &error);
	expect(error.failure.code && error.failure.message);
	(void)arm_error_contention(&error);
	(void)arm_error_is_absent(&error);
	poll_all(arena, &answer);
	keep_pace(arena, &reply);
	ask_versions(&error);
	read_token(arena, &reply);
	(void)token_challenge(arena, header(arena, &reply, "WWW-Authenticate"));
	struct buf told;
	buf_init(&told, BUF_OWN_TEXT);
	redact_body(&told, reply.body, reply.body_len);
	redact_text(&told, reply.head);
	buf_release(&told);
	arena_free(arena);
	return 0;
}
