/* SPDX-License-Identifier: Apache-2.0 */
/* What hangs: a server that takes a request and is silent, a plugin that does not end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "providers/kubernetes/kubernetes.h"
#include "tests/support/folder.h"

#define PAGE                                                                                       \
	"HTTP/1.1 200 OK\r\nContent-Length: 67\r\n\r\n"                                            \
	"{\"items\": [{\"metadata\": {\"name\": \"n\"}, \"status\": {\"images\": [1]}}]}       "

static struct arena *arena;
static struct diags diags;
static struct folder folder;
static struct provider *provider;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	diags_init(&diags, arena);
	folder_make(&folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	provider->close(provider);
	folder_remove(&folder);
	arena_free(arena);
	return 0;
}

static const char *write_file(const char *name, const char *text)
{
	folder_write(&folder, name, text, strlen(text));
	return folder_path(&folder, arena, name);
}

static void open_at(int port, const char *user)
{
	static const char *const environment[] = { "PATH=/usr/bin:/bin", NULL };
	const char *text = arena_printf(arena,
		"{current-context: x, contexts: [{name: x, context: {cluster: c, user: u}}],\n"
		"clusters: [{name: c, cluster: {server: \"http://127.0.0.1:%d\"}}],\n"
		"users: [{name: u, user: {%s}}]}\n",
		port, user);
	provider =
		kubernetes_open(&(struct kubernetes_options){ .kubeconfig = write_file("k", text),
					.allow_exec = true,
					.environment = environment,
					.version = "0",
					.request_ms = 200,
					.exec_ms = 200 },
			&diags);
	assert_non_null(provider);
}

static int listen_somewhere(int *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static struct operation list = { .verb = VERB_LIST, .path = "/api/v1/nodes" };

static void test_kubernetes__a_silent_server_is_asked_again(void **state)
{
	(void)state;
	int port = 0, server = listen_somewhere(&port), silent = -1, second = -1;
	char request[4096] = "";
	open_at(port, "token: the-token");
	list.arena = arena;
	provider->submit(provider, &list);
	struct operation *done = NULL;
	while (!done) {
		struct timeval now = { 0 };
		fd_set ready;
		FD_ZERO(&ready);
		FD_SET(server, &ready);
		if (select(server + 1, &ready, NULL, NULL, &now) == 1) {
			int *connection = silent < 0 ? &silent : &second;
			*connection = accept(server, NULL, NULL);
		}
		done = provider->reap(provider, 20);
		if (second >= 0 && !*request &&
			recv(second, request, sizeof request - 1, MSG_DONTWAIT) > 0)
			assert_int_equal(write(second, PAGE, sizeof PAGE - 1), sizeof PAGE - 1);
	}
	assert_int_equal(done->outcome, OUTCOME_DONE);
	assert_int_equal(done->requests, 2);
	assert_string_equal(
		json_canonical(arena, done->reply), "[{\"metadata\":{\"name\":\"n\"}}]");
	assert_non_null(strstr(request, "GET /api/v1/nodes?limit=500 HTTP/1.1\r\n"));
	assert_non_null(strstr(request, "Authorization: Bearer the-token\r\n"));
	(void)close(server);
	(void)close(silent);
	(void)close(second);
}

static void test_kubernetes__a_plugin_that_does_not_end_is_ended(void **state)
{
	(void)state;
	const char *plugin = write_file("plugin", "#!/bin/sh\nsleep 600 & wait\n");
	assert_int_equal(chmod(plugin, S_IRWXU), 0);
	open_at(1, "exec: {apiVersion: client.authentication.k8s.io/v1, command: plugin}");
	list.arena = arena;
	provider->submit(provider, &list);
	assert_ptr_equal(provider->reap(provider, -1), &list);
	assert_int_equal(list.outcome, OUTCOME_FAILED);
	assert_string_equal(list.failure.code, "exec-failed");
	assert_non_null(strstr(list.failure.message, "could not be run"));
	provider->close(provider);
	open_at(1, "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin}");
	provider->submit(provider, &list);
	assert_ptr_equal(provider->reap(provider, -1), &list);
	assert_string_equal(list.failure.code, "exec-failed");
	assert_non_null(strstr(list.failure.message, "did not end in time"));
	assert_null(provider->reap(provider, -1));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_kubernetes__a_silent_server_is_asked_again),
		CASE(test_kubernetes__a_plugin_that_does_not_end_is_ended),
	};
	mem_guard_jansson();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
