/* SPDX-License-Identifier: Apache-2.0 */
/* load.c - asks an emulator on this machine as fast as it answers
 *
 *   load PORT COUNT CONNECTIONS < REQUESTS
 *
 * REQUESTS are lines METHOD PATH [BODY], sent in turn from the first on; `%n` in one becomes the
 * number of the turn. Each connection waits for its answer before it sends the next. Prints
 * {"requests", "seconds", "bytes", "statuses": {STATUS: N}}. Only 127.0.0.1 is ever asked.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define LINES_MAX 1000
#define LINE_BYTES 65536
#define HEAD_BYTES 65536
#define STATUS_MAX 600

struct connection {
	int fd;
	char head[HEAD_BYTES + 1]; /* of the answer, until all of it is there */
	size_t head_len;
	long long body_left; /* -1: the head is not complete */
};

struct load {
	struct sockaddr_in address;
	char *lines[LINES_MAX];
	size_t nlines;
	long count, sent, answered;
	unsigned long long bytes;
	long statuses[STATUS_MAX];
};

static void fail(const char *what)
{
	(void)fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void open_connection(const struct load *load, struct connection *connection)
{
	const int on = 1;

	connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	connection->body_left = -1;
	if (connection->fd < 0 ||
		connect(connection->fd, (const struct sockaddr *)&load->address,
			sizeof(load->address)) != 0)
		fail("connect");
	(void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* `text` with the number in the place of each %n. */
static void put_number(const char *text, long number, char *out, size_t room)
{
	size_t len = 0;

	while (*text != '\0' && len + 32 < room) {
		if (text[0] == '%' && text[1] == 'n') {
			len += (size_t)snprintf(out + len, room - len, "%ld", number);
			text += 2;
		} else {
			out[len++] = *text++;
		}
	}
	out[len] = '\0';
}

static void send_next(struct load *load, struct connection *connection)
{
	static char line[LINE_BYTES], request[2 * LINE_BYTES];
	size_t at = (size_t)load->sent % load->nlines;
	char *path, *body;
	int len;

	put_number(load->lines[at], load->sent / (long)load->nlines, line, sizeof(line));
	load->sent++;
	path = strchr(line, ' ');
	if (path == NULL)
		fail("a line without a path");
	*path++ = '\0';
	body = strchr(path, ' ');
	if (body != NULL)
		*body++ = '\0';
	len = snprintf(request, sizeof(request),
		"%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer emulator\r\n"
		"Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
		line, path,
		body != NULL && body[0] != '{' ? "application/x-www-form-urlencoded"
					       : "application/json",
		body != NULL ? strlen(body) : 0, body != NULL ? body : "");
	if (len < 0 || (size_t)len >= sizeof(request) ||
		send(connection->fd, request, (size_t)len, MSG_NOSIGNAL) != len)
		fail("send");
	connection->head_len = 0;
	connection->body_left = -1;
}

/* What the head says; what follows it is a part of the body. */
static void take_head(struct load *load, struct connection *connection)
{
	char *end, *length;
	long status;

	connection->head[connection->head_len] = '\0';
	end = strstr(connection->head, "\r\n\r\n");
	if (end == NULL)
		return;
	length = strstr(connection->head, "\r\nContent-Length:");
	status = strtol(connection->head + strlen("HTTP/1.1"), NULL, 10);
	if (status > 0 && status < STATUS_MAX)
		load->statuses[status]++;
	connection->body_left = length != NULL && length < end
		? strtoll(length + strlen("\r\nContent-Length:"), NULL, 10)
		: 0;
	connection->body_left -=
		(long long)(connection->head_len - (size_t)(end + 4 - connection->head));
}

/* Whether the answer is complete. */
static int take(struct load *load, struct connection *connection)
{
	static char body[1 << 20];
	int in_head = connection->body_left < 0;
	char *to = in_head ? connection->head + connection->head_len : body;
	size_t room = in_head ? HEAD_BYTES - connection->head_len : sizeof(body);
	ssize_t got = recv(connection->fd, to, room, 0);

	if (got <= 0)
		fail("the connection has ended");
	load->bytes += (unsigned long long)got;
	if (in_head) {
		connection->head_len += (size_t)got;
		take_head(load, connection);
	} else {
		connection->body_left -= got;
	}
	return connection->body_left == 0;
}

static void run(struct load *load, size_t nconnections)
{
	static struct connection connections[CONNECTIONS_MAX];
	struct pollfd watched[CONNECTIONS_MAX];

	for (size_t i = 0; i < nconnections; i++) {
		open_connection(load, &connections[i]);
		watched[i] = (struct pollfd){ .fd = connections[i].fd, .events = POLLIN };
		if (load->sent < load->count)
			send_next(load, &connections[i]);
	}
	while (load->answered < load->count) {
		if (poll(watched, nconnections, 60000) <= 0)
			fail("poll");
		for (size_t i = 0; i < nconnections; i++) {
			if (watched[i].revents == 0 || !take(load, &connections[i]))
				continue;
			load->answered++;
			if (load->sent < load->count)
				send_next(load, &connections[i]);
		}
	}
}

static void read_lines(struct load *load)
{
	static char line[LINE_BYTES];

	while (load->nlines < LINES_MAX && fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		load->lines[load->nlines] = strdup(line);
		if (load->lines[load->nlines++] == NULL)
			fail("memory");
	}
	if (load->nlines == 0)
		fail("no requests");
}

int main(int argc, char **argv)
{
	static struct load load;
	json_t *statuses = json_object();
	double begun;
	long nconnections;

	if (argc != 4)
		return 2;
	load.address.sin_family = AF_INET;
	load.address.sin_port = htons((uint16_t)strtol(argv[1], NULL, 10));
	load.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	load.count = strtol(argv[2], NULL, 10);
	nconnections = strtol(argv[3], NULL, 10);
	if (nconnections < 1 || nconnections > CONNECTIONS_MAX)
		return 2;
	read_lines(&load);
	begun = now_s();
	run(&load, (size_t)nconnections);

	double taken = now_s() - begun;

	for (size_t i = 0; i < STATUS_MAX; i++) {
		char name[8];

		(void)snprintf(name, sizeof(name), "%zu", i);
		if (load.statuses[i] > 0)
			json_object_set_new(statuses, name, json_integer(load.statuses[i]));
	}
	json_auto_t *out = json_pack("{s:I,s:f,s:I,s:o}", "requests", (json_int_t)load.answered,
		"seconds", taken, "bytes", (json_int_t)load.bytes, "statuses", statuses);
	(void)json_dumpf(out, stdout, JSON_COMPACT);
	(void)printf("\n");
	return 0;
}
