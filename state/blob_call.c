/* SPDX-License-Identifier: Apache-2.0 */
#include "state/blob_call.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/net/retry.h"
#include "providers/net/timer.h"
#include "providers/net/token.h"
#include "providers/net/url.h"

#define SERVICE_VERSION "2023-11-03"
#define STORAGE_SCOPE "https://storage.azure.com/.default"
#define CONNECTIONS 4
#define DATE_BYTES 40
#define QUERIES_MOST 2
/* What a request may take: this, and as long as its body takes at a slow line's pace. */
#define CALL_LIMIT_MS 10000
#define SLOW_BYTES_A_MS 100

struct call {
	struct call *next, *previous;
	struct blob_line *line;
	struct arena *arena;
	struct blob_request request;
	const char *path, *url;
	struct blob_query queries[QUERIES_MOST];
	size_t nqueries;
	unsigned token_number;
	bool signed_again;
	void (*done)(void *context, const struct blob_answer *);
	void *context;
};

struct blob_line {
	struct arena *arena;
	struct http *http;
	struct timers timers;
	struct jitter jitter;
	struct credential credential;
	struct token_source *tokens; /* NULL: the secret is used */
	struct blob_secret secret;
	struct place at;
	const char *account, *container;
	const char *origin; /* "https://ACCOUNT.blob.SUFFIX" */
	const char *folder; /* the path of the container, with a final "/" */
	struct call *calls;
	void (*idle)(void *context);
	int64_t (*due_ms)(void *context);
	void *idle_context;
};

/* ---- opening ---- */

static bool find_origin(
	struct blob_line *line, const struct blob_options *options, struct diags *diags)
{
	struct arena *a = line->arena;
	if (!options->endpoint) {
		if (!options->suffix) {
			diag_error(diags, options->at, "backend-endpoint",
				"an emulated cloud has no storage of its own");
			diag_help(diags,
				"start an emulator of storage and name it by "
				"--backend-endpoint or WAYBILL_BACKEND_ENDPOINT");
			return false;
		}
		line->origin =
			arena_printf(a, "https://%s.blob.%s", options->account, options->suffix);
		line->folder = arena_printf(a, "/%s/", options->container);
		return true;
	}
	if (!url_has_scheme(options->endpoint, "http") || !url_is_loopback(options->endpoint) ||
		!url_is_origin(options->endpoint)) {
		diag_error(diags, PLACE_NONE, "backend-endpoint",
			"`%s` is not the http origin of a loopback host", options->endpoint);
		diag_help(diags,
			"an emulator of storage listens on http://127.0.0.1:PORT; Azure's "
			"own is found by the account's name");
		return false;
	}
	size_t len = strlen(options->endpoint);
	line->origin = arena_strndup(
		a, options->endpoint, options->endpoint[len - 1] == '/' ? len - 1 : len);
	line->folder = arena_printf(a, "/%s/%s/", options->account, options->container);
	return true;
}

static bool refuse_token(
	const struct blob_options *options, const char *why, const char *help, struct diags *diags)
{
	diag_error(diags, options->at, "backend-secret", "%s", why);
	diag_help(diags, "%s", help);
	return false;
}

static bool find_credential(
	struct blob_line *line, const struct blob_options *options, struct diags *diags)
{
	if (!blob_secret_find(options->environment, options->is_pinned, &line->secret, diags))
		return false;
	if (line->secret.auth != BLOB_TOKEN)
		return true;
	if (options->is_emulator) {
		credential_built_in(&line->credential);
		return true;
	}
	if (options->endpoint)
		return refuse_token(options, "an emulator of storage is shown no token of Azure's",
			"set AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN for it", diags);
	if (!credential_find(&(struct credential_options){ .environment = options->environment,
				     .cloud = options->cloud,
				     .login = options->login ? options->login : "",
				     .arm = options->arm,
				     .log = options->log },
		    &line->credential, diags))
		return false;
	if (line->credential.kind == CREDENTIAL_READY)
		return refuse_token(options,
			"WAYBILL_ACCESS_TOKEN is for Azure Resource Manager, not for its storage",
			"sign in another way, or set AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_KEY",
			diags);
	return true;
}

