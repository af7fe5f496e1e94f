/* SPDX-License-Identifier: Apache-2.0 */
/* telling.h - requests and answers as lines of a log, and as entries of a HAR
 *
 * What is secret is left out by the rules of redact.h and by what is known; bodies of requests that
 * are `secret` are never told. Nothing is made that nobody wants.
 */
#ifndef WAYBILL_PROVIDERS_NET_TELLING_H
#define WAYBILL_PROVIDERS_NET_TELLING_H

#include <curl/curl.h>
#include <stdint.h>

#include "providers/net/http.h"
#include "providers/net/known.h"

/* An exchange that has ended, with an answer or without. */
struct told {
	const struct http_request *request;
	const struct http_response *response;
	CURL *easy; /* knows the times; NULL: it was not sent */
	int64_t took_ms;
};

/* Right before it is sent: at the level of trace. */
void telling_request(const struct net_log *, const struct known *, const struct http_request *);
/* A line at debug, one more at trace, and the record. */
void telling_answer(const struct net_log *, const struct known *, const struct told *);

/* The entry of the HAR 1.2 on one line; what is known stands in it but in bodies. In har.c. */
char *har_entry(struct arena *, const struct known *, const struct told *);

#endif
