/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/azure/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/net/redact.h"
#include "providers/net/url.h"

#define REDIRECTS_MOST 5
#define OPERATION_LIMIT_MS 7200000 /* from accepted to ended */

static const char *const methods[] = { [VERB_LIST] = "GET",
	[VERB_GET] = "GET",
	[VERB_PUT] = "PUT",
	[VERB_PATCH] = "PATCH",
	[VERB_DELETE] = "DELETE",
	[VERB_POST] = "POST" };

bool exchange_writes(const struct exchange *e)
{
	return e->operation->verb != VERB_GET && e->operation->verb != VERB_LIST;
}

enum pace_kind exchange_kind(const struct exchange *e)
{
	if (!exchange_writes(e) || e->phase != EXCHANGE_REQUEST)
		return PACE_READS;
	return e->operation->verb == VERB_DELETE ? PACE_DELETES : PACE_WRITES;
}

/* ---- Beginning and end -------------------------------------------------------------------- */

/* Curl rewrites paths with such segments, so that another resource would be asked. */
static bool is_dots(const char *segment, size_t len)
{
	size_t dots = 0;
	for (; len; dots++) {
		size_t one = *segment == '.' ? 1 : 3;
		if (len < one || (one == 3 && !text_starts_nocase(segment, "%2e")))
			return false;
		segment += one;
		len -= one;
	}
	return dots == 1 || dots == 2;
}

static bool has_dot_segment(const char *path, size_t len)
{
	for (const char *end = path + len; path < end; path++) {
		const char *slash = memchr(path, '/', (size_t)(end - path));
		const char *next = slash ? slash : end;
		if (is_dots(path, (size_t)(next - path)))
			return true;
		path = next;
	}
	return false;
}

/* Names may hold any letter: what a path cannot, is percent-encoded. NULL for no path. */
static const char *make_url(struct exchange *e)
{
	const struct operation *operation = e->operation;
	const char *path = operation->path;
	if (operation->raw) {
		const char *url = operation->raw->url;
		return has_dot_segment(url, strcspn(url, "?")) ? NULL : arena_strdup(e->arena, url);
	}
	if (path[0] != '/' || has_dot_segment(path, strlen(path)))
		return NULL;
	struct buf url;
	buf_init(&url, BUF_OWN_TEXT);
	(void)buf_puts(&url, e->world->arm);
	url_encode(&url, path, URL_IN_PATH);
	(void)buf_printf(&url, "?api-version=%s",
		versions_for(&e->world->versions, path, operation->api_version));
	const char *copy = arena_strdup(e->arena, url.data);
	buf_release(&url);
	return copy;
}

/* The query goes with the request itself, not with the reads that follow it. */
const char *exchange_first_url(struct exchange *e)
{
	const char *query = e->operation->query;
	return query ? arena_printf(e->arena, "%s&%s", e->resource_url, query) : e->resource_url;
}

static void begin(void *context)
{
	struct exchange *e = context;
	const struct operation *o = e->operation;
	if (e->resource_url && o->resume) {
		e->phase = EXCHANGE_POLL;
		e->accepted = e->operation->accepted = true;
		if (lro_resume(&e->lro, e->arena, o->verb, e->resource_url, o->resume))
			exchange_go(e, e->lro.url, 0);
		else
			exchange_fail(e,
				&(struct failure){ .code = "bad-answer",
					.message = "nobody knows where to ask for its end" });
		return;
	}
	if (e->resource_url) {
		exchange_go(e, exchange_first_url(e), 0);
		return;
	}
	exchange_finish(e, OUTCOME_FAILED,
		&(struct failure){ .code = "bad-path",
			.message = arena_printf(e->arena, "`%s` is not the path of a resource",
				e->operation->path) });
}

struct exchange *exchange_start(struct exchange_world *world, struct operation *operation)
{
	struct exchange *e = mem_alloc(sizeof *e);
	*e = (struct exchange){ .world = world, .operation = operation, .arena = arena_new() };
	operation->internal = e;
	operation->accepted = false;
	operation->reply = NULL;
	operation->etag = NULL;
	operation->failure = (struct failure){ 0 };
	operation->requests = 0;
	e->resource_url = make_url(e);
	if (operation->body)
		e->body = json_dumps(operation->body, JSON_COMPACT | JSON_ENCODE_ANY);
	else if (exchange_writes(e) && operation->verb != VERB_DELETE)
		e->body = mem_strdup(""); /* so that its length is told */
	if (operation->verb == VERB_LIST) {
		e->items = json_array();
		e->links = json_object();
	}
	int delay = operation->delay_ms > 0 ? operation->delay_ms : 0;
	timers_add(&world->timers, clock_ms() + delay, begin, e);
	return e;
}