struct blob_line *blob_line_open(const struct blob_options *options, struct diags *diags)
{
	struct blob_line *line = mem_alloc(sizeof *line);
	*line = (struct blob_line){ .arena = arena_new(), .at = options->at };
	struct arena *a = line->arena;
	if (!find_origin(line, options, diags) || !find_credential(line, options, diags)) {
		blob_line_close(line);
		return NULL;
	}
	line->account = arena_strdup(a, options->account);
	line->container = arena_strdup(a, options->container);
	line->http = http_open(&(struct http_options){
		.user_agent = arena_printf(a, "waybill/%s", options->version),
		.max_connections = CONNECTIONS,
		.log = options->log });
	jitter_seed(&line->jitter);
	if (line->secret.auth == BLOB_SAS)
		http_keep_secret(line->http, line->secret.sas);
	if (line->secret.auth == BLOB_TOKEN)
		line->tokens = token_source_new(&(struct token_options){ .http = line->http,
			.timers = &line->timers,
			.jitter = &line->jitter,
			.credential = &line->credential,
			.log = options->log,
			.login = arena_strdup(a, options->login ? options->login : ""),
			.scope = STORAGE_SCOPE });
	return line;
}

static void call_drop(struct call *call)
{
	arena_free(call->arena);
	free(call);
}

static void call_free(struct call *call)
{
	if (call->previous)
		call->previous->next = call->next;
	else
		call->line->calls = call->next;
	if (call->next)
		call->next->previous = call->previous;
	call_drop(call);
}

void blob_line_close(struct blob_line *line)
{
	if (!line)
		return;
	token_source_free(line->tokens);
	timers_release(&line->timers);
	http_close(line->http);
	for (struct call *call = line->calls, *next; call; call = next) {
		next = call->next;
		call_drop(call);
	}
	credential_release(&line->credential);
	blob_secret_release(&line->secret);
	arena_free(line->arena);
	free(line);
}

void blob_line_idle(
	struct blob_line *line, void (*idle)(void *), int64_t (*due_ms)(void *), void *context)
{
	line->idle = idle;
	line->due_ms = due_ms;
	line->idle_context = context;
}

/* ---- one request ---- */

void blob_header(struct blob_request *request, const char *name, const char *value)
{
	assert(request->nheaders < BLOB_HEADERS_MOST);
	request->headers[request->nheaders++] = (struct http_header){ name, value };
}

const char *blob_answer_header(const struct blob_answer *answer, const char *name)
{
	for (size_t i = 0; i < answer->nheaders; i++)
		if (text_same_nocase(answer->headers[i].name, name))
			return answer->headers[i].value;
	return NULL;
}

static void finish(struct call *call, const struct blob_answer *answer)
{
	call->done(call->context, answer);
	call_free(call);
}

static void send_call(struct call *call, const char *token);

static void on_token(void *context, const struct token *token)
{
	struct call *call = context;
	if (!token->text) {
		const struct blob_answer none = { .result = HTTP_NOT_SENT,
			.no_token = true,
			.code = "",
			.body = "",
			.problem = token->problem,
			.help = token->help };
		finish(call, &none);
		return;
	}
	call->token_number = token->number;
	send_call(call, token->text);
}

static void on_answer(void *context, const struct http_response *response)
{
	struct call *call = context;
	const char *code = http_header(response, "x-ms-error-code");
	struct blob_answer answer = { .result = response->result,
		.status = response->status,
		.code = code ? code : "",
		.problem = response->problem,
		.help = response->help,
		.headers = response->headers,
		.nheaders = response->nheaders,
		.body = response->body,
		.body_len = response->body_len };
	if (response->status == 401 && call->line->tokens && !call->signed_again &&
		token_refused(call->line->tokens, call->token_number,
			http_header(response, "WWW-Authenticate"))) {
		call->signed_again = true;
		token_want(call->line->tokens, on_token, call);
		return;
	}
	finish(call, &answer);
}

static void add_date(struct blob_request *request, struct arena *a)
{
	char text[DATE_BYTES];
	time_t now = time(NULL);
	struct tm utc;
	(void)gmtime_r(&now, &utc);
	(void)strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
	blob_header(request, "x-ms-date", arena_strdup(a, text));
}

