/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "engine/base/buf.h"
#include "engine/base/ip.h"
#include "engine/base/text.h"

#define FORM_BUFFER 4096
#define CUT_BLOCK 4096
#define HOLD_STEP_MS 20
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct server {
	struct emulator *emulator;
	struct MHD_Daemon *daemon;
	uint64_t latency_ms;
	char *url;
	atomic_bool ending;
};

/* One request on its way in. */
struct exchange {
	struct arena *arena;
	struct buf body;
	json_t *form, *query, *headers;
	char *url;
	uint64_t arrived_ms;
	size_t sent; /* of its body, which is kept up to SERVER_BODY_BYTES */
	bool begun, too_large;
};

static void *exchange_begin(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct arena *arena = arena_new();
	struct exchange *exchange = ARENA_NEW(arena, struct exchange);

	(void)cls;
	(void)connection;
	exchange->arena = arena;
	exchange->url = arena_strdup(arena, uri);
	exchange->arrived_ms = emulator_clock_ms();
	buf_init(&exchange->body, SERVER_BODY_BYTES);
	return exchange;
}

static void exchange_end(void *cls, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode how)
{
	struct exchange *exchange = *state;

	(void)cls;
	(void)connection;
	(void)how;
	if (exchange == NULL)
		return;
	*state = NULL;
	buf_release(&exchange->body);
	json_decref(exchange->form);
	json_decref(exchange->query);
	json_decref(exchange->headers);
	arena_free(exchange->arena);
}

/* The parameters are libmicrohttpd's. NOLINTNEXTLINE(readability-function-size) */
static enum MHD_Result add_field(void *cls, enum MHD_ValueKind kind, const char *key,
	const char *filename, const char *type, const char *encoding, const char *data,
	uint64_t offset, size_t size)
{
	json_t *form = cls;
	const char *before = json_string_value(json_object_get(form, key));

	(void)kind;
	(void)filename;
	(void)type;
	(void)encoding;
	/* A long value comes in parts. */
	json_object_set_new(form, key,
		json_sprintf("%s%.*s", offset > 0 && before != NULL ? before : "", (int)size,
			size > 0 ? data : ""));
	return MHD_YES;
}

static void read_form(struct exchange *exchange, struct MHD_Connection *connection)
{
	struct MHD_PostProcessor *fields;

	exchange->form = json_object();
	if (exchange->body.len == 0 || exchange->body.len > SERVER_FORM_BYTES)
		return;
	fields = MHD_create_post_processor(connection, FORM_BUFFER, add_field, exchange->form);
	if (fields == NULL)
		return;
	(void)MHD_post_process(fields, exchange->body.data, exchange->body.len);
	(void)MHD_destroy_post_processor(fields);
}

/* By lower-cased names; what is not UTF-8 counts as absent, the first of a name holds. */
static enum MHD_Result add_value(
	void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct exchange *exchange = cls;
	bool header = kind == MHD_HEADER_KIND;
	json_t *into = header ? exchange->headers : exchange->query;
	const char *key = header ? text_lower(exchange->arena, name) : name;

	if (json_object_get(into, key) == NULL)
		json_object_set_new(into, key, json_string(value != NULL ? value : ""));
	return MHD_YES;
}

static void read_values(struct exchange *exchange, struct MHD_Connection *connection)
{
	exchange->query = json_object();
	exchange->headers = json_object();
	(void)MHD_get_connection_values(connection, MHD_HEADER_KIND, add_value, exchange);
	(void)MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_value, exchange);
}