void exchange_free(struct exchange *e)
{
	free(e->body);
	json_decref(e->items);
	json_decref(e->links);
	arena_free(e->arena);
	free(e);
}

static const char *told(struct exchange *e, const char *text)
{
	return text ? http_scrubbed(e->world->http, e->operation->arena, text) : NULL;
}

static void show_answer(struct exchange *e, struct raw_request *raw)
{
	struct arena *arena = e->operation->arena;
	struct buf line;
	buf_init(&line, BUF_OWN_TEXT);
	raw->status = e->response->status;
	for (size_t i = 0; i < e->response->nheaders; i++) {
		const struct http_header *header = &e->response->headers[i];
		buf_clear(&line);
		redact_header(&line, header->name, header->value);
		*ARENA_PUSH(arena, raw->lines, raw->nlines) = told(e, line.data);
	}
	buf_release(&line);
}

void exchange_finish(struct exchange *e, enum outcome outcome, const struct failure *failure)
{
	struct operation *operation = e->operation;
	if (operation->raw && e->response)
		show_answer(e, operation->raw);
	operation->outcome = outcome;
	operation->internal = NULL;
	if (failure)
		operation->failure = (struct failure){
			.code = told(e, failure->code),
			.message = told(e, failure->message),
			.target = told(e, failure->target),
			.request_id = told(e, failure->request_id),
			.help = told(e,
				failure->help ? failure->help : arm_error_help(e->arena, failure)),
			.status = failure->status,
		};
	e->world->finished(e->world, e);
}

void exchange_fail(struct exchange *e, const struct failure *failure)
{
	exchange_finish(e, e->accepted ? OUTCOME_UNKNOWN : OUTCOME_FAILED, failure);
}

/* ---- Sending ------------------------------------------------------------------------------ */

static void on_answer(void *context, const struct http_response *response);

#define HEADERS_OWN 8

struct headers {
	struct http_header items[HEADERS_OWN + RAW_HEADERS_MOST];
	size_t count, given; /* those that were given come first */
};

static void add_header(struct headers *all, const char *name, const char *value)
{
	for (size_t i = 0; i < all->given; i++)
		if (text_same_nocase(all->items[i].name, name))
			return;
	if (value && all->count < ARRAY_LEN(all->items))
		all->items[all->count++] = (struct http_header){ name, value };
}

static void add_headers(
	const struct exchange *e, struct headers *all, const char *authorization, bool writes)
{
	const struct operation *operation = e->operation;
	const struct raw_request *raw = e->phase == EXCHANGE_REQUEST ? operation->raw : NULL;
	for (size_t i = 0; raw && i < raw->nheaders && i < RAW_HEADERS_MOST; i++)
		all->items[all->count++] =
			(struct http_header){ raw->headers[i].name, raw->headers[i].value };
	all->given = all->count;
	add_header(all, "Authorization", authorization);
	add_header(all, "Accept", "application/json");
	add_header(all, "x-ms-client-request-id", operation->request_id);
	add_header(all, "x-ms-return-client-request-id", "true");
	add_header(all, "x-ms-correlation-request-id", e->world->correlation_id);
	add_header(all, "Content-Type", writes && e->body && *e->body ? "application/json" : NULL);
	add_header(all, "If-Match", writes ? operation->if_match : NULL);
	add_header(all, "If-None-Match", writes ? operation->if_none_match : NULL);
}

static const char *method_of(const struct exchange *e)
{
	if (e->phase != EXCHANGE_REQUEST)
		return e->phase == EXCHANGE_REGISTER ? "POST" : "GET";
	return e->operation->raw ? e->operation->raw->method : methods[e->operation->verb];
}

