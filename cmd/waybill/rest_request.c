/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/rest_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/net/url.h"

#define BODY_LIMIT ((size_t)16 << 20)
#define URL_LIMIT ((size_t)16 << 10)
#define SUBSCRIPTION_MARK "{subscriptionId}"
/* What a URL may hold as it is; all else is encoded. A fragment would not be sent. */
#define URL_MARKS "%/?:@!$&'()*+,;=[]"

static bool refuse(struct session *s, const char *code, const char *help, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static bool refuse(struct session *s, const char *code, const char *help, const char *fmt, ...)
{
	va_list args;
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	va_start(args, fmt);
	(void)buf_vprintf(&text, fmt, args);
	va_end(args);
	(void)diag_error(&s->diags, PLACE_NONE, code, "%s", text.data);
	buf_release(&text);
	diag_help(&s->diags, "%s", help);
	return false;
}

/* ---- the method ---- */

static bool read_method(struct session *s, struct rest_request *request)
{
	static const struct {
		const char *name;
		enum verb verb;
	} methods[] = { { "GET", VERB_GET }, { "HEAD", VERB_GET }, { "OPTIONS", VERB_GET },
		{ "PUT", VERB_PUT }, { "PATCH", VERB_PATCH }, { "POST", VERB_POST },
		{ "DELETE", VERB_DELETE } };
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		if (!text_same_nocase(s->words[0], methods[i].name))
			continue;
		request->raw.method = methods[i].name;
		request->verb = methods[i].verb;
		return true;
	}
	return refuse(s, "rest-method", "one of: GET HEAD OPTIONS PUT PATCH POST DELETE",
		"`%s` is not a method", s->words[0]);
}

/* ---- the options ---- */

/* A member's name as a pointer; a pointer stays one. */
static const char *member_pointer(struct session *s, enum option_id id)
{
	const char *name = session_option(s, id)->text;
	return !name || *name == '/' ? name : pointer_add(s->arena, "", name);
}

static bool read_paging(struct session *s, struct rest_request *request)
{
	request->raw.items = member_pointer(s, OPTION_ITEMS);
	request->raw.next = member_pointer(s, OPTION_NEXT);
	if (!session_switch(s, OPTION_ALL, false) && !request->raw.items && !request->raw.next)
		return true;
	if (strcmp(request->raw.method, "GET") != 0)
		return refuse(s, "option-value", "follow the pages of a GET",
			"`--all` has no meaning for %s", request->raw.method);
	request->verb = VERB_LIST;
	return true;
}

static bool read_polling(struct session *s, struct rest_request *request)
{
	static const char *const places[] = { [FINAL_STATUS] = "azure-async-operation",
		[FINAL_LOCATION] = "location",
		[FINAL_ORIGINAL] = "original-uri" };
	struct raw_request *raw = &request->raw;
	const char *place = session_option(s, OPTION_FINAL_STATE_VIA)->text;
	raw->poll_interval_ms = session_option(s, OPTION_POLL_INTERVAL)->number * 1000;
	for (size_t i = FINAL_STATUS; place && i < ARRAY_LEN(places); i++)
		if (strcmp(places[i], place) == 0)
			raw->final_via = (enum final_via)i;
	raw->poll = session_switch(s, OPTION_POLL, false) || raw->poll_interval_ms || place;
	if (!raw->poll || (request->verb != VERB_GET && request->verb != VERB_LIST))
		return true;
	return refuse(s, "option-value", "a read has no end to wait for: ask again",
		"`--poll` has no meaning for %s", raw->method);
}

/* ---- the headers ---- */

/* These are ours to say: who asks, whom, and how long the request is. */
static bool is_ours(const char *name)
{
	static const char *const ours[] = { "Authorization", "Proxy-Authorization",
		"x-ms-authorization-auxiliary", "Host", "Content-Length", "Transfer-Encoding",
		"Connection", "Expect", "TE", "Trailer", "Upgrade", "Cookie", "Accept-Encoding" };
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (text_same_nocase(ours[i], name))
			return true;
	return false;
}

