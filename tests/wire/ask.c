/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c - one operation of the Azure provider a line, under a clock that hurries
 *
 * Standard input: a line of JSON each, {"cloud", "verb", "path", "body"?, "if_match"?, "secret"?,
 * "register"?}. Standard output: a line each, what came of it and what a user would see of it.
 * Each has a provider of its own, as each run of Waybill has.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/apply/blame.h"
#include "engine/base/json.h"
#include "engine/plan/snapshot.h"
#include "providers/azure/azure.h"

#define LINE_BYTES 65536

static const char *const secret[] = { "AZURE_TENANT_ID=our-tenant", "AZURE_CLIENT_ID=client",
	"AZURE_CLIENT_SECRET=the-secret", NULL };
static const char *const verbs[] = { [VERB_LIST] = "LIST",
	[VERB_GET] = "GET",
	[VERB_PUT] = "PUT",
	[VERB_PATCH] = "PATCH",
	[VERB_DELETE] = "DELETE",
	[VERB_POST] = "POST" };
static const char *const outcomes[] = { [OUTCOME_DONE] = "done",
	[OUTCOME_ABSENT] = "absent",
	[OUTCOME_STALE] = "stale",
	[OUTCOME_FAILED] = "failed",
	[OUTCOME_UNKNOWN] = "unknown" };

static enum verb verb_of(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i], name) == 0)
			return (enum verb)i;
	abort();
}

/* What a user is told of it: by plan of a read, by apply of a write. */
static void see(const struct operation *op, struct diags *diags)
{
	const struct step step = { .verb = STEP_UPDATE, .address = "routeTables/t" };
	if (op->verb == VERB_GET || op->verb == VERB_LIST)
		(void)operation_refused(op, "read", diags);
	else
		blame_failure(NULL, &step, op, diags);
}

static void tell(const struct operation *op, struct diags *diags)
{
	bool ended = op->outcome == OUTCOME_DONE || op->outcome == OUTCOME_ABSENT;
	if (!ended)
		see(op, diags);
	const struct diag *seen = diags->count ? &diags->items[0] : NULL;
	json_auto_t *line = json_pack("{s:s,s:s?,s:i,s:i,s:s?,s:s?,s:O?}", "outcome",
		outcomes[op->outcome], "code", ended ? NULL : op->failure.code, "status",
		op->failure.status, "requests", (int)op->requests, "message",
		seen ? seen->text : NULL, "help", seen ? seen->help : NULL, "reply", op->reply);
	char *text = json_dumps(line, JSON_COMPACT);
	(void)printf("%s\n", text);
	(void)fflush(stdout);
	free(text);
}

static void ask(struct arena *arena, const json_t *asked)
{
	struct diags diags;
	diags_init(&diags, arena);
	const char *origin = json_text_at(asked, "/cloud");
	struct azure_cloud cloud = { .name = "test",
		.arm = origin,
		.login = origin,
		.audience = "https://audience",
		.emulator = !json_at(asked, "/secret") };
	struct provider *provider = azure_open(
		&(struct azure_options){ .cloud = &cloud, .environment = secret, .version = "0" },
		&diags);
	struct operation op = {
		.verb = verb_of(json_text_at(asked, "/verb")),
		.path = json_text_at(asked, "/path"),
		.api_version = "2024-05-01",
		.body = json_at(asked, "/body"),
		.if_match = json_text_at(asked, "/if_match"),
		.arena = arena,
	};
	if (!provider)
		abort();
	provider->submit(provider, &op);
	if (provider->reap(provider, -1) != &op)
		abort();
	tell(&op, &diags);
	provider->close(provider);
}

int main(void)
{
	static char line[LINE_BYTES];
	mem_guard_jansson();
	while (fgets(line, sizeof line, stdin)) {
		struct arena *arena = arena_new();
		json_error_t why;
		json_auto_t *asked = json_loads(line, 0, &why);
		if (!asked)
			abort();
		ask(arena, asked);
		arena_free(arena);
	}
	return 0;
}