static const char *header_of(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static const char *query_of(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

static void wait_ms(uint64_t ms)
{
	struct timespec left = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		continue;
}

static bool peer_has_gone(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	char byte;

	return info == NULL || recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* A clock that is moved on makes an answer of a delay, and none of what has none. */
static bool is_held(struct server *server, const struct response *answer, uint64_t given_up_ms)
{
	if (answer->never)
		return emulator_clock_ms() < given_up_ms;
	return answer->until_ms > 0 && emulator_now_ms(server->emulator) < answer->until_ms;
}

/* Until the time is over, the client has gone or the server ends. */
static void hold(
	struct server *server, struct MHD_Connection *connection, const struct response *answer)
{
	uint64_t given_up_ms = emulator_clock_ms() + SERVER_NEVER_MS;

	while (is_held(server, answer, given_up_ms) && !atomic_load(&server->ending) &&
		!peer_has_gone(connection))
		wait_ms(HOLD_STEP_MS);
}

/* A text that ends before its length does. */
struct cut_text {
	char *text;
	size_t bytes;
};

static ssize_t read_cut(void *cls, uint64_t at, char *out, size_t room)
{
	const struct cut_text *cut = cls;
	size_t left = at < cut->bytes ? cut->bytes - (size_t)at : 0;

	if (left == 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (left > room)
		left = room;
	memcpy(out, cut->text + at, left);
	return (ssize_t)left;
}

static void free_cut(void *cls)
{
	struct cut_text *cut = cls;

	free(cut->text);
	free(cut);
}

/* Takes the text. */
static struct MHD_Response *make_response(struct response *answer, size_t len)
{
	struct MHD_Response *response;
	struct cut_text *cut;

	if (!answer->cut || answer->cut_bytes >= len) {
		response = MHD_create_response_from_buffer(len, answer->text,
			answer->text != NULL ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
		if (response == NULL)
			free(answer->text);
		return response;
	}
	cut = mem_alloc(sizeof(*cut));
	*cut = (struct cut_text){ answer->text, answer->cut_bytes };
	response = MHD_create_response_from_callback(len, CUT_BLOCK, read_cut, cut, free_cut);
	if (response == NULL)
		free_cut(cut);
	return response;
}

static bool says(const struct response *answer, const char *name)
{
	for (size_t i = 0; i < answer->nheaders; i++) {
		if (text_same_nocase(answer->headers[i].name, name))
			return true;
	}
	return false;
}

static enum MHD_Result send_response(struct MHD_Connection *connection, struct response *answer)
{
	/* As recorded, but Strict-Transport-Security, which browsers would keep for localhost. */
	static const char *const always[][2] = { { "Cache-Control", "no-cache" },
		{ "Pragma", "no-cache" }, { "Expires", "-1" },
		{ "X-Content-Type-Options", "nosniff" } };
	size_t len = answer->text != NULL ? strlen(answer->text) : 0;
	struct MHD_Response *response;
	enum MHD_Result sent;

	if (answer->dropped || answer->never) {
		free(answer->text);
		return MHD_NO;
	}
	response = make_response(answer, len);
	if (response == NULL)
		return MHD_NO;
	for (size_t i = 0; i < answer->nheaders; i++)
		(void)MHD_add_response_header(
			response, answer->headers[i].name, answer->headers[i].value);
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		(void)MHD_add_response_header(response, always[i][0], always[i][1]);
	if (len > 0 && !says(answer, "Content-Type"))
		(void)MHD_add_response_header(
			response, "Content-Type", "application/json; charset=utf-8");
	sent = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return sent;
}

static enum MHD_Result refuse_large(struct MHD_Connection *connection)
{
	static const char text[] = "{\"error\":{\"code\":\"RequestEntityTooLarge\",\"message\":"
				   "\"The request is larger than 8 MB.\"}}";
	struct response answer = { .status = 413, .text = mem_strdup(text) };

	return send_response(connection, &answer);
}

/* A byte 0 in the path would end it there, and the rest would be another resource's. */
static bool ends_early(const char *url)
{
	const char *zero = strstr(url, "%00");

	return zero != NULL && zero < url + strcspn(url, "?");
}

/* No name of a resource is anything else, and no refusal could tell it. */
static bool is_text(const char *path)
{
	json_auto_t *text = json_string(path);

	return text != NULL;
}

static enum MHD_Result refuse_address(struct MHD_Connection *connection)
{
	static const char text[] = "{\"error\":{\"code\":\"BadRequest\",\"message\":"
				   "\"The request URL is invalid.\"}}";
	struct response answer = { .status = 400, .text = mem_strdup(text) };

	return send_response(connection, &answer);
}

/* Who asks before it sends, or would send without end, is told at once. */
static bool is_refused_unsent(struct MHD_Connection *connection)
{
	const char *length = header_of(connection, "Content-Length");
	unsigned long long bytes = length != NULL ? strtoull(length, NULL, 10) : 0;

	return bytes > SERVER_SENT_BYTES ||
		(bytes > SERVER_BODY_BYTES && header_of(connection, "Expect") != NULL);
}

static enum MHD_Result serve_exchange(struct server *server, struct MHD_Connection *connection,
	struct exchange *exchange, const char *method, const char *path)
{
	const char *echo = header_of(connection, "x-ms-return-client-request-id");
	const char *sync = query_of(connection, "syncRemoteAddressSpace");
	struct response answer = { .arena = exchange->arena };
	struct request request = {
		.arena = exchange->arena,
		.method = method,
		.url = exchange->url,
		.path = path,
		.api_version = query_of(connection, "api-version"),
		.skip_token = query_of(connection, "$skiptoken"),
		.authorization = header_of(connection, "Authorization"),
		.if_match = header_of(connection, "If-Match"),
		.if_none_match = header_of(connection, "If-None-Match"),
		.correlation_id = header_of(connection, "x-ms-correlation-request-id"),
		.client_request_id = header_of(connection, "x-ms-client-request-id"),
		.echo_client_request_id = echo != NULL && strcmp(echo, "true") == 0,
		.syncs_remote = sync != NULL && strcmp(sync, "true") == 0,
		.body = exchange->body.data,
		.body_len = exchange->body.len,
		.arrived_ms = exchange->arrived_ms,
	};

	read_form(exchange, connection);
	read_values(exchange, connection);
	request.form = exchange->form;
	request.query = exchange->query;
	request.headers = exchange->headers;
	wait_ms(server->latency_ms);
	request.now_ms = emulator_clock_ms();
	emulator_serve(server->emulator, &request, &answer);
	hold(server, connection, &answer);
	return send_response(connection, &answer);
}

/* NOLINTNEXTLINE(readability-function-size) */
static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *size, void **state)
{
	struct exchange *exchange = *state;

	(void)version;
	if (!exchange->begun) {
		exchange->begun = true;
		return is_refused_unsent(connection) ? refuse_large(connection) : MHD_YES;
	}
	if (*size > 0) {
		/* Read to its end before it is refused: else many a client sees no answer. */
		exchange->sent += *size;
		exchange->too_large |= exchange->sent > SERVER_BODY_BYTES ||
			!buf_add(&exchange->body, data, *size);
		*size = 0;
		return exchange->sent <= SERVER_SENT_BYTES ? MHD_YES : MHD_NO;
	}
	if (exchange->too_large)
		return refuse_large(connection);
	if (ends_early(exchange->url) || !is_text(url))
		return refuse_address(connection);
	return serve_exchange(cls, connection, exchange, method, url);
}

/* The address as the sockets want it. */
static bool to_socket(
	const struct server_options *options, struct sockaddr_storage *out, struct diags *diags)
{
	struct sockaddr_in *four = (struct sockaddr_in *)out;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
	struct ip ip;

	memset(out, 0, sizeof(*out));
	if (!ip_parse(&ip, options->address))
		return diag_error(diags, PLACE_NONE, "bad-listen", "`%s` is not an address",
			options->address);
	if (ip.family == FAMILY_IPV4) {
		four->sin_family = AF_INET;
		four->sin_port = htons(options->port);
		memcpy(&four->sin_addr, ip.bytes, sizeof(four->sin_addr));
	} else {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(options->port);
		memcpy(&six->sin6_addr, ip.bytes, sizeof(six->sin6_addr));
	}
	return true;
}

static void set_endpoint(struct server *server, const struct server_options *options)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
	struct arena *arena = arena_new();
	bool six = strchr(options->address, ':') != NULL;

	server->url = mem_strdup(arena_printf(arena, "%s://%s%s%s:%u",
		options->tls != NULL ? "https" : "http", six ? "[" : "", options->address,
		six ? "]" : "", info != NULL ? (unsigned)info->port : 0));
	emulator_set_endpoint(
		server->emulator, options->public_url != NULL ? options->public_url : server->url);
	arena_free(arena);
}

const char *server_url(const struct server *server)
{
	return server->url;
}

/* With TLS its three options, which a daemon without it must not have. */
static struct MHD_Daemon *start_daemon(struct server *server, unsigned flags,
	const struct server_options *options, struct sockaddr_storage *address)
{
	const struct tls *tls = options->tls;
	struct MHD_OptionItem secured[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, tls != NULL ? (void *)tls->certificate : NULL },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, tls != NULL ? (void *)tls->key : NULL },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITIES },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem plain[] = { { MHD_OPTION_END, 0, NULL } };

	if (tls != NULL)
		flags |= MHD_USE_TLS;
	return MHD_start_daemon(flags, options->port, NULL, NULL, handle, server,
		MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_URI_LOG_CALLBACK, exchange_begin, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, exchange_end, NULL, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)SERVER_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)SERVER_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, SERVER_HEADER_BYTES,
		MHD_OPTION_ARRAY, tls != NULL ? secured : plain, MHD_OPTION_END);
}

struct server *server_start(
	struct emulator *emulator, const struct server_options *options, struct diags *diags)
{
	struct sockaddr_storage address;
	struct server *server;
	unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD;

	if (!to_socket(options, &address, diags))
		return NULL;
	if (address.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	if (options->tls != NULL && MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES) {
		diag_error(diags, PLACE_NONE, "bad-tls",
			"this system's libmicrohttpd was built without TLS");
		return NULL;
	}
	server = mem_alloc(sizeof(*server));
	*server = (struct server){ .emulator = emulator, .latency_ms = options->latency_ms };
	server->daemon = start_daemon(server, flags, options, &address);
	if (server->daemon == NULL) {
		diag_error(diags, PLACE_NONE, "cannot-listen", "cannot listen on %s port %u: %s",
			options->address, (unsigned)options->port, strerror(errno));
		free(server);
		return NULL;
	}
	set_endpoint(server, options);
	return server;
}

void server_stop(struct server *server)
{
	atomic_store(&server->ending, true);
	MHD_stop_daemon(server->daemon);
	free(server->url);
	free(server);
}
