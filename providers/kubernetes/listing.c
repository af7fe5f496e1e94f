/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/kubernetes/listing.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "providers/kubernetes/kubernetes.h"

#define GONE 410

struct listing {
	struct listing_world *world;
	struct operation *operation;
	struct arena *arena;
	json_t *items;  /* so far */
	char *next;     /* the server's word for the next page; NULL: the first */
	unsigned pages; /* read, restarts included */
	size_t bytes;
	unsigned tries; /* failures of this page in a row */
	unsigned restarts;
	bool signed_again; /* a 401 was answered by asking who we are once more */
	int64_t began_ms;
};

static void ask(void *context);

struct listing *listing_start(struct listing_world *world, struct operation *operation)
{
	assert(operation->verb == VERB_LIST);
	struct listing *l = mem_alloc(sizeof *l);
	*l = (struct listing){ .world = world,
		.operation = operation,
		.arena = arena_new(),
		.items = json_array(),
		.began_ms = clock_ms() };
	operation->reply = NULL;
	operation->failure = (struct failure){ 0 };
	operation->request_id[0] = '\0';
	operation->requests = 0;
	timers_add(&world->timers, l->began_ms, ask, l);
	return l;
}

struct operation *listing_operation(const struct listing *l)
{
	return l->operation;
}

void listing_free(struct listing *l)
{
	if (!l)
		return;
	free(l->next);
	json_decref(l->items);
	arena_free(l->arena);
	free(l);
}

/* ---- its end ---- */

static const char *told(const struct listing *l, const char *text)
{
	return text ? http_scrubbed(l->world->http, l->operation->arena, text) : NULL;
}

static void fail(struct listing *l, const struct failure *failure)
{
	l->operation->outcome = OUTCOME_FAILED;
	l->operation->failure = (struct failure){ .code = failure->code,
		.message = told(l, failure->message),
		.help = told(l, failure->help),
		.status = failure->status };
	l->world->finished(l->world, l);
}

static void succeed(struct listing *l)
{
	l->operation->outcome = OUTCOME_DONE;
	l->operation->reply = arena_json(l->operation->arena, l->items);
	l->items = NULL;
	l->world->finished(l->world, l);
}

static void fail_answer(struct listing *l, const char *what)
{
	fail(l, &(struct failure){ .code = "cluster-answer", .message = what });
}

/* What may pass is tried again, while patience lasts. */
static void fail_passing(struct listing *l, const struct failure *failure, long asked_ms)
{
	long wait = asked_ms;
	if (wait < 0)
		wait = retry_backoff_ms(l->tries + 1, jitter_next(&l->world->jitter));
	if (++l->tries >= RETRY_TRIES || clock_ms() - l->began_ms + wait > KUBE_PATIENCE_MS)
		fail(l, failure);
	else
		timers_add(&l->world->timers, clock_ms() + wait, ask, l);
}

/* ---- a page ---- */

static void add_page(struct buf *url, const char *next)
{
	char *escaped = curl_easy_escape(NULL, next, 0);
	(void)buf_printf(url, "&continue=%s", escaped ? escaped : "");
	curl_free(escaped);
}

static void on_answer(void *context, const struct http_response *response);

static void send_request(struct listing *l, const char *token, const struct http_tls *tls)
{
	struct buf url, authorization;
	struct http_header headers[2] = { { "Accept", "application/json" } };
	size_t count = 1;
	buf_init(&url, BUF_OWN_TEXT);
	buf_init(&authorization, BUF_OWN_TEXT);
	(void)buf_printf(
		&url, "%s%s?limit=%d", l->world->server, l->operation->path, KUBE_PAGE_ITEMS);
	if (l->operation->query)
		(void)buf_printf(&url, "&%s", l->operation->query);
	if (l->next)
		add_page(&url, l->next);
	if (token) {
		(void)buf_printf(&authorization, "Bearer %s", token);
		headers[count++] = (struct http_header){ "Authorization", authorization.data };
	}
	l->operation->requests++;
	http_send(l->world->http,
		&(struct http_request){ .method = "GET",
			.url = url.data,
			.headers = headers,
			.nheaders = count,
			.tls = tls,
			.limit_ms = l->world->request_ms,
			.repeatable = true,
			.done = on_answer,
			.context = l });
	explicit_bzero(authorization.data, authorization.len);
	buf_release(&authorization);
	buf_release(&url);
}

static void ask(void *context)
{
	struct listing *l = context;
	const char *token = NULL;
	struct http_tls tls;
	struct failure failure;
	if (clock_ms() - l->began_ms > KUBE_LIST_MS)
		fail_answer(l, "its list takes longer than we wait");
	else if (identity_get(l->world->identity, l->arena, &token, &tls, &failure))
		send_request(l, token, &tls);
	else
		fail(l, &failure);
}