/* RFC 9110: a token. */
static bool is_header_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789!#$%&'*+-.^_`|~";
	return *name && strspn(name, letters) == strlen(name);
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static bool read_header(struct session *s, const char *text, struct raw_header *out)
{
	const char *colon = strchr(text, ':');
	out->name = arena_strndup(s->arena, text, colon ? (size_t)(colon - text) : 0);
	if (!colon || !is_header_name(out->name))
		return refuse(s, "rest-header", "-H 'If-Match: *'",
			"`%s` is not NAME:VALUE of a header", text);
	if (is_ours(out->name))
		return refuse(s, "rest-header", "leave it out",
			"the header `%s` is not given by hand", out->name);
	out->value = colon + 1 + strspn(colon + 1, " \t");
	return !has_control(out->value) ||
		refuse(s, "rest-header", "give each header in an option of its own",
			"the value of the header `%s` has a control character", out->name);
}

static bool read_headers(struct session *s, struct rest_request *request)
{
	const struct option_value *given = session_option(s, OPTION_HEADER);
	struct raw_header *headers = NULL;
	size_t count = 0;
	if (given->ntexts > RAW_HEADERS_MOST)
		return refuse(s, "rest-header", "leave some out", "more than %d headers are given",
			RAW_HEADERS_MOST);
	for (size_t i = 0; i < given->ntexts; i++)
		if (!read_header(s, given->texts[i], ARENA_PUSH(s->arena, headers, count)))
			return false;
	request->raw.headers = headers;
	request->raw.nheaders = count;
	return true;
}

/* ---- the body ---- */

static char *body_text(struct session *s, const char *given, size_t *len)
{
	if (*given != '@') {
		*len = strlen(given);
		return mem_strdup(given);
	}
	const char *path = strcmp(given, "@-") == 0 ? "/dev/stdin" : given + 1;
	char *text = text_read_file(path, BODY_LIMIT, len);
	if (!text)
		(void)refuse(s, "rest-body", "--body takes JSON, @FILE, or @- for stdin",
			"`%s` cannot be read: %s", given + 1, strerror(errno));
	return text;
}

static bool read_body(struct session *s, struct rest_request *request)
{
	const char *given = session_option(s, OPTION_BODY)->text;
	if (!given)
		return true;
	if (request->verb == VERB_GET || request->verb == VERB_LIST)
		return refuse(s, "rest-body", "what a read asks for stands in its --query",
			"%s takes no body", request->raw.method);
	size_t len = 0;
	char *why = NULL, *text = body_text(s, given, &len);
	if (!text)
		return false;
	request->body = arena_json(s->arena, json_parse(s->arena, text, len, BODY_LIMIT, &why));
	free(text);
	return request->body ||
		refuse(s, "rest-body", "--body takes JSON, @FILE, or @- for stdin",
			"the body is not JSON: %s", why);
}

static bool is_url(const char *text)
{
	return text_starts_nocase(text, "https://") || text_starts_nocase(text, "http://");
}

bool rest_read(struct session *s, struct rest_request *request)
{
	*request = (struct rest_request){ .verb = VERB_GET };
	const char *where = s->words[1];
	if (!session_option(s, OPTION_CLOUD)->given && text_starts_nocase(where, "http://") &&
		url_is_loopback(where))
		s->cloud_name = url_origin(s->arena, where);
	return read_method(s, request) && read_paging(s, request) && read_polling(s, request) &&
		read_headers(s, request) && read_body(s, request);
}

/* ---- the URL ---- */

/* `text` with the subscription in the place of its mark. */
static bool with_subscription(struct session *s, const char *text, struct buf *out)
{
	for (const char *mark = strstr(text, SUBSCRIPTION_MARK); mark;
		mark = strstr(text, SUBSCRIPTION_MARK)) {
		const char *id = NULL;
		if (!session_subscription(s, &id))
			return false;
		if (!id)
			return refuse(s, "missing-subscription", "set AZURE_SUBSCRIPTION_ID",
				"nothing says what `%s` is", SUBSCRIPTION_MARK);
		(void)buf_add(out, text, (size_t)(mark - text));
		url_encode(out, id, "");
		text = mark + strlen(SUBSCRIPTION_MARK);
	}
	(void)buf_puts(out, text);
	return true;
}

