/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700 /* strptime() */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "providers/net/aadsts.h"
#include "providers/net/assertion.h"
#include "providers/net/retry.h"
#include "providers/net/token_request.h"
#include "providers/net/variables.h"

#define ANSWER_LIMIT ((size_t)1 << 20)
#define LIFETIME_UNTOLD_S 3600
#define LIFETIME_MOST_S (7L * 24 * 3600)
#define AZ_LIFETIME_UNTOLD_S 300
#define EARLY_S 300L
#define PROBLEM_MOST 1000
#define ID_MOST 64

/* ---- times ---- */

long token_use_s(long lifetime_s)
{
	return lifetime_s > 2 * EARLY_S ? lifetime_s - EARLY_S : lifetime_s / 2;
}

/* A number, by some a string of digits; -1 when it is neither. */
static long long number_at(const json_t *answer, const char *name)
{
	const json_t *member = json_object_get(answer, name);
	double number = json_number_value(member);
	if (json_is_number(member))
		return number < 0 ? 0 : (number < 1e15 ? (long long)number : (long long)1e15);
	const char *text = json_string_value(member);
	if (!text || !*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 15)
		return -1;
	return strtoll(text, NULL, 10);
}

static long bounded(long long seconds)
{
	if (seconds < 1)
		return 1;
	return seconds < LIFETIME_MOST_S ? (long)seconds : LIFETIME_MOST_S;
}

static void read_times(const json_t *answer, struct token_answer *out)
{
	long long seconds = number_at(answer, "expires_in");
	long long ends = number_at(answer, "expires_on");
	if (seconds < 0)
		seconds = ends < 0 ? LIFETIME_UNTOLD_S : ends - (long long)time(NULL);
	out->lifetime_s = bounded(seconds);
	out->use_s = token_use_s(out->lifetime_s);
	long long refresh = number_at(answer, "refresh_in");
	if (refresh > 0 && refresh < out->use_s)
		out->use_s = (long)refresh;
}

/* ---- tokens ---- */

static bool is_token(const char *text)
{
	return text && *text && strlen(text) <= ASSERTION_BYTES && text_is_plain(text, "-._~+/=");
}

/* A copy of a secret member, whose own text is cleared. */
static char *take_secret(const json_t *answer, const char *name)
{
	char *text = (char *)json_string_value(json_object_get(answer, name));
	char *copy = text ? mem_strdup(text) : NULL;
	if (text)
		explicit_bzero(text, strlen(text));
	return copy;
}

static char *take_token(const json_t *answer, const char *name)
{
	char *token = take_secret(answer, name);
	if (is_token(token))
		return token;
	credential_clear(token);
	return NULL;
}

/* ---- refusals ---- */

static const char *bounded_line(struct arena *a, const char *text)
{
	size_t len = strcspn(text, "\r\n");
	return arena_strndup(a, text, len < PROBLEM_MOST ? len : PROBLEM_MOST);
}

static long number_of(const json_t *answer, const char *text)
{
	long number = aadsts_number(text);
	const json_t *first = json_at(answer, "/error_codes/0");
	if (number || !json_is_integer(first))
		return number;
	json_int_t told = json_integer_value(first);
	return told > 0 && told < 1000000000 ? (long)told : 0;
}

static const char *speaker(const struct credential *credential)
{
	switch (credential->kind) {
	case CREDENTIAL_APP_SERVICE:
	case CREDENTIAL_MACHINE:
		return "the managed identity's service";
	default:
		return "the sign-in service";
	}
}

/* " (correlation id X, trace id Y)", of what the text does not say itself. */
static const char *ids_of(struct arena *a, const json_t *answer, const char *text)
{
	static const char *const names[][2] = { { "/correlation_id", "correlation id" },
		{ "/trace_id", "trace id" } };
	const char *ids = "";
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *id = json_text_at(answer, names[i][0]);
		if (id && *id && strlen(id) <= ID_MOST && !strstr(text, id))
			ids = arena_printf(
				a, "%s%s%s %s", ids, *ids ? ", " : " (", names[i][1], id);
	}
	return *ids ? arena_printf(a, "%s)", ids) : "";
}

/* What it says, with its number and the ids by which its people find what happened. */
static const char *problem_of(struct arena *a, const struct credential *credential, int status,
	const json_t *answer, long *number)
{
	const char *text = json_text_at(answer, "/error_description");
	if (!text)
		text = json_text_at(answer, "/message"); /* App Service */
	if (!text)
		text = json_text_at(answer, "/error");
	*number = number_of(answer, text ? text : "");
	if (!text)
		return arena_printf(a, "%s answered %d", speaker(credential), status);
	text = bounded_line(a, text);
	if (!*number)
		text = arena_printf(a, "%s answered %d: %s", speaker(credential), status, text);
	else if (!aadsts_number(text))
		text = arena_printf(a, "AADSTS%ld: %s", *number, text);
	return arena_printf(a, "%s%s", text, ids_of(a, answer, text));
}

