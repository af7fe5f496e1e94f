/* SPDX-License-Identifier: Apache-2.0 */
/* server.h - the emulator over HTTP
 *
 * libmicrohttpd runs a thread for each connection, so that latency of one request delays no other.
 * The emulator is borrowed and must outlive the server. TLS is 1.2 or 1.3.
 */
#ifndef WAYBILL_EMULATOR_SERVER_H
#define WAYBILL_EMULATOR_SERVER_H

#include "providers/emulator/emulator.h"
#include "providers/emulator/tls.h"

#define SERVER_BODY_BYTES ((size_t)8 << 20)   /* of a request at most */
#define SERVER_SENT_BYTES ((size_t)256 << 20) /* then the connection is closed */
#define SERVER_HEADER_BYTES ((size_t)64 << 10)
#define SERVER_FORM_BYTES ((size_t)256 << 10) /* of a body that is read as a form */
#define SERVER_CONNECTIONS 512
#define SERVER_IDLE_S 300
#define SERVER_NEVER_MS 600000 /* an answer that never comes; then the connection closes */

struct server;

struct server_options {
	const char *address;    /* numeric, IPv4 or IPv6 */
	uint16_t port;          /* 0: any that is free */
	uint64_t latency_ms;    /* before each request is served */
	const struct tls *tls;  /* NULL: plain http */
	const char *public_url; /* for addresses in answers; NULL: where it listens */
};

/* Sets the endpoint of the emulator. NULL with an error. */
struct server *server_start(struct emulator *, const struct server_options *, struct diags *);
/* Where it listens: http[s]://ADDRESS:PORT, until server_stop(). */
const char *server_url(const struct server *);
void server_stop(struct server *);

#endif
