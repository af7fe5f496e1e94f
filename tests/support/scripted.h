/* SPDX-License-Identifier: Apache-2.0 */
/* scripted.h - a server that plays answers in order, for tests of clients
 *
 * The nth request must match the nth answer's method and path, else it gets 599 and the test sees
 * it in `surprises`. "$BASE" in headers and bodies is the server's own origin.
 */
#ifndef WAYBILL_TESTS_SUPPORT_SCRIPTED_H
#define WAYBILL_TESTS_SUPPORT_SCRIPTED_H

#include <stddef.h>

enum scripted_ending {
	SCRIPTED_WHOLE,
	SCRIPTED_RESET,
	SCRIPTED_TRUNCATED
};

struct scripted_answer {
	const char *method;
	const char *path; /* how the request's target begins, or "" */
	int status;
	const char *body;
	const char *headers[6]; /* "Name: value" */
	enum scripted_ending ending;
};

/* The last arguments are the headers; NULL for none. */
#define ANSWER(METHOD, PATH, STATUS, BODY, ...)                                                    \
	{                                                                                          \
		.method = (METHOD), .path = (PATH), .status = (STATUS), .body = (BODY),            \
		.headers = {                                                                       \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
#define CUT(ENDING, METHOD, PATH, STATUS, BODY)                                                    \
	{                                                                                          \
		.method = (METHOD), .path = (PATH), .status = (STATUS), .body = (BODY),            \
		.ending = (ENDING)                                                                 \
	}

struct scripted_request {
	char method[16];
	char path[512];
	char target[560]; /* the path, and of the query its api-version */
	char authorization[128];
	char if_match[64];
	char client_request_id[40];
	char correlation_id[40];
	char body[1024];
};

struct scripted;

struct scripted *scripted_start(const struct scripted_answer *, size_t count);
const char *scripted_base(const struct scripted *); /* http://127.0.0.1:PORT */
size_t scripted_served(struct scripted *);
size_t scripted_surprises(struct scripted *);
const struct scripted_request *scripted_request(struct scripted *, size_t i);
void scripted_stop(struct scripted *);

#endif
