/* SPDX-License-Identifier: Apache-2.0 */
/* trouble.h - why a request got no answer
 *
 * Told in four ways: what may be done about it (http_result), a code, words for people, and what
 * they might do. Where it went wrong decides: at the proxy, before a connection, in TLS, or after
 * something was sent.
 */
#ifndef WAYBILL_PROVIDERS_NET_TROUBLE_H
#define WAYBILL_PROVIDERS_NET_TROUBLE_H

#include <curl/curl.h>
#include <stdbool.h>

#include "providers/net/http.h"
#include "providers/net/proxy.h"

/* Borrowed. */
struct trouble {
	CURL *easy;
	CURLcode code; /* not CURLE_OK */
	const char *url;
	const char *text;          /* curl's words; "" when it has none */
	const struct proxy *proxy; /* that it may have gone through; NULL: none */
	bool started;              /* the request was about to be written */
	bool too_large;
};

/* Sets result, problem, kind and help. Words that curl does not have are made in the arena. */
void trouble_read(struct arena *, const struct trouble *, struct http_response *out);

/* The same of what we would not send. */
void trouble_refused(const char *problem, struct http_response *out);

#endif