static void on_token(void *context, const struct token *token)
{
	struct exchange *e = context;
	struct operation *operation = e->operation;
	if (!token->text) {
		exchange_fail(e,
			&(struct failure){ .code = "sign-in",
				.message = token->problem,
				.help = token->help });
		return;
	}
	e->token_number = token->number;
	bool writes = exchange_writes(e) && e->phase == EXCHANGE_REQUEST;
	if (writes && operation->may_leave && !operation->may_leave(operation)) {
		exchange_fail(e,
			&(struct failure){ .code = "state-lost",
				.message = "it was not sent: the lease of the state is not "
					   "known to be ours any more" });
		return;
	}
	if (operation->requests > 0 || !operation->request_id[0])
		uuid_random(operation->request_id);
	struct buf authorization;
	buf_init(&authorization, BUF_OWN_TEXT);
	(void)buf_printf(&authorization, "Bearer %s", token->text);
	struct headers headers = { .count = 0 };
	add_headers(e, &headers, authorization.data, writes);
	operation->requests++;
	http_send(e->world->http,
		&(struct http_request){
			.method = method_of(e),
			.url = e->url,
			.headers = headers.items,
			.nheaders = headers.count,
			.body = writes                          ? e->body
				: e->phase == EXCHANGE_REGISTER ? ""
								: NULL,
			.body_len = writes && e->body ? strlen(e->body) : 0,
			.repeatable = !writes,
			.done = on_answer,
			.context = e,
		});
	explicit_bzero(authorization.data, authorization.len);
	buf_release(&authorization);
}

static void send_now(void *context)
{
	struct exchange *e = context;
	int64_t paused_ms = pace_paused_ms(&e->world->pace, exchange_kind(e));
	if (clock_ms() < paused_ms) {
		timers_add(&e->world->timers, paused_ms, send_now, e);
		return;
	}
	e->response = NULL;
	token_want(e->world->tokens, on_token, e);
}

void exchange_go(struct exchange *e, const char *url, long wait_ms)
{
	e->url = url;
	if (!url_same_origin(url, e->world->arm)) {
		exchange_fail(e,
			&(struct failure){ .code = "foreign-url",
				.message = arena_printf(e->arena,
					"the cloud's answer leads to `%s`, outside of %s: not "
					"asked",
					url, e->world->arm) });
		return;
	}
	if (wait_ms > 0)
		timers_add(&e->world->timers, clock_ms() + wait_ms, send_now, e);
	else
		send_now(e);
}

/* ---- What any answer may be --------------------------------------------------------------- */

static void no_answer(struct exchange *e, const struct http_response *response)
{
	struct failure failure = {
		.code = response->kind, .message = response->problem, .help = response->help
	};
	if (http_may_pass(response->result))
		exchange_passing(e, &failure, -1, response->result == HTTP_NOT_SENT);
	else if (response->result == HTTP_TOO_LARGE)
		exchange_finish(e, exchange_writes(e) ? OUTCOME_UNKNOWN : OUTCOME_FAILED, &failure);
	else
		exchange_fail(e, &failure);
}

static void unauthorised(struct exchange *e, const struct answer *answer)
{
	if (!e->signed_again &&
		token_refused(e->world->tokens, e->token_number, answer->www_authenticate)) {
		e->signed_again = true;
		exchange_go(e, e->url, 0);
		return;
	}
	struct failure failure = answer->error.failure;
	failure.help = "the token was refused: sign in anew, and check tenant and cloud";
	exchange_fail(e, &failure);
}

/* What is shown as it came must not hold what we signed in with, wherever a server repeats it. */
static const char *body_text(struct exchange *e, const struct http_response *response)
{
	if (!e->operation->raw)
		return response->body;
	char *copy = arena_strndup(e->arena, response->body, response->body_len);
	http_cut_secrets(e->world->http, copy, response->body_len);
	return copy;
}

static void read_response(
	struct exchange *e, const struct http_response *response, struct answer *answer)
{
	const struct retry_headers retry = {
		.retry_after_ms = http_header(response, "retry-after-ms"),
		.x_ms_retry_after_ms = http_header(response, "x-ms-retry-after-ms"),
		.retry_after = http_header(response, "Retry-After"),
	};
	char *why = NULL;
	*answer = (struct answer){
		.status = response->status,
		.text = body_text(e, response),
		.body_len = response->body_len,
		.etag = http_header(response, "ETag"),
		.request_id = http_header(response, "x-ms-request-id"),
		.www_authenticate = http_header(response, "WWW-Authenticate"),
		.error_code = http_header(response, "x-ms-error-code"),
	};
	if (response->body_len)
		answer->body = json_parse(
			e->arena, answer->text, response->body_len, HTTP_BODY_LIMIT, &why);
	answer->lro = (struct lro_answer){
		.status = response->status,
		.body = answer->body,
		.async_operation = http_header(response, "Azure-AsyncOperation"),
		.operation_location = http_header(response, "Operation-Location"),
		.location = http_header(response, "Location"),
		.asked_ms = retry_asked_ms(&retry, time(NULL)),
	};
	if (answer->status >= 300) {
		arm_error_read(
			e->arena, answer->status, answer->body, answer->error_code, &answer->error);
		answer->error.failure.request_id = answer->request_id;
		answer->lro.absent = arm_error_is_absent(&answer->error);
	}
}

