/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/text.h"
#include "providers/net/known.h"
#include "providers/net/proxy.h"
#include "providers/net/telling.h"
#include "providers/net/timer.h"
#include "providers/net/trouble.h"
#include "providers/net/trust.h"
#include "providers/net/url.h"

#define LONGEST_WAIT_MS 3600000

/* One request on its way; lives from http_send() until its callback has returned. */
struct transfer {
	struct transfer *next, *previous; /* in http->transfers */
	struct transfer *queued;          /* the next that waits its turn */
	struct http *http;
	struct http_request request;
	struct arena *arena;
	CURL *easy; /* NULL: refused before it was made */
	struct curl_slist *lines;
	struct curl_slist *route; /* where the URL's host really is; or NULL */
	struct buf body;
	struct http_header headers[HTTP_HEADERS_MOST];
	size_t nheaders, header_bytes;
	int64_t began_ms;
	unsigned starts; /* times that curl was about to write the request to a connection */
	bool too_large;
	const char *refusal;
	char trouble[CURL_ERROR_SIZE];
};

struct http {
	CURLM *multi;
	struct net_log log;
	char *user_agent;
	int most, active, connections;
	unsigned sent;
	bool seen_1, seen_2; /* versions of HTTP, in answers over TLS */
	bool leaves;         /* kept connections are left when nothing is under way any more */
	int pipe[2];         /* the second end wakes who polls the first */
	struct transfer *transfers;
	struct transfer *queue, **queue_end;
	struct known known;
	struct proxy proxy;
};

static CURLM *multi_new(int connections)
{
	CURLM *multi = curl_multi_init();
	if (!multi)
		abort();
	(void)curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)connections);
	(void)curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	return multi;
}

struct http *http_open(const struct http_options *options)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
	struct http *http = mem_alloc(sizeof *http);
	*http = (struct http){ .multi = multi_new(options->max_connections),
		.connections = options->max_connections,
		.log = options->log,
		.user_agent = mem_strdup(options->user_agent),
		.most = options->max_connections };
	http->queue_end = &http->queue;
	if (pipe(http->pipe) != 0)
		abort();
	for (int i = 0; i < 2; i++)
		if (fcntl(http->pipe[i], F_SETFL, O_NONBLOCK) != 0 ||
			fcntl(http->pipe[i], F_SETFD, FD_CLOEXEC) != 0)
			abort();
	http->proxy = proxy_find(&http->known);
	return http;
}

static void clear(char *bytes, size_t len)
{
	if (bytes && len)
		explicit_bzero(bytes, len);
}

static void transfer_free(struct transfer *transfer)
{
	struct http *http = transfer->http;
	if (transfer->previous)
		transfer->previous->next = transfer->next;
	else
		http->transfers = transfer->next;
	if (transfer->next)
		transfer->next->previous = transfer->previous;
	curl_easy_cleanup(transfer->easy);
	for (struct curl_slist *line = transfer->lines; line; line = line->next)
		clear(line->data, strlen(line->data));
	curl_slist_free_all(transfer->lines);
	curl_slist_free_all(transfer->route);
	for (size_t i = 0; i < transfer->request.nheaders; i++) {
		char *value = (char *)transfer->request.headers[i].value;
		clear(value, strlen(value));
	}
	if (transfer->request.secret)
		clear(transfer->body.data, transfer->body.len);
	buf_release(&transfer->body);
	arena_free(transfer->arena);
	free(transfer);
}

void http_close(struct http *http)
{
	if (!http)
		return;
	for (struct transfer *t = http->transfers; t; t = t->next)
		if (t->easy)
			(void)curl_multi_remove_handle(http->multi, t->easy);
	while (http->transfers)
		transfer_free(http->transfers);
	(void)curl_multi_cleanup(http->multi);
	known_release(&http->known);
	(void)close(http->pipe[0]);
	(void)close(http->pipe[1]);
	free(http->user_agent);
	free(http->proxy.host);
	free(http);
	curl_global_cleanup();
}

void http_keep_secret(struct http *http, const char *secret)
{
	known_keep(&http->known, secret);
}

void http_cut_secrets(const struct http *http, char *text, size_t len)
{
	known_cut_bytes(&http->known, text, len);
}

char *http_scrubbed(const struct http *http, struct arena *arena, const char *text)
{
	return known_scrubbed(&http->known, arena, text);
}

