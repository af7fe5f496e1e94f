/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "providers/net/token.h"
#include "tests/support/folder.h"
#include "tests/support/scripted.h"

#define IDENTITY "/metadata/identity/oauth2/token"

struct fixture {
	struct arena *arena;
	struct folder folder;
	struct scripted *server;
	struct http *http;
	struct timers timers;
	struct jitter jitter;
	struct credential credential;
	struct token_source *source;
	struct buf log;
	unsigned answered;
	const char *token, *problem, *help;
};

static void keep_line(void *context, enum net_log_level level, const char *line)
{
	(void)level;
	(void)buf_printf(context, "%s\n", line);
}

static void open_on(struct fixture *f, const struct scripted_answer *answers, size_t count)
{
	f->arena = arena_new();
	buf_init(&f->log, BUF_OWN_TEXT);
	folder_make(&f->folder);
	f->server = scripted_start(answers, count);
	f->http = http_open(&(struct http_options){ .user_agent = "test", .max_connections = 1 });
	jitter_seed(&f->jitter);
	f->source = NULL;
}

/* A machine that may have an identity, and an az that says this. */
static void use_guess(struct fixture *f, const char *az)
{
	f->credential = (struct credential){ .kind = CREDENTIAL_MACHINE,
		.source = "a guess",
		.url = mem_strdup(arena_printf(f->arena, "%s" IDENTITY, scripted_base(f->server))),
		.is_guess = true };
	if (az) {
		folder_write(&f->folder, "az", az, strlen(az));
		const char *path = folder_path(&f->folder, f->arena, "az");
		assert_int_equal(chmod(path, S_IRWXU), 0);
		f->credential.az = mem_strdup(path);
	}
	static const char *const environment[] = { "PATH=/usr/bin:/bin", NULL };
	f->credential.environment = environment;
	f->source = token_source_new(&(struct token_options){ .http = f->http,
		.timers = &f->timers,
		.jitter = &f->jitter,
		.credential = &f->credential,
		.scope = "https://arm.test/.default",
		.log = { .write = keep_line, .context = &f->log, .level = NET_LOG_DEBUG } });
}

static void on_token(void *context, const struct token *token)
{
	struct fixture *f = context;
	f->answered++;
	f->token = token->text ? arena_strdup(f->arena, token->text) : NULL;
	f->problem = token->problem ? arena_strdup(f->arena, token->problem) : NULL;
	f->help = token->help ? arena_strdup(f->arena, token->help) : NULL;
}

static void want(struct fixture *f)
{
	unsigned before = f->answered;
	token_want(f->source, on_token, f);
	while (f->answered == before) {
		while (timers_fire(&f->timers, clock_ms()))
			continue;
		http_step(f->http, 10);
	}
}

static void close_all(struct fixture *f, size_t expected)
{
	assert_int_equal(scripted_surprises(f->server), 0);
	assert_int_equal(scripted_served(f->server), expected);
	token_source_free(f->source);
	timers_release(&f->timers);
	http_close(f->http);
	credential_release(&f->credential);
	scripted_stop(f->server);
	folder_remove(&f->folder);
	buf_release(&f->log);
	arena_free(f->arena);
}

static void test_token__a_guess_goes_on_to_az(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", IDENTITY, 400,
			"{\"error\": \"invalid_request\", \"error_description\": \"Identity not "
			"found\"}",
			NULL),
	};
	struct fixture f = { 0 };
	open_on(&f, answers, ARRAY_LEN(answers));
	use_guess(&f,
		"#!/bin/sh\necho '{\"accessToken\": \"token-of-az\", \"expires_on\": "
		"4102444800}'\n");
	want(&f);
	assert_string_equal(f.token, "token-of-az");
	assert_non_null(strstr(f.log.data,
		"the machine has no identity: the managed identity's service answered 400: "
		"Identity"));
	want(&f);
	close_all(&f, 1);
}

static void test_token__a_guess_that_comes_true_needs_no_az(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", IDENTITY, 200,
			"{\"access_token\": \"token-of-the-machine\", \"expires_in\": \"3600\"}",
			NULL),
	};
	struct fixture f = { 0 };
	open_on(&f, answers, ARRAY_LEN(answers));
	use_guess(&f, "#!/bin/sh\nexit 1\n");
	want(&f);
	assert_string_equal(f.token, "token-of-the-machine");
	close_all(&f, 1);
}

static void test_token__a_guess_without_az_tells_what_the_machine_said(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", IDENTITY, 400, "{\"error_description\": \"Identity not found\"}",
			NULL),
	};
	struct fixture f = { 0 };
	open_on(&f, answers, ARRAY_LEN(answers));
	use_guess(&f, NULL);
	want(&f);
	assert_null(f.token);
	assert_string_equal(
		f.problem, "the managed identity's service answered 400: Identity not found");
	assert_non_null(strstr(f.help, "an identity"));
	/* It is not asked again. */
	want(&f);
	close_all(&f, 1);
}

