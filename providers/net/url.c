/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"

/* A part of a URL, to be freed by curl_free(); NULL when it has none or is no URL. */
static char *url_part(const char *url, CURLUPart part)
{
	CURLU *parsed = curl_url();
	char *text = NULL;
	if (!parsed || curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK ||
		curl_url_get(parsed, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
		text = NULL;
	curl_url_cleanup(parsed);
	return text;
}

static bool same_part(const char *a, const char *b, CURLUPart part)
{
	char *part_a = url_part(a, part);
	char *part_b = url_part(b, part);
	bool same = part_a && part_b && text_same_nocase(part_a, part_b);
	curl_free(part_a);
	curl_free(part_b);
	return same;
}

static bool has_part(const char *url, CURLUPart part)
{
	char *text = url_part(url, part);
	curl_free(text);
	return text != NULL;
}

bool url_same_origin(const char *a, const char *b)
{
	return same_part(a, b, CURLUPART_SCHEME) && same_part(a, b, CURLUPART_HOST) &&
		same_part(a, b, CURLUPART_PORT) && !has_part(a, CURLUPART_USER) &&
		!has_part(b, CURLUPART_USER) && !has_part(a, CURLUPART_PASSWORD) &&
		!has_part(b, CURLUPART_PASSWORD);
}

char *url_resolve(struct arena *arena, const char *base, const char *reference)
{
	if (has_part(reference, CURLUPART_SCHEME))
		return arena_strdup(arena, reference);
	CURLU *parsed = curl_url();
	char *text = NULL;
	char *resolved = NULL;
	if (parsed && curl_url_set(parsed, CURLUPART_URL, base, 0) == CURLUE_OK &&
		curl_url_set(parsed, CURLUPART_URL, reference, 0) == CURLUE_OK &&
		curl_url_get(parsed, CURLUPART_URL, &text, 0) == CURLUE_OK)
		resolved = arena_strdup(arena, text);
	curl_free(text);
	curl_url_cleanup(parsed);
	return resolved;
}

static bool host_is_loopback(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)] = { 0 };
	if (text_same_nocase(host, "localhost") || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, address) == 1 && address[0] == 127;
}

bool url_is_loopback(const char *url)
{
	char *host = url_part(url, CURLUPART_HOST);
	bool loopback = host && host_is_loopback(host);
	curl_free(host);
	return loopback;
}

bool url_is_link_local(const char *url)
{
	char *host = url_part(url, CURLUPART_HOST);
	unsigned char address[sizeof(struct in_addr)] = { 0 };
	bool is = host && inet_pton(AF_INET, host, address) == 1 && address[0] == 169 &&
		address[1] == 254;
	curl_free(host);
	return is;
}

bool url_has_scheme(const char *url, const char *scheme)
{
	char *text = url_part(url, CURLUPART_SCHEME);
	bool same = text && text_same_nocase(text, scheme);
	curl_free(text);
	return same;
}

long url_port(const char *url)
{
	char *port = url_part(url, CURLUPART_PORT);
	long number = port ? strtol(port, NULL, 10) : 0;
	curl_free(port);
	return number;
}

bool url_is_base(const char *url)
{
	return has_part(url, CURLUPART_SCHEME) && has_part(url, CURLUPART_HOST) &&
		!has_part(url, CURLUPART_USER) && !has_part(url, CURLUPART_PASSWORD) &&
		!has_part(url, CURLUPART_QUERY) && !has_part(url, CURLUPART_FRAGMENT);
}

bool url_is_origin(const char *url)
{
	char *path = url_part(url, CURLUPART_PATH);
	bool bare = path && strcmp(path, "/") == 0;
	curl_free(path);
	return bare && url_is_base(url);
}

const char *url_with_parameter(
	struct arena *arena, const char *url, const char *name, const char *value)
{
	if (!has_part(url, CURLUPART_SCHEME) || !has_part(url, CURLUPART_HOST) ||
		has_part(url, CURLUPART_FRAGMENT))
		return NULL;
	char *escaped = curl_easy_escape(NULL, value, 0);
	const char *whole = escaped
		? arena_printf(arena, "%s%c%s=%s", url, strchr(url, '?') ? '&' : '?', name, escaped)
		: NULL;
	curl_free(escaped);
	return whole;
}

void url_encode(struct buf *out, const char *text, const char *also)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			strchr("-._~", c) || strchr(also, c))
			(void)buf_putc(out, *text);
		else
			(void)buf_printf(out, "%%%02X", c);
	}
}

char *url_origin(struct arena *arena, const char *url)
{
	const char *host = strstr(url, "://");
	if (!host || !has_part(url, CURLUPART_HOST))
		return NULL;
	host += 3;
	return arena_strndup(arena, url, (size_t)(host - url) + strcspn(host, "/?#"));
}

char *url_path(struct arena *arena, const char *url)
{
	char *path = url_part(url, CURLUPART_PATH);
	char *copy = arena_strdup(arena, path ? path : "?");
	curl_free(path);
	return copy;
}

const char *url_under_name(struct arena *arena, const char *url, const char *name,
	const char **route, const char **host)
{
	CURLU *parsed = curl_url();
	char *real = url_part(url, CURLUPART_HOST), *port = url_part(url, CURLUPART_PORT);
	char *text = NULL;
	const char *renamed = NULL;
	if (parsed && real && port && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl_url_set(parsed, CURLUPART_HOST, name, 0) == CURLUE_OK &&
		curl_url_get(parsed, CURLUPART_URL, &text, 0) == CURLUE_OK) {
		renamed = arena_strdup(arena, text);
		*route = arena_printf(arena, "%s:%s:%s:%s", name, port, real, port);
		*host = arena_printf(arena, "%s:%s", real, port);
	}
	curl_free(text);
	curl_free(real);
	curl_free(port);
	curl_url_cleanup(parsed);
	return renamed;
}