static void send_call(struct call *call, const char *token)
{
	struct blob_line *line = call->line;
	struct blob_request request = call->request;
	char id[37];
	uuid_random(id);
	blob_header(&request, "x-ms-version", SERVICE_VERSION);
	blob_header(&request, "x-ms-client-request-id", id);
	add_date(&request, call->arena);
	if (request.body)
		blob_header(&request, "Content-Type", "application/octet-stream");
	if (token)
		blob_header(
			&request, "Authorization", arena_printf(call->arena, "Bearer %s", token));
	if (line->secret.auth == BLOB_KEY)
		blob_header(&request, "Authorization",
			blob_shared_key(call->arena, &line->secret,
				&(struct blob_signed){ .method = request.method,
					.account = line->account,
					.path = call->path,
					.queries = call->queries,
					.nqueries = call->nqueries,
					.headers = request.headers,
					.nheaders = request.nheaders,
					.body_len = request.body_len }));
	http_send(line->http,
		&(struct http_request){ .method = request.method,
			.url = call->url,
			.headers = request.headers,
			.nheaders = request.nheaders,
			.body = request.body,
			.body_len = request.body_len,
			.limit_ms = CALL_LIMIT_MS + (long)(request.body_len / SLOW_BYTES_A_MS),
			.repeatable = true,
			.secret = true,
			.done = on_answer,
			.context = call });
}

static void make_url(struct call *call)
{
	const struct blob_line *line = call->line;
	const struct blob_request *request = &call->request;
	/* Sorted, as they are signed. */
	if (request->block)
		call->queries[call->nqueries++] = (struct blob_query){ "blockid", request->block };
	if (request->comp)
		call->queries[call->nqueries++] = (struct blob_query){ "comp", request->comp };
	call->path = arena_printf(call->arena, "%s%s", line->folder, request->blob);
	struct buf url;
	buf_init(&url, BUF_OWN_TEXT);
	(void)buf_printf(&url, "%s%s", line->origin, call->path);
	for (size_t i = 0; i < call->nqueries; i++)
		(void)buf_printf(&url, "%c%s=%s", i ? '&' : '?', call->queries[i].name,
			call->queries[i].value);
	if (line->secret.auth == BLOB_SAS)
		(void)buf_printf(&url, "%c%s", call->nqueries ? '&' : '?', line->secret.sas);
	call->url = arena_strdup(call->arena, url.data);
	buf_release(&url);
}

void blob_begin(struct blob_line *line, const struct blob_request *request,
	void (*done)(void *, const struct blob_answer *), void *context)
{
	struct call *call = mem_alloc(sizeof *call);
	*call = (struct call){ .line = line,
		.arena = arena_new(),
		.request = *request,
		.done = done,
		.context = context,
		.next = line->calls };
	if (line->calls)
		line->calls->previous = call;
	line->calls = call;
	for (size_t i = 0; i < request->nheaders; i++)
		call->request.headers[i].value =
			arena_strdup(call->arena, request->headers[i].value);
	make_url(call);
	if (line->tokens)
		token_want(line->tokens, on_token, call);
	else
		send_call(call, NULL);
}

/* ---- waiting ---- */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void blob_step(struct blob_line *line, int timeout_ms)
{
	int64_t now = clock_ms(), until = now + timeout_ms;
	while (timers_fire(&line->timers, now))
		continue;
	if (line->idle) {
		if (line->due_ms(line->idle_context) == 0)
			line->idle(line->idle_context);
		int64_t due = line->due_ms(line->idle_context);
		until = due < INT64_MAX - now ? earlier(until, now + due) : until;
	}
	http_step(line->http, timers_wait_ms(&line->timers, until, now));
}

struct waiting {
	struct arena *arena;
	struct blob_answer answer;
	bool is_over;
};

static const char *kept(struct arena *a, const char *text)
{
	return text ? arena_strdup(a, text) : NULL;
}

static void on_waited(void *context, const struct blob_answer *answer)
{
	struct waiting *w = context;
	struct arena *a = w->arena;
	struct http_header *headers = NULL;
	size_t count = 0;
	for (size_t i = 0; i < answer->nheaders; i++)
		*ARENA_PUSH(a, headers, count) =
			(struct http_header){ arena_strdup(a, answer->headers[i].name),
				arena_strdup(a, answer->headers[i].value) };
	w->answer = *answer;
	w->answer.code = kept(a, answer->code);
	w->answer.problem = kept(a, answer->problem);
	w->answer.help = kept(a, answer->help);
	w->answer.headers = headers;
	w->answer.body = arena_strndup(a, answer->body, answer->body_len);
	w->is_over = true;
}