/* ---- Curl's callbacks --------------------------------------------------------------------- */

static size_t on_body(char *bytes, size_t one, size_t len, void *context)
{
	struct transfer *transfer = context;
	(void)one;
	if (buf_add(&transfer->body, bytes, len))
		return len;
	transfer->too_large = true;
	return 0;
}

static size_t on_header(char *line, size_t one, size_t len, void *context)
{
	struct transfer *transfer = context;
	(void)one;
	transfer->header_bytes += len;
	if (transfer->header_bytes > HTTP_HEADERS_LIMIT) {
		transfer->too_large = true;
		return 0;
	}
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		transfer->nheaders = 0; /* a status line: what came before was interim */
		return len;
	}
	const char *colon = memchr(line, ':', len);
	if (!colon)
		return len;
	/* Without the last of them it might say something else. */
	if (transfer->nheaders == HTTP_HEADERS_MOST) {
		transfer->too_large = true;
		return 0;
	}
	const char *value = colon + 1;
	const char *end = line + len;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && (unsigned char)end[-1] <= ' ')
		end--;
	transfer->headers[transfer->nheaders++] = (struct http_header){
		.name = arena_strndup(transfer->arena, line, (size_t)(colon - line)),
		.value = arena_strndup(transfer->arena, value, (size_t)(end - value)),
	};
	return len;
}

/* A kept connection may die under a request before an answer begins. Curl would then send the
 * request again by itself; for a write that is ours to decide, since the first may have done its
 * work. */
static int on_start(
	void *context, char *their_address, char *our_address, int their_port, int our_port)
{
	struct transfer *transfer = context;
	(void)their_address, (void)our_address, (void)their_port, (void)our_port;
	transfer->starts++;
	if (transfer->starts > 1 && !transfer->request.repeatable)
		return CURL_PREREQFUNC_ABORT;
	return CURL_PREREQFUNC_OK;
}

/* ---- Sending ------------------------------------------------------------------------------ */

static const char *refusal(const struct http_request *request)
{
	bool may_be_plain = url_is_loopback(request->url) ||
		(request->on_host && url_is_link_local(request->url));
	if (!url_has_scheme(request->url, "https") &&
		!(url_has_scheme(request->url, "http") && may_be_plain))
		return "only https is spoken, and http to loopback hosts";
	for (size_t i = 0; i < request->nheaders; i++)
		for (const char *c = request->headers[i].value; *c; c++)
			if ((unsigned char)*c < ' ' || *c == 0x7f)
				return "a header has a control character";
	return NULL;
}

static void set_method(struct transfer *transfer)
{
	const struct http_request *request = &transfer->request;
	CURL *easy = transfer->easy;
	if (request->body) {
		(void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(
			easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
	}
	(void)curl_easy_setopt(
		easy, CURLOPT_NOBODY, strcmp(request->method, "HEAD") == 0 ? 1L : 0L);
	(void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
	struct curl_slist *lines = NULL;
	struct buf line;
	buf_init(&line, BUF_OWN_TEXT);
	for (size_t i = 0; i < request->nheaders; i++) {
		buf_clear(&line);
		(void)buf_printf(
			&line, "%s: %s", request->headers[i].name, request->headers[i].value);
		lines = curl_slist_append(lines, line.data);
		clear(line.data, line.len);
	}
	buf_release(&line);
	transfer->lines = curl_slist_append(lines, "Expect:");
	(void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->lines);
}

static void set_bounds(struct transfer *transfer)
{
	CURL *easy = transfer->easy;
	const char *url = transfer->request.url;
	bool plain = url_has_scheme(url, "http");
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
	(void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L); /* signed URLs stay as they are */
	(void)curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (proxy_is_passed_by(url, transfer->request.on_host))
		(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	(void)curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
	(void)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 262144L);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, HTTP_CONNECT_LIMIT_MS);
	long limit_ms =
		transfer->request.limit_ms ? transfer->request.limit_ms : HTTP_TOTAL_LIMIT_MS;
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)clock_wait_ms((int)limit_ms));
	(void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, HTTP_SILENCE_LIMIT_S);
}

/* Curl takes the name to verify from the URL alone. So the name stands there, and the connection
 * and the Host header are led back to where the request was meant for. */