/* Reads go where they are sent, within the cloud; a write only where its method and body stay what
 * they are. */
static bool redirected(struct exchange *e, const struct answer *answer)
{
	int status = answer->status;
	bool moved = status == 301 || status == 302 || status == 303;
	bool same = status == 307 || status == 308;
	const char *location = answer->lro.location;
	if ((!moved && !same) || !location || !*location)
		return false;
	bool writes = exchange_writes(e) && e->phase == EXCHANGE_REQUEST;
	const char *url = url_resolve(e->arena, e->url, location);
	if (url && !(writes && moved) && e->redirects++ < REDIRECTS_MOST) {
		exchange_go(e, url, 0);
		return true;
	}
	exchange_fail(e,
		&(struct failure){ .code = "redirected",
			.status = status,
			.request_id = answer->request_id,
			.message = arena_printf(e->arena, "it is sent on to `%s`%s", location,
				writes && moved ? ", where a write does not follow" : " once more"),
			.help = "is there a proxy between us and Azure that answers in its "
				"place?" });
	return true;
}

static void read_pace(struct exchange *e, const struct http_response *response)
{
	struct pace *pace = &e->world->pace;
	const char *headers[PACE_KINDS];
	for (int kind = 0; kind < PACE_KINDS; kind++)
		headers[kind] = http_header(response, pace_headers[kind]);
	pace_read(pace, headers, clock_ms());
	if (response->status < 300)
		pace_answered(pace);
}

/* Whether the request under way is of ours, in a version that we chose: not a next page, nor a
 * status, whose URLs are the cloud's. */
static bool asks_in_our_version(const struct exchange *e)
{
	if (e->operation->raw)
		return false;
	if (e->phase == EXCHANGE_REQUEST)
		return json_object_size(e->links) == 0;
	return (e->phase == EXCHANGE_POLL || e->phase == EXCHANGE_FINAL) &&
		e->url == e->resource_url;
}

/* The cloud does not know the version that was asked in, and another one that we know. */
static bool asks_in_another_version(struct exchange *e, const struct answer *answer)
{
	const struct operation *o = e->operation;
	if (answer->status < 300 || !versions_concern(&answer->error) || !asks_in_our_version(e))
		return false;
	/* Another operation may have found out meanwhile. */
	const char *now = versions_for(&e->world->versions, o->path, o->api_version);
	bool other = !strstr(e->resource_url, arena_printf(e->arena, "api-version=%s", now));
	if (!other &&
		!versions_refused(&e->world->versions, o->path, o->api_version, &answer->error))
		return false;
	e->resource_url = make_url(e);
	if (e->phase != EXCHANGE_REQUEST)
		lro_resource_is_at(&e->lro, e->resource_url);
	exchange_go(e, e->phase == EXCHANGE_REQUEST ? exchange_first_url(e) : e->resource_url, 0);
	return true;
}

static void on_answer(void *context, const struct http_response *response)
{
	struct exchange *e = context;
	struct exchange_world *world = e->world; /* which is there when the exchange has ended */
	e->response = response;
	if (response->sent > 1)
		e->operation->requests += response->sent - 1;
	if (response->result != HTTP_ANSWERED) {
		no_answer(e, response);
		return;
	}
	struct answer answer;
	read_response(e, response, &answer);
	read_pace(e, response);
	if (answer.status == 401) {
		unauthorised(e, &answer);
	} else if (answer.status == 429) {
		exchange_throttled(e, &answer.error, answer.lro.asked_ms);
	} else if (retry_status_passes(answer.status)) {
		exchange_passing(e, &answer.error.failure, answer.lro.asked_ms, false);
	} else if (redirected(e, &answer)) {
		/* It goes on elsewhere, or has ended. */
	} else if (registration_reads(e, &answer) || asks_in_another_version(e, &answer)) {
		world->quiet_ms = 0;
	} else if (e->accepted && exchange_elapsed(&e->accepted_ms) > OPERATION_LIMIT_MS) {
		exchange_fail(e,
			&(struct failure){ .code = "timeout",
				.message = "the operation has not ended in two hours" });
	} else {
		e->signed_again = false;
		e->redirects = 0;
		e->throttled_ms = e->silent_ms = e->world->quiet_ms = 0;
		e->world->answered = true;
		answer_read(e, &answer);
	}
	json_decref(answer.body);
}
