/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - where the providers tell what they do, without printing
 *
 * A line never holds a token, a secret, or the query of a signed URL. */
#ifndef WAYBILL_PROVIDERS_NET_LOG_H
#define WAYBILL_PROVIDERS_NET_LOG_H

enum net_log_level {
	NET_LOG_ERROR,
	NET_LOG_WARN,
	NET_LOG_INFO,
	NET_LOG_DEBUG,
	NET_LOG_TRACE
};

struct net_log {
	void (*write)(void *context, enum net_log_level, const char *line); /* NULL: nowhere */
	void *context;
	enum net_log_level level; /* lines above it are not made */
	/* Takes each exchange that has ended, at any level: an entry of a HAR 1.2, on one line,
	 * lent. NULL: nobody does. */
	void (*record)(void *context, const char *entry);
};

#endif