static bool set_server_name(struct transfer *transfer, const char *name)
{
	const char *route = NULL, *host = NULL;
	const char *url =
		url_under_name(transfer->arena, transfer->request.url, name, &route, &host);
	if (!url)
		return false;
	transfer->route = curl_slist_append(NULL, route);
	transfer->lines =
		curl_slist_append(transfer->lines, arena_printf(transfer->arena, "Host: %s", host));
	(void)curl_easy_setopt(transfer->easy, CURLOPT_URL, url);
	(void)curl_easy_setopt(transfer->easy, CURLOPT_CONNECT_TO, transfer->route);
	(void)curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->lines);
	return true;
}

static void set_tls(struct transfer *transfer)
{
	const struct http_tls *tls = transfer->request.tls;
	CURL *easy = transfer->easy;
	transfer->request.tls = NULL;
	if (!tls)
		return;
	if (tls->authority)
		trust_alone(easy, tls->authority);
	if (tls->certificate && tls->key) {
		trust_set_pem(easy, CURLOPT_SSLCERT_BLOB, tls->certificate);
		trust_set_pem(easy, CURLOPT_SSLKEY_BLOB, tls->key);
		/* Else OpenSSL would ask the terminal for the password of a key that has one. */
		(void)curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
	}
	if (tls->server_name && !set_server_name(transfer, tls->server_name))
		transfer->refusal = "the name of the server's certificate is no host's";
}

static void set_callbacks(struct transfer *transfer)
{
	CURL *easy = transfer->easy;
	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->trouble);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	(void)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_start);
	(void)curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
}

void http_send(struct http *http, const struct http_request *request)
{
	struct transfer *transfer = mem_alloc(sizeof *transfer);
	*transfer = (struct transfer){ .http = http, .request = *request, .arena = arena_new() };
	transfer->request.url = arena_strdup(transfer->arena, request->url);
	transfer->request.headers = NULL;
	for (size_t i = 0, n = 0; i < request->nheaders; i++) {
		struct http_header *copies = (struct http_header *)transfer->request.headers;
		*ARENA_PUSH(transfer->arena, copies, n) = (struct http_header){
			.name = arena_strdup(transfer->arena, request->headers[i].name),
			.value = arena_strdup(transfer->arena, request->headers[i].value),
		};
		transfer->request.headers = copies;
	}
	buf_init(&transfer->body, HTTP_BODY_LIMIT);
	transfer->refusal = refusal(request);
	if (!transfer->refusal) {
		transfer->easy = curl_easy_init();
		if (!transfer->easy)
			abort();
		(void)curl_easy_setopt(transfer->easy, CURLOPT_URL, transfer->request.url);
		(void)curl_easy_setopt(transfer->easy, CURLOPT_USERAGENT, http->user_agent);
		set_method(transfer);
		set_bounds(transfer);
		set_callbacks(transfer);
		trust_usual(transfer->arena, transfer->easy);
		set_tls(transfer);
	}
	transfer->next = http->transfers;
	if (http->transfers)
		http->transfers->previous = transfer;
	http->transfers = transfer;
	*http->queue_end = transfer;
	http->queue_end = &transfer->queued;
}

/* ---- Answers ------------------------------------------------------------------------------ */

/* Of a connection that many share, a timeout ends one stream alone, and curl would go on using it,
 * though all of it may be dead. Curl cannot be told to leave a connection, but all of them. */
static void note_silence(struct transfer *transfer)
{
	struct http *http = transfer->http;
	bool shared = http->seen_2 || !http->seen_1;
	if (shared && url_has_scheme(transfer->request.url, "https"))
		http->leaves = true;
}

static void note_version(struct transfer *transfer)
{
	long version = 0;
	if (!url_has_scheme(transfer->request.url, "https"))
		return;
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_VERSION, &version);
	if (version == CURL_HTTP_VERSION_2_0)
		transfer->http->seen_2 = true;
	else
		transfer->http->seen_1 = true;
}

