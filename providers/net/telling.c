/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/telling.h"

#include "engine/base/buf.h"
#include "providers/net/redact.h"
#include "providers/net/url.h"

#define BODY_TOLD ((size_t)16 << 10)

static bool tells(const struct net_log *log, enum net_log_level level)
{
	return log->write && log->level >= level;
}

static void tell(const struct net_log *log, const struct known *known, enum net_log_level level,
	const char *text)
{
	struct arena *arena = arena_new();
	log->write(log->context, level, known_scrubbed(known, arena, text));
	arena_free(arena);
}

static void add_headers(struct buf *text, const struct http_header *headers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		(void)buf_puts(text, " | ");
		redact_header(text, headers[i].name, headers[i].value);
	}
}

static void add_body(struct buf *text, const struct known *known,
	const struct http_request *request, const char *body, size_t len)
{
	(void)buf_puts(text, " | ");
	if (request->secret)
		(void)buf_puts(text, "(body not shown)");
	else
		known_body(known, text, body, len, BODY_TOLD);
}

void telling_request(
	const struct net_log *log, const struct known *known, const struct http_request *request)
{
	if (!tells(log, NET_LOG_TRACE))
		return;
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	(void)buf_printf(&text, "> %s ", request->method);
	redact_text(&text, request->url);
	add_headers(&text, request->headers, request->nheaders);
	if (request->body)
		add_body(&text, known, request, request->body, request->body_len);
	tell(log, known, NET_LOG_TRACE, text.data);
	buf_release(&text);
}

static void tell_brief(
	const struct net_log *log, const struct known *known, const struct told *told)
{
	const struct http_response *response = told->response;
	const char *id = http_header(response, "x-ms-request-id");
	struct arena *arena = arena_new();
	const char *what = response->status ? arena_printf(arena, "%d", response->status)
					    : arena_printf(arena, "failed: %s,", response->problem);
	tell(log, known, NET_LOG_DEBUG,
		arena_printf(arena, "%s %s %s %lld ms %s", told->request->method,
			url_path(arena, told->request->url), what, (long long)told->took_ms,
			id ? id : "-"));
	arena_free(arena);
}

static void tell_whole(
	const struct net_log *log, const struct known *known, const struct told *told)
{
	const struct http_response *response = told->response;
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	(void)buf_printf(&text, "< %d", response->status);
	add_headers(&text, response->headers, response->nheaders);
	add_body(&text, known, told->request, response->body, response->body_len);
	tell(log, known, NET_LOG_TRACE, text.data);
	buf_release(&text);
}

void telling_answer(const struct net_log *log, const struct known *known, const struct told *told)
{
	if (tells(log, NET_LOG_DEBUG))
		tell_brief(log, known, told);
	if (tells(log, NET_LOG_TRACE) && told->response->status)
		tell_whole(log, known, told);
	if (!log->record)
		return;
	struct arena *arena = arena_new();
	char *entry = har_entry(arena, known, told);
	known_cut(known, entry);
	log->record(log->context, entry);
	arena_free(arena);
}
