/* SPDX-License-Identifier: Apache-2.0 */
/* url.h - where a URL leads
 *
 * Read by curl's own parser, the one that will also send the request: what is checked is what is
 * asked.
 */
#ifndef WAYBILL_PROVIDERS_NET_URL_H
#define WAYBILL_PROVIDERS_NET_URL_H

#include <stdbool.h>

#include "engine/base/arena.h"
#include "engine/base/buf.h"

/* What url_encode() may leave beside letters, digits and "-._~". */
#define URL_IN_PATH "/()!$'*,;:@"

/* Whether both are URLs of the same scheme, host and port, and name no user. */
bool url_same_origin(const char *a, const char *b);
/* `reference` as an absolute URL seen from `base`; an absolute one is returned verbatim. NULL when
 * it is no URL. In the arena. */
char *url_resolve(struct arena *, const char *base, const char *reference);
/* Whether it is a URL of 127.0.0.0/8, ::1 or localhost. */
bool url_is_loopback(const char *url);
/* Whether it is a URL of 169.254.0.0/16: services that a machine's host offers to it alone. */
bool url_is_link_local(const char *url);
bool url_has_scheme(const char *url, const char *scheme);
/* Its port, or else that of its scheme; 0 when it is no URL. */
long url_port(const char *url);
/* Whether it is scheme, host and port, with no user, query, fragment or path but "/". */
bool url_is_origin(const char *url);
/* Scheme, host and port of it, as they stand there; NULL when it is no URL. In the arena. */
char *url_origin(struct arena *, const char *url);
/* The same with any path: what paths can be added to. */
bool url_is_base(const char *url);
/* The same URL with `name` for its host, and in *route as curl's CURLOPT_CONNECT_TO takes it where
 * that host is, and in *host what the Host header of `url` would be. NULL when `name` is no host's.
 * In the arena. */
const char *url_under_name(
	struct arena *, const char *url, const char *name, const char **route, const char **host);
/* The same URL with one more parameter in its query, encoded. NULL when it is no URL. In the arena.
 */
const char *url_with_parameter(
	struct arena *, const char *url, const char *name, const char *value);
/* Appends the text with all bytes percent-encoded that stand neither for themselves nor in `also`.
 */
void url_encode(struct buf *out, const char *text, const char *also);
/* The path alone, for log lines. In the arena; "?" when it is no URL. */
char *url_path(struct arena *, const char *url);

#endif