static bool add_query(struct session *s, struct buf *url)
{
	const struct option_value *given = session_option(s, OPTION_QUERY);
	for (size_t i = 0; i < given->ntexts; i++) {
		const char *equals = strchr(given->texts[i], '=');
		if (!equals || equals == given->texts[i])
			return refuse(s, "option-value", "--query '$top=10'",
				"`--query` takes NAME=VALUE, not `%s`", given->texts[i]);
		(void)buf_putc(url, strchr(url->data, '?') ? '&' : '?');
		url_encode(url,
			arena_strndup(
				s->arena, given->texts[i], (size_t)(equals - given->texts[i])),
			"$");
		(void)buf_putc(url, '=');
		url_encode(url, equals + 1, "$'(),/:");
	}
	return true;
}

static bool has_version(const char *url)
{
	const char *at = strchr(url, '?');
	for (; at; at = strchr(at, '&')) {
		at++;
		if (text_starts_nocase(at, "api-version="))
			return true;
	}
	return false;
}

/* The type that the path is of: the deepest that the schemas know. */
static const struct schema *schema_of(struct session *s, const char *path)
{
	const struct catalog *catalog = catalog_new(s->arena);
	const struct schema *found = NULL;
	const char *type = NULL;
	char *rest = arena_strdup(s->arena, path), *save = NULL;
	size_t since = 0; /* segments since the type began */
	for (char *word = strtok_r(rest, "/", &save); word; word = strtok_r(NULL, "/", &save)) {
		if (text_same_nocase(word, "providers")) {
			type = "";
			found = NULL;
			since = 0;
		} else if (text_same_nocase(word, "resourceGroups") && !type) {
			found = catalog_role(catalog, ROLE_GROUP);
		} else if (type && since++ == 0) {
			type = word;
		} else if (type && since % 2 == 0) {
			type = arena_printf(s->arena, "%s/%s", type, word);
			const struct schema *deeper = catalog_type(catalog, type);
			found = deeper ? deeper : found;
		}
	}
	return found;
}

static bool add_version(struct session *s, struct buf *url)
{
	if (has_version(url->data))
		return true;
	const char *path = strstr(url->data, "://");
	path = path ? path + 3 : url->data;
	path += strcspn(path, "/?");
	const struct schema *schema =
		schema_of(s, arena_strndup(s->arena, path, strcspn(path, "?")));
	if (!schema)
		return refuse(s, "api-version-missing",
			"say which: --query api-version=YYYY-MM-DD; a wrong one is answered with "
			"those that there are",
			"no api-version is given, and Waybill knows none for this path");
	(void)buf_printf(
		url, "%capi-version=%s", strchr(url->data, '?') ? '&' : '?', schema->api_version);
	return true;
}

static bool is_of_cloud(struct session *s, const char *url)
{
	if (url_same_origin(url, s->cloud.arm))
		return true;
	return refuse(s, "foreign-url",
		"tokens go to the configured cloud alone: check --cloud, or give the path alone",
		"the URL does not lead to %s: not asked", s->cloud.arm);
}

static bool is_short(struct session *s, const struct buf *text, const struct buf *url)
{
	return (!text->full && !url->full) ||
		refuse(s, "rest-url", "give a shorter one", "the URL is longer than %zu bytes",
			URL_LIMIT);
}

bool rest_locate(struct session *s, struct rest_request *request)
{
	struct buf text, url;
	buf_init(&text, URL_LIMIT);
	buf_init(&url, URL_LIMIT * 3);
	const char *where = s->words[1];
	bool good = is_url(where) || *where == '/' ||
		refuse(s, "rest-url", "a path begins with a slash, a URL with https://",
			"`%s` is neither a path nor a URL", where);
	good = good && with_subscription(s, where, &text);
	if (good && *where == '/')
		(void)buf_puts(&url, s->cloud.arm);
	url_encode(&url, text.data, URL_MARKS);
	good = good && is_short(s, &text, &url) && is_of_cloud(s, url.data) && add_query(s, &url) &&
		add_version(s, &url);
	good = good && is_short(s, &text, &url);
	if (good)
		request->raw.url = arena_strdup(s->arena, url.data);
	buf_release(&text);
	buf_release(&url);
	return good;
}
