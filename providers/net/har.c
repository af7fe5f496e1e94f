/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/net/redact.h"
#include "providers/net/telling.h"

#define BODY_TOLD ((size_t)256 << 10)

static json_t *pair_new(const char *name, const char *value)
{
	return json_pack("{s:s, s:s}", "name", name, "value", value);
}

/* Bytes that are no UTF-8 cannot stand in JSON. */
static const char *utf8(struct arena *arena, const char *text)
{
	json_auto_t *string = json_string(text);
	return string ? text : text_escaped(arena, text);
}

static json_t *headers_new(struct arena *arena, const struct http_header *headers, size_t count)
{
	json_t *array = json_array();
	struct buf line;
	buf_init(&line, BUF_OWN_TEXT);
	for (size_t i = 0; i < count; i++) {
		buf_clear(&line);
		redact_header(&line, headers[i].name, headers[i].value);
		const char *value = line.data + strlen(headers[i].name) + strlen(": ");
		(void)json_array_append_new(
			array, pair_new(utf8(arena, headers[i].name), utf8(arena, value)));
	}
	buf_release(&line);
	return array;
}

static const char *redacted_header(
	struct arena *arena, const struct http_header *headers, size_t count, const char *name)
{
	const struct http_response those = { .headers = headers, .nheaders = count };
	const char *value = http_header(&those, name);
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	redact_text(&text, value ? value : "");
	const char *copy = utf8(arena, arena_strdup(arena, text.data));
	buf_release(&text);
	return copy;
}

/* Of a URL that is redacted. */
static json_t *query_new(struct arena *arena, const char *url)
{
	json_t *array = json_array();
	const char *at = strchr(url, '?');
	while (at && *at) {
		at++;
		size_t len = strcspn(at, "&");
		const char *equals = memchr(at, '=', len);
		size_t name = equals ? (size_t)(equals - at) : len;
		if (len)
			(void)json_array_append_new(array,
				pair_new(arena_strndup(arena, at, name),
					arena_strndup(arena, at + name + (equals ? 1 : 0),
						len - name - (equals ? 1 : 0))));
		at += len;
	}
	return array;
}

/* Text and its kind, as both postData and content have them. */
static json_t *body_new(struct arena *arena, const struct known *known, const struct told *told,
	const char *type, const char *body, size_t len)
{
	json_t *object = json_pack("{s:s, s:s}", "mimeType", type, "text", "");
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	known_body(known, &text, body, len, BODY_TOLD);
	const char *comment = NULL;
	if (told->request->secret && len)
		comment = "not recorded: it is secret";
	else if (text.data[0] == '(')
		comment = arena_printf(arena, "not recorded: %s", text.data);
	else
		(void)json_object_set_new(object, "text", json_string(text.data));
	if (!comment && text.len >= BODY_TOLD - 3)
		comment = "cut";
	if (comment)
		(void)json_object_set_new(object, "comment", json_string(comment));
	buf_release(&text);
	return object;
}

static const char *version_of(const struct told *told)
{
	static const struct {
		long version;
		const char *name;
	} names[] = { { CURL_HTTP_VERSION_1_0, "HTTP/1.0" }, { CURL_HTTP_VERSION_1_1, "HTTP/1.1" },
		{ CURL_HTTP_VERSION_2_0, "HTTP/2" } };
	long version = 0;
	if (told->easy)
		(void)curl_easy_getinfo(told->easy, CURLINFO_HTTP_VERSION, &version);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].version == version)
			return names[i].name;
	return "";
}

static json_t *request_new(struct arena *arena, const struct known *known, const struct told *told)
{
	const struct http_request *request = told->request;
	struct buf url;
	buf_init(&url, BUF_OWN_TEXT);
	redact_text(&url, utf8(arena, request->url));
	json_t *object = json_pack("{s:s, s:s, s:s, s:[], s:o, s:o, s:i, s:I}", "method",
		request->method, "url", url.data, "httpVersion", version_of(told), "cookies",
		"headers", headers_new(arena, request->headers, request->nheaders), "queryString",
		query_new(arena, url.data), "headersSize", -1, "bodySize",
		(json_int_t)request->body_len);
	if (object && request->body_len)
		(void)json_object_set_new(object, "postData",
			body_new(arena, known, told,
				redacted_header(
					arena, request->headers, request->nheaders, "Content-Type"),
				request->body, request->body_len));
	buf_release(&url);
	return object;
}