static void deliver(struct transfer *transfer, CURLcode code)
{
	if (transfer->starts > 1)
		transfer->http->sent += transfer->starts - 1;
	struct http_response response = { .body = "", .sent = transfer->starts };
	if (transfer->refusal) {
		trouble_refused(transfer->refusal, &response);
	} else if (code != CURLE_OK) {
		const struct proxy *proxy = &transfer->http->proxy;
		bool passes_by =
			proxy_is_passed_by(transfer->request.url, transfer->request.on_host);
		trouble_read(transfer->arena,
			&(struct trouble){ .easy = transfer->easy,
				.code = code,
				.url = transfer->request.url,
				.text = transfer->trouble,
				.proxy = proxy->host && !passes_by ? proxy : NULL,
				.started = transfer->starts > 0,
				.too_large = transfer->too_large },
			&response);
	} else {
		long status = 0;
		(void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
		response.status = (int)status;
		response.headers = transfer->headers;
		response.nheaders = transfer->nheaders;
		response.body = transfer->body.data;
		response.body_len = transfer->body.len;
		note_version(transfer);
	}
	if (response.result == HTTP_TIMED_OUT)
		note_silence(transfer);
	telling_answer(&transfer->http->log, &transfer->http->known,
		&(struct told){ .request = &transfer->request,
			.response = &response,
			.easy = transfer->easy,
			.took_ms = clock_ms() - transfer->began_ms });
	transfer->request.done(transfer->request.context, &response);
	transfer_free(transfer);
}

static void leave_connections(struct http *http)
{
	(void)curl_multi_cleanup(http->multi);
	http->multi = multi_new(http->connections);
	http->leaves = false;
}

static bool may_start(const struct http *http)
{
	return http->queue->refusal || (!http->leaves && http->active < http->most);
}

static bool start_waiting(struct http *http)
{
	bool delivered = false;
	if (http->leaves && http->active == 0)
		leave_connections(http);
	while (http->queue && may_start(http)) {
		struct transfer *transfer = http->queue;
		http->queue = transfer->queued;
		if (!http->queue)
			http->queue_end = &http->queue;
		transfer->began_ms = clock_ms();
		if (transfer->refusal) {
			deliver(transfer, CURLE_OK);
			delivered = true;
			continue;
		}
		http->active++;
		http->sent++;
		telling_request(&http->log, &http->known, &transfer->request);
		if (curl_multi_add_handle(http->multi, transfer->easy) != CURLM_OK)
			abort();
	}
	return delivered;
}

static bool deliver_finished(struct http *http)
{
	bool delivered = false;
	int left = 0;
	for (CURLMsg *message = curl_multi_info_read(http->multi, &left); message;
		message = curl_multi_info_read(http->multi, &left)) {
		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode code = message->data.result;
		char *private = NULL;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
		struct transfer *transfer = (struct transfer *)(void *)private;
		(void)curl_multi_remove_handle(http->multi, transfer->easy);
		http->active--;
		deliver(transfer, code);
		delivered = true;
	}
	return delivered;
}

static bool move(struct http *http)
{
	int running = 0;
	bool delivered = start_waiting(http);
	if (curl_multi_perform(http->multi, &running) != CURLM_OK)
		abort();
	return deliver_finished(http) || delivered;
}

void http_step(struct http *http, int timeout_ms)
{
	if (move(http))
		timeout_ms = 0;
	else if (timeout_ms < 0 || timeout_ms > LONGEST_WAIT_MS)
		timeout_ms = LONGEST_WAIT_MS;
	struct curl_waitfd wake = { .fd = http->pipe[0], .events = CURL_WAIT_POLLIN };
	if (timeout_ms) {
		(void)curl_multi_poll(http->multi, &wake, 1, clock_wait_ms(timeout_ms), NULL);
		(void)move(http);
	}
	char drain[64];
	while (read(http->pipe[0], drain, sizeof drain) > 0)
		continue;
}

void http_allow(struct http *http, int most)
{
	http->most = most;
}

void http_interrupt(struct http *http)
{
	int saved = errno;
	/* A full pipe wakes as well as one more byte would. */
	ssize_t written = write(http->pipe[1], "", 1);
	(void)written;
	errno = saved;
}

unsigned http_requests(const struct http *http)
{
	return http->sent;
}

bool http_may_pass(enum http_result result)
{
	return result == HTTP_NOT_SENT || result == HTTP_LOST || result == HTTP_TIMED_OUT;
}

const char *http_header(const struct http_response *response, const char *name)
{
	for (size_t i = 0; i < response->nheaders; i++)
		if (text_same_nocase(response->headers[i].name, name))
			return response->headers[i].value;
	return NULL;
}
