/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/scripted.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/arena.h"
#include "engine/base/buf.h"

#define REQUESTS_MOST 256

struct scripted {
	struct MHD_Daemon *daemon;
	pthread_mutex_t lock;
	const struct scripted_answer *answers;
	size_t count, surprises;
	struct scripted_request requests[REQUESTS_MOST];
	size_t served;
	char base[64];
};

static void copy(char *to, size_t room, const char *from)
{
	(void)snprintf(to, room, "%s", from ? from : "");
}

static void add_text(struct buf *out, const struct scripted *server, const char *text)
{
	for (const char *mark = strstr(text, "$BASE"); mark; mark = strstr(text, "$BASE")) {
		(void)buf_add(out, text, (size_t)(mark - text));
		(void)buf_puts(out, server->base);
		text = mark + strlen("$BASE");
	}
	(void)buf_puts(out, text);
}

static ssize_t half(void *context, uint64_t position, char *out, size_t room)
{
	const char *text = context;
	size_t len = strlen(text) / 2;
	if (position >= len)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	size_t more = len - (size_t)position < room ? len - (size_t)position : room;
	memcpy(out, text + position, more);
	return (ssize_t)more;
}

static struct MHD_Response *make_response(
	const struct scripted *server, const struct scripted_answer *answer)
{
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	add_text(&text, server, answer->body ? answer->body : "");
	struct MHD_Response *response = NULL;
	if (answer->ending == SCRIPTED_TRUNCATED)
		response = MHD_create_response_from_callback(
			text.len, 1024, half, mem_strdup(text.data), free);
	else
		response =
			MHD_create_response_from_buffer(text.len, text.data, MHD_RESPMEM_MUST_COPY);
	for (size_t i = 0; i < ARRAY_LEN(answer->headers) && answer->headers[i]; i++) {
		buf_clear(&text);
		add_text(&text, server, answer->headers[i]);
		char *colon = strchr(text.data, ':');
		if (!colon)
			abort();
		*colon = '\0';
		(void)MHD_add_response_header(response, text.data, colon + 2);
	}
	buf_release(&text);
	return response;
}

static enum MHD_Result answer_now(struct scripted *server, struct MHD_Connection *connection,
	struct scripted_request *request)
{
	static const struct scripted_answer surprise = { .status = 599 };
	const struct scripted_answer *answer = &surprise;
	(void)pthread_mutex_lock(&server->lock);
	size_t n = server->served++;
	if (n < server->count && strcmp(server->answers[n].method, request->method) == 0 &&
		strncmp(request->target, server->answers[n].path,
			strlen(server->answers[n].path)) == 0)
		answer = &server->answers[n];
	else
		server->surprises++;
	if (n < REQUESTS_MOST)
		server->requests[n] = *request;
	(void)pthread_mutex_unlock(&server->lock);
	if (answer->ending == SCRIPTED_RESET)
		return MHD_NO;
	struct MHD_Response *response = make_response(server, answer);
	enum MHD_Result queued = MHD_queue_response(connection, (unsigned)answer->status, response);
	MHD_destroy_response(response);
	return queued;
}

/* NOLINTNEXTLINE(readability-function-size): the signature is libmicrohttpd's */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_len,
	void **state)
{
	struct scripted *server = context;
	(void)version;
	struct scripted_request *request = *state;
	if (!request) {
		request = mem_alloc(sizeof *request);
		memset(request, 0, sizeof *request);
		*state = request;
		copy(request->method, sizeof request->method, method);
		copy(request->path, sizeof request->path, url);
		const char *asked = MHD_lookup_connection_value(
			connection, MHD_GET_ARGUMENT_KIND, "api-version");
		(void)snprintf(request->target, sizeof request->target, "%s%s%s", url,
			asked ? "?api-version=" : "", asked ? asked : "");
		const struct {
			const char *name;
			char *to;
			size_t room;
		} kept[] = {
			{ "Authorization", request->authorization, sizeof request->authorization },
			{ "If-Match", request->if_match, sizeof request->if_match },
			{ "x-ms-client-request-id", request->client_request_id,
				sizeof request->client_request_id },
			{ "x-ms-correlation-request-id", request->correlation_id,
				sizeof request->correlation_id },
		};
		for (size_t i = 0; i < ARRAY_LEN(kept); i++)
			copy(kept[i].to, kept[i].room,
				MHD_lookup_connection_value(
					connection, MHD_HEADER_KIND, kept[i].name));
		return MHD_YES;
	}
	if (*upload_len) {
		size_t have = strlen(request->body);
		size_t room = sizeof request->body - 1 - have;
		memcpy(request->body + have, upload, *upload_len < room ? *upload_len : room);
		*upload_len = 0;
		return MHD_YES;
	}
	return answer_now(server, connection, request);
}

static void completed(void *context, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode code)
{
	(void)context, (void)connection, (void)code;
	free(*state);
	*state = NULL;
}

struct scripted *scripted_start(const struct scripted_answer *answers, size_t count)
{
	struct scripted *server = mem_alloc(sizeof *server);
	memset(server, 0, sizeof *server);
	server->answers = answers;
	server->count = count;
	if (pthread_mutex_init(&server->lock, NULL) != 0)
		abort();
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	server->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, handle,
		server, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
		MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
	if (!server->daemon)
		abort();
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
	(void)snprintf(
		server->base, sizeof server->base, "http://127.0.0.1:%u", (unsigned)info->port);
	return server;
}

const char *scripted_base(const struct scripted *server)
{
	return server->base;
}

size_t scripted_served(struct scripted *server)
{
	(void)pthread_mutex_lock(&server->lock);
	size_t served = server->served;
	(void)pthread_mutex_unlock(&server->lock);
	return served;
}

size_t scripted_surprises(struct scripted *server)
{
	(void)pthread_mutex_lock(&server->lock);
	size_t surprises = server->surprises;
	(void)pthread_mutex_unlock(&server->lock);
	return surprises;
}

const struct scripted_request *scripted_request(struct scripted *server, size_t i)
{
	return &server->requests[i];
}

void scripted_stop(struct scripted *server)
{
	MHD_stop_daemon(server->daemon);
	(void)pthread_mutex_destroy(&server->lock);
	free(server);
}