static bool may_pass(const struct blob_answer *answer)
{
	if (answer->no_token)
		return false;
	if (answer->result == HTTP_ANSWERED)
		return retry_status_passes(answer->status);
	return http_may_pass(answer->result);
}

static long pause_after(struct blob_line *line, const struct blob_answer *answer, unsigned tries)
{
	const struct retry_headers headers = {
		.retry_after_ms = blob_answer_header(answer, "retry-after-ms"),
		.x_ms_retry_after_ms = blob_answer_header(answer, "x-ms-retry-after-ms"),
		.retry_after = blob_answer_header(answer, "Retry-After"),
	};
	long asked = retry_asked_ms(&headers, time(NULL));
	return asked >= 0 ? asked : retry_backoff_ms(tries, jitter_next(&line->jitter));
}

struct blob_answer blob_ask(struct blob_line *line, struct arena *arena,
	const struct blob_request *request, int64_t until_ms)
{
	for (unsigned tries = 1;; tries++) {
		struct waiting w = { .arena = arena };
		blob_begin(line, request, on_waited, &w);
		while (!w.is_over)
			blob_step(line, CALL_LIMIT_MS);
		if (!may_pass(&w.answer) || tries == RETRY_TRIES)
			return w.answer;
		int64_t again = clock_ms() + pause_after(line, &w.answer, tries);
		if (again > until_ms)
			return w.answer;
		for (int64_t left = again - clock_ms(); left > 0; left = again - clock_ms())
			blob_step(line, (int)left);
	}
}

/* ---- refusals ---- */

static const char *denied_help(const struct blob_line *line)
{
	switch (line->secret.auth) {
	case BLOB_SAS:
		return "see what the SAS allows and until when: it needs read, add, create, write "
		       "and delete of the container's blobs; to plan, read";
	case BLOB_KEY:
		return "see that it is this account's key, and that the account allows keys at all";
	case BLOB_TOKEN:
		break;
	}
	return "give the identity the role Storage Blob Data Contributor on the container; to "
	       "plan, "
	       "Storage Blob Data Reader";
}

static bool unreachable(
	struct blob_line *line, const struct blob_answer *answer, struct diags *diags)
{
	if (answer->no_token) {
		diag_error(diags, line->at, "sign-in", "no token for the state's storage: %s",
			answer->problem);
		diag_help(diags, "%s",
			answer->help ? answer->help : "see that the sign-in service is reached");
		return false;
	}
	diag_error(diags, line->at, "backend-unreachable",
		"the storage account `%s` does not answer: %s", line->account,
		http_scrubbed(line->http, diags->arena, answer->problem));
	diag_help(diags, "%s; then run again: nothing that was durable is lost",
		answer->help ? answer->help : "check the account's name and the network");
	return false;
}

bool blob_refused(struct blob_line *line, const struct blob_answer *answer, const char *doing,
	struct diags *diags)
{
	if (answer->status == 0)
		return unreachable(line, answer, diags);
	const char *code = *answer->code ? answer->code : "no code";
	if (strcmp(code, "ContainerNotFound") == 0) {
		diag_error(diags, line->at, "backend-missing",
			"the storage account `%s` has no container `%s`", line->account,
			line->container);
		diag_help(diags, "make it (az storage container create), or correct `backend`");
		return false;
	}
	if (answer->status == 401 || answer->status == 403) {
		diag_error(diags, line->at, "backend-denied",
			"the storage account `%s` does not let us %s: %d %s", line->account, doing,
			answer->status, code);
		diag_help(diags, "%s", denied_help(line));
		return false;
	}
	const char *id = blob_answer_header(answer, "x-ms-request-id");
	diag_error(diags, line->at, "backend-failed",
		"the storage account `%s` failed to %s: %d %s (request %s)", line->account, doing,
		answer->status, code, id ? id : "without id");
	diag_help(diags, "run again: nothing that was durable is lost");
	return false;
}
