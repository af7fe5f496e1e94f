/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/azure_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const environment[] = { "AZURE_TENANT_ID=our-tenant", "AZURE_CLIENT_ID=client",
	"AZURE_CLIENT_SECRET=" SECRET, NULL };

static void keep_line(void *context, enum net_log_level level, const char *line)
{
	(void)level;
	(void)buf_printf(context, "%s\n", line);
}

void open_on(struct fixture *f, const struct scripted_answer *answers, size_t count, bool emulator)
{
	*f = (struct fixture){ .arena = arena_new() };
	diags_init(&f->diags, f->arena);
	buf_init(&f->log, BUF_OWN_TEXT);
	f->server = scripted_start(answers, count);
	struct azure_cloud cloud = { "test", scripted_base(f->server), scripted_base(f->server),
		"https://audience", NULL, emulator, NULL };
	f->provider = azure_open(
		&(struct azure_options){ .cloud = &cloud,
			.environment = environment,
			.version = "0",
			.catalog = catalog_new(f->arena),
			.log = { .write = keep_line, .context = &f->log, .level = NET_LOG_TRACE } },
		&f->diags);
	assert_non_null(f->provider);
}

void close_all(struct fixture *f, size_t expected)
{
	assert_int_equal(scripted_surprises(f->server), 0);
	assert_int_equal(scripted_served(f->server), expected);
	assert_null(strstr(f->log.data, SECRET));
	assert_null(strstr(f->log.data, TOKEN_1));
	assert_null(strstr(f->log.data, TOKEN_2));
	f->provider->close(f->provider);
	scripted_stop(f->server);
	buf_release(&f->log);
	arena_free(f->arena);
}

struct operation make(struct fixture *f, enum verb verb, const char *path)
{
	struct operation operation = { .verb = verb,
		.path = path,
		.api_version = "2024-05-01",
		.arena = f->arena,
		.owner = f };
	if (verb == VERB_PUT || verb == VERB_PATCH)
		operation.body = arena_json(f->arena, json_pack("{s:s}", "location", "japaneast"));
	return operation;
}

void run(struct fixture *f, struct operation *operation)
{
	f->provider->submit(f->provider, operation);
	assert_ptr_equal(f->provider->reap(f->provider, 30000), operation);
	assert_null(f->provider->reap(f->provider, -1));
}