static void test_token__az_that_fails_after_a_guess(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", IDENTITY, 400, "{}", NULL),
	};
	struct fixture f = { 0 };
	open_on(&f, answers, ARRAY_LEN(answers));
	use_guess(&f, "#!/bin/sh\necho 'ERROR: Please run az login' >&2\nexit 1\n");
	want(&f);
	assert_null(f.token);
	assert_non_null(strstr(f.problem, "Please run az login"));
	assert_string_equal(f.help, "run `az login`");
	close_all(&f, 1);
}

#define TOKEN_OF_AZ                                                                                \
	"#!/bin/sh\necho '{\"accessToken\": \"token-of-az\", \"expires_on\": 4102444800}'\n"

/* Az may be signed in as somebody else: a machine that is busy does not make us that one. */
static void test_token__a_guess_that_is_busy_is_asked_again(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", IDENTITY, 429, "{}", NULL),
		ANSWER("GET", IDENTITY, 200,
			"{\"access_token\": \"token-of-the-machine\", \"expires_in\": \"3600\"}",
			NULL),
	};
	struct fixture f = { 0 };
	open_on(&f, answers, ARRAY_LEN(answers));
	use_guess(&f, TOKEN_OF_AZ);
	want(&f);
	assert_string_equal(f.token, "token-of-the-machine");
	close_all(&f, 2);
}

static void test_token__a_wait_that_is_too_long_is_not_begun(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", IDENTITY, 503, "{}", "Retry-After: 1", NULL),
		ANSWER("GET", IDENTITY, 503, "{}", "Retry-After: 300", NULL),
	};
	struct fixture f = { 0 };
	open_on(&f, answers, ARRAY_LEN(answers));
	use_guess(&f, TOKEN_OF_AZ);
	want(&f);
	assert_null(f.token);
	assert_string_equal(f.problem, "the managed identity's service answered 503");
	assert_non_null(strstr(f.help, "asks to be left alone for 300 s"));
	close_all(&f, 2);
}

static void test_token__a_guess_that_came_true_stays_true(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", IDENTITY, 200,
			"{\"access_token\": \"token-of-the-machine\", \"expires_in\": \"3600\"}",
			NULL),
		ANSWER("GET", IDENTITY, 400, "{\"error_description\": \"Identity not found\"}",
			NULL),
	};
	struct fixture f = { 0 };
	open_on(&f, answers, ARRAY_LEN(answers));
	use_guess(&f, TOKEN_OF_AZ);
	want(&f);
	assert_true(token_refused(f.source, 1, NULL));
	want(&f);
	assert_null(f.token);
	assert_string_equal(
		f.problem, "the managed identity's service answered 400: Identity not found");
	close_all(&f, 2);
}

#define TOKEN_FOR_LONG(TEXT)                                                                       \
	"{\"access_token\": \"" TEXT "\", \"expires_in\": \"3600\", \"refresh_in\": \"1\"}"

static void wait_ms(struct fixture *f, int ms)
{
	for (int64_t until = clock_ms() + ms; clock_ms() < until;)
		http_step(f->http, 20);
}

static void test_token__is_replaced_before_its_end(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", IDENTITY, 200, TOKEN_FOR_LONG("first"), NULL),
		ANSWER("GET", IDENTITY, 200, TOKEN_FOR_LONG("second"), NULL),
	};
	struct fixture f = { 0 };
	open_on(&f, answers, ARRAY_LEN(answers));
	use_guess(&f, NULL);
	want(&f);
	want(&f);
	assert_string_equal(f.token, "first");
	wait_ms(&f, 1100);
	want(&f);
	assert_string_equal(f.token, "second");
	close_all(&f, 2);
}

/* That no new one is to be had yet costs one request, and no run. */
static void test_token__serves_to_its_end_when_there_is_no_other(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", IDENTITY, 200, TOKEN_FOR_LONG("first"), NULL),
		ANSWER("GET", IDENTITY, 400, "{\"error_description\": \"not now\"}", NULL),
	};
	struct fixture f = { 0 };
	open_on(&f, answers, ARRAY_LEN(answers));
	use_guess(&f, NULL);
	want(&f);
	wait_ms(&f, 1100);
	want(&f);
	want(&f);
	assert_string_equal(f.token, "first");
	assert_null(f.problem);
	/* A refused one serves nobody, though. */
	assert_true(token_refused(f.source, 1, NULL));
	close_all(&f, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token__a_guess_goes_on_to_az),
		cmocka_unit_test(test_token__a_guess_that_comes_true_needs_no_az),
		cmocka_unit_test(test_token__a_guess_without_az_tells_what_the_machine_said),
		cmocka_unit_test(test_token__az_that_fails_after_a_guess),
		cmocka_unit_test(test_token__a_guess_that_is_busy_is_asked_again),
		cmocka_unit_test(test_token__a_wait_that_is_too_long_is_not_begun),
		cmocka_unit_test(test_token__a_guess_that_came_true_stays_true),
		cmocka_unit_test(test_token__is_replaced_before_its_end),
		cmocka_unit_test(test_token__serves_to_its_end_when_there_is_no_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