/* ---- answers ---- */

static void copy_member(const json_t *from, json_t *to, const char *pointer)
{
	json_t *value = json_at(from, pointer);
	if (value)
		(void)json_put(to, pointer, json_incref(value));
}

static void add_item(struct listing *l, const json_t *item)
{
	static const char *const members[] = { "/metadata/name", "/metadata/labels",
		"/spec/podCIDR", "/spec/podCIDRs", "/status/addresses" };
	json_t *kept = json_object();
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		copy_member(item, kept, members[i]);
	(void)json_array_append_new(l->items, kept);
}

static void read_page(struct listing *l, const json_t *page)
{
	const json_t *items = json_object_get(page, "items"), *item;
	const char *next = json_text_at(page, "/metadata/continue");
	size_t i;
	if (!json_is_array(items)) {
		fail_answer(l, "its answer is not a list");
		return;
	}
	json_array_foreach (items, i, item)
		add_item(l, item);
	bool is_last = !next || !*next;
	if (json_array_size(l->items) > KUBE_ITEMS_MOST ||
		(!is_last && (++l->pages >= KUBE_PAGES_MOST || l->bytes > KUBE_BYTES_MOST))) {
		fail_answer(l, "its list is longer than we take");
		return;
	}
	if (is_last) {
		succeed(l);
		return;
	}
	if (l->next && strcmp(l->next, next) == 0) {
		fail_answer(l, "the pages of its list lead in a circle");
		return;
	}
	free(l->next);
	l->next = mem_strdup(next);
	l->tries = 0;
	l->signed_again = false;
	timers_add(&l->world->timers, clock_ms(), ask, l);
}

/* What the server says of a refusal (a Status), or that it says nothing. */
static const char *reason_of(struct listing *l, int status, const json_t *body)
{
	const char *message = json_text_at(body, "/message");
	if (message && *message)
		return arena_printf(l->arena, "it answered %d: %s", status, message);
	if (status >= 300 && status < 400)
		return arena_printf(
			l->arena, "it answered %d, a redirect, and none is followed", status);
	return arena_printf(l->arena, "it answered %d", status);
}

static const char *help_of(int status)
{
	if (status == 401)
		return "sign in anew, or choose another context of the kubeconfig";
	if (status == 403)
		return "give the user a ClusterRole that may list nodes";
	if (status >= 300 && status < 400)
		return "give the API server's own address in the kubeconfig";
	return NULL;
}

static void restart(struct listing *l, const struct failure *failure)
{
	if (!l->next || ++l->restarts > KUBE_RESTARTS_MOST) {
		fail(l, failure);
		return;
	}
	(void)json_array_clear(l->items);
	free(l->next);
	l->next = NULL;
	l->tries = 0;
	timers_add(&l->world->timers, clock_ms(), ask, l);
}

static void read_answer(struct listing *l, const struct http_response *response, const json_t *body)
{
	const struct retry_headers headers = { .retry_after =
						       http_header(response, "Retry-After") };
	int status = response->status;
	struct failure failure = { .code = status == 401 ? "cluster-sign-in" : "cluster-refused",
		.message = reason_of(l, status, body),
		.help = help_of(status),
		.status = status };
	if (status == 200 && body) {
		read_page(l, body);
	} else if (status == 200) {
		fail_answer(l, "its answer is not JSON");
	} else if (status == 401 && !l->signed_again && identity_refused(l->world->identity)) {
		l->signed_again = true;
		timers_add(&l->world->timers, clock_ms(), ask, l);
	} else if (status == GONE) {
		restart(l, &failure);
	} else if (retry_status_passes(status)) {
		fail_passing(l, &failure, retry_asked_ms(&headers, time(NULL)));
	} else {
		fail(l, &failure);
	}
}

static void no_answer(struct listing *l, const struct http_response *response)
{
	/* Whom to trust is the kubeconfig's to say, and not that of the variables. */
	bool untrusted = response->result == HTTP_UNTRUSTED;
	struct failure failure = { .code = untrusted ? "cluster-untrusted" : "cluster-unreachable",
		.message = response->problem,
		.help = untrusted ? NULL : response->help };
	if (response->result == HTTP_TOO_LARGE)
		fail_answer(l, response->problem);
	else if (http_may_pass(response->result))
		fail_passing(l, &failure, -1);
	else
		fail(l, &failure);
}

static void on_answer(void *context, const struct http_response *response)
{
	struct listing *l = context;
	if (response->result != HTTP_ANSWERED) {
		no_answer(l, response);
		return;
	}
	char *why = NULL;
	l->bytes += response->body_len;
	json_t *body =
		json_parse(l->arena, response->body, response->body_len, HTTP_BODY_LIMIT, &why);
	read_answer(l, response, body);
	json_decref(body);
}