static bool passes(const struct credential *credential, int status)
{
	/* IMDS while it starts, or is being mended (arm-facts 9.7). */
	bool starting = credential->kind == CREDENTIAL_MACHINE && (status == 404 || status == 410);
	return retry_status_passes(status) || starting;
}

static void unanswered(struct arena *a, const char *who, const struct http_response *response,
	struct token_answer *out)
{
	out->unreached = response->result == HTTP_NOT_SENT;
	out->passing = http_may_pass(response->result);
	out->help = response->help;
	out->problem = arena_printf(a, "%s did not answer: %s", who, response->problem);
}

/* It said 200, and something else. */
static void without_token(
	struct arena *a, const char *who, const json_t *answer, struct token_answer *out)
{
	out->passing = !answer;
	out->problem = arena_printf(a, "%s answered without a token", who);
	out->help =
		"somebody else answers in its place: check its address, and the proxy variables";
}

void token_answer_read(struct arena *a, const struct credential *credential, const char *assertion,
	const struct http_response *response, struct token_answer *out)
{
	*out = (struct token_answer){ 0 };
	if (response->result != HTTP_ANSWERED) {
		unanswered(a, speaker(credential), response, out);
		return;
	}
	char *why = NULL;
	int status = response->status;
	json_auto_t *answer = json_parse(a, response->body, response->body_len, ANSWER_LIMIT, &why);
	if (status == 200)
		out->token = take_token(answer, "access_token");
	if (out->token) {
		read_times(answer, out);
		return;
	}
	if (status == 200) {
		without_token(a, speaker(credential), answer, out);
		return;
	}
	long number = 0;
	out->passing = passes(credential, status);
	out->problem = problem_of(a, credential, status, answer, &number);
	out->help = out->passing ? NULL
		: credential->kind == CREDENTIAL_APP_SERVICE && status == 401
		? "IDENTITY_HEADER does not open this endpoint: Azure sets both, leave them as "
		  "they are"
		: aadsts_help(a, number, credential, assertion);
}

char *token_assertion_read(struct arena *a, const struct credential *credential,
	const struct http_response *response, struct token_answer *out)
{
	bool github = credential->kind == CREDENTIAL_GITHUB;
	const char *who = github ? "GitHub's token service" : "Azure Pipelines' token service";
	*out = (struct token_answer){ 0 };
	if (response->result != HTTP_ANSWERED) {
		unanswered(a, who, response, out);
		return NULL;
	}
	char *why = NULL;
	json_auto_t *answer = json_parse(a, response->body, response->body_len, ANSWER_LIMIT, &why);
	char *assertion = response->status == 200
		? take_secret(answer, github ? "value" : "oidcToken")
		: NULL;
	if (assertion && assertion_has_shape(assertion))
		return assertion;
	credential_clear(assertion);
	if (response->status == 200) {
		without_token(a, who, answer, out);
		return NULL;
	}
	const char *text = json_text_at(answer, "/message");
	out->passing = retry_status_passes(response->status);
	out->problem = arena_printf(a, "%s answered %d%s%s", who, response->status,
		text ? ": " : "", text ? bounded_line(a, text) : "");
	if (!out->passing)
		out->help = github
			? "give the job `permissions: id-token: write`; its tokens end with it"
			: "give the step `env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)`, and "
			  "check the id of the service connection";
	return NULL;
}

/* ---- az ---- */

/* "2026-11-25 23:05:00.000000" in local time, as az before 2.54 tells it alone. */
static long long az_ends(const json_t *answer)
{
	long long ends = number_at(answer, "expires_on");
	const char *text = json_text_at(answer, "/expiresOn");
	struct tm local = { .tm_isdst = -1 };
	if (ends < 0 && text && strptime(text, "%Y-%m-%d %H:%M:%S", &local))
		ends = (long long)mktime(&local);
	return ends;
}

void token_az_read(struct arena *a, const char *text, size_t len, struct token_answer *out)
{
	char *why = NULL;
	*out = (struct token_answer){ 0 };
	json_auto_t *answer = json_parse(a, text, len, ANSWER_LIMIT, &why);
	out->token = take_token(answer, "accessToken");
	if (!out->token) {
		out->problem = "az answered without a token";
		out->help = "see what `az account get-access-token` says";
		return;
	}
	long long ends = az_ends(answer);
	out->lifetime_s = bounded(ends < 0 ? AZ_LIFETIME_UNTOLD_S : ends - (long long)time(NULL));
	out->use_s = token_use_s(out->lifetime_s);
}
