/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/proxy.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "providers/net/url.h"

bool proxy_is_passed_by(const char *url, bool on_host)
{
	return on_host || url_is_loopback(url) || url_is_link_local(url);
}

static const char *variable(void)
{
	static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy",
		"ALL_PROXY" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return value;
	}
	return NULL;
}

static void keep_password(struct known *known, CURLU *parsed, unsigned flags)
{
	char *text = NULL;
	if (curl_url_get(parsed, CURLUPART_PASSWORD, &text, flags) == CURLUE_OK) {
		known_keep(known, text);
		explicit_bzero(text, strlen(text));
	}
	curl_free(text);
}

struct proxy proxy_find(struct known *known)
{
	const char *address = variable();
	CURLU *parsed = address ? curl_url() : NULL;
	char *host = NULL;
	struct proxy found = { 0 };
	if (parsed &&
		curl_url_set(parsed, CURLUPART_URL, address,
			CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) == CURLUE_OK &&
		curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		found.host = mem_strdup(host);
		found.is_socks = text_starts_nocase(address, "socks");
		keep_password(known, parsed, 0);
		keep_password(known, parsed, CURLU_URLDECODE);
	}
	curl_free(host);
	curl_url_cleanup(parsed);
	return found;
}