static json_t *response_new(struct arena *arena, const struct known *known, const struct told *told)
{
	const struct http_response *response = told->response;
	const char *type =
		redacted_header(arena, response->headers, response->nheaders, "Content-Type");
	json_t *content = body_new(arena, known, told, type, response->body, response->body_len);
	(void)json_object_set_new(content, "size", json_integer((json_int_t)response->body_len));
	json_t *object = json_pack("{s:i, s:s, s:s, s:[], s:o, s:o, s:s, s:i, s:i}", "status",
		response->status, "statusText", "", "httpVersion", version_of(told), "cookies",
		"headers", headers_new(arena, response->headers, response->nheaders), "content",
		content, "redirectURL",
		redacted_header(arena, response->headers, response->nheaders, "Location"),
		"headersSize", -1, "bodySize", -1);
	if (object && response->problem) {
		struct buf text;
		buf_init(&text, BUF_OWN_TEXT);
		redact_text(&text, response->problem);
		(void)json_object_set_new(object, "comment", json_string(utf8(arena, text.data)));
		buf_release(&text);
	}
	return object;
}

/* ---- times -------------------------------------------------------------------------------- */

static double since(CURL *easy, CURLINFO what)
{
	curl_off_t us = 0;
	if (easy)
		(void)curl_easy_getinfo(easy, what, &us);
	return (double)us / 1000.0;
}

static double positive(double ms)
{
	return ms > 0 ? ms : 0;
}

/* In milliseconds, and -1 for what did not happen; in *total their sum, as HAR wants it. */
static json_t *timings_new(const struct told *told, double *total)
{
	CURL *easy = told->easy;
	long connections = 0;
	if (easy)
		(void)curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connections);
	double named = since(easy, CURLINFO_NAMELOOKUP_TIME_T);
	double connected = since(easy, CURLINFO_CONNECT_TIME_T);
	double secured = since(easy, CURLINFO_APPCONNECT_TIME_T);
	double ready = since(easy, CURLINFO_PRETRANSFER_TIME_T);
	double answered = since(easy, CURLINFO_STARTTRANSFER_TIME_T);
	double end = since(easy, CURLINFO_TOTAL_TIME_T);
	bool is_new = connections > 0;
	double up = secured > 0 ? secured : connected;
	double dns = is_new ? named : -1, connect = is_new ? positive(up - named) : -1;
	double ssl = is_new && secured > 0 ? positive(secured - connected) : -1;
	double blocked = positive(is_new ? ready - up : ready);
	if (answered <= 0)
		answered = end;
	double wait = positive(answered - ready), receive = positive(end - answered);
	*total = positive(dns) + positive(connect) + blocked + wait + receive;
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "blocked", blocked, "dns", dns,
		"connect", connect, "ssl", ssl, "send", 0.0, "wait", wait, "receive", receive);
}

static const char *began_at(struct arena *arena, int64_t took_ms)
{
	struct timespec now;
	struct tm utc;
	char text[40];
	(void)clock_gettime(CLOCK_REALTIME, &now);
	int64_t ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - took_ms;
	time_t seconds = (time_t)(ms / 1000);
	if (!gmtime_r(&seconds, &utc) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc))
		return "1970-01-01T00:00:00.000Z";
	return arena_printf(arena, "%s.%03dZ", text, (int)(ms % 1000));
}

char *har_entry(struct arena *arena, const struct known *known, const struct told *told)
{
	double total = 0;
	json_t *timings = timings_new(told, &total);
	json_auto_t *entry = json_pack("{s:s, s:f, s:o, s:o, s:{}, s:o}", "startedDateTime",
		began_at(arena, told->took_ms), "time", total, "request",
		request_new(arena, known, told), "response", response_new(arena, known, told),
		"cache", "timings", timings);
	char *address = NULL;
	if (told->easy)
		(void)curl_easy_getinfo(told->easy, CURLINFO_PRIMARY_IP, &address);
	if (entry && address && *address)
		(void)json_object_set_new(entry, "serverIPAddress", json_string(address));
	char *text = entry ? json_dumps(entry, JSON_COMPACT) : NULL;
	char *copy = arena_strdup(arena, text ? text : "{}");
	free(text);
	return copy;
}
