/* SPDX-License-Identifier: Apache-2.0 */
/* proxy.h - the proxy that the environment names
 *
 * Curl finds and uses it; what is known of it here is its host, so that its failures are told apart
 * from those of whom it leads to, and its secrets, so that none is told. All that is ever asked
 * through one is https, so that it is read from https_proxy, HTTPS_PROXY, all_proxy and ALL_PROXY,
 * the first that is set, as curl does it.
 */
#ifndef WAYBILL_PROVIDERS_NET_PROXY_H
#define WAYBILL_PROVIDERS_NET_PROXY_H

#include <stdbool.h>

#include "providers/net/known.h"

/* Whether a proxy must not see it, whatever the environment says: it goes to this machine, or to
 * what the machine's host offers to it alone (`on_host`). */
bool proxy_is_passed_by(const char *url, bool on_host);

struct proxy {
	char *host; /* NULL when there is none or it has no address that is one */
	bool is_socks;
};

/* Its password is known from then on. The host is to be freed. */
struct proxy proxy_find(struct known *);

#endif
