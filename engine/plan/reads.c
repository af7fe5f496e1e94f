/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan/reads.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/plan/snapshot.h"
#include "schemas/arm_id.h"

void reads_init(struct reads *r, struct arena *a)
{
	*r = (struct reads){ .arena = a };
}

void reads_add(struct reads *r, enum verb verb, const char *path, const struct schema *schema)
{
	reads_add_version(r, verb, path, schema, schema->api_version);
}

void reads_add_version(struct reads *r, enum verb verb, const char *path,
	const struct schema *schema, const char *version)
{
	/* Resources come sorted, so most repetitions follow each other. */
	if (r->count && text_same_nocase(r->items[r->count - 1].operation.path, path))
		return;
	struct read *item = ARENA_PUSH(r->arena, r->items, r->count);
	*item = (struct read){
		.key = arm_id_key(r->arena, path),
		.schema = schema,
		.operation = {
			.verb = verb,
			.path = path,
			.api_version = version,
			.arena = r->arena,
		},
	};
}

static int compare_reads(const void *a, const void *b)
{
	return strcmp(((const struct read *)a)->key, ((const struct read *)b)->key);
}

static void drop_repetitions(struct reads *r)
{
	size_t kept = 0;
	for (size_t i = 0; i < r->count; i++)
		if (kept == 0 || strcmp(r->items[kept - 1].key, r->items[i].key) != 0)
			r->items[kept++] = r->items[i];
	r->count = kept;
}

bool operation_refused(const struct operation *op, const char *wanted, struct diags *diags)
{
	const struct failure *f = &op->failure;
	const char *code = f->code ? f->code : "unknown";
	if (f->status == 0 && strcmp(code, "sign-in") == 0) {
		/* Without the path, so that all that waited for a token say the same: once. */
		diag_error(diags, PLACE_NONE, code, "%s", f->message);
		diag_help(diags, "%s", f->help ? f->help : "see that the service is reached");
		return false;
	}
	bool refuses = f->status >= 400 && f->status < 500 && f->status != 408 && f->status != 429;
	if (f->status != 0)
		code = arena_printf(diags->arena, "arm:%s", code);
	diag_error(diags, PLACE_NONE, code, "%s %s %s: %s%s%s%s",
		refuses ? "Azure did not let us" : "cannot", wanted, op->path,
		f->message ? f->message : "no message", f->request_id ? " (request id " : "",
		f->request_id ? f->request_id : "", f->request_id ? ")" : "");
	diag_help(
		diags, "%s", f->help ? f->help : "see what Azure says above; nothing was written");
	return false;
}

static bool refuse_interrupted(struct diags *diags)
{
	(void)diag_error(diags, PLACE_NONE, "interrupted", "interrupted while reading");
	diag_help(diags, "nothing was written; run the same command again");
	return false;
}

bool reads_run(struct reads *r, struct provider *provider, struct diags *diags)
{
	if (r->count == 0)
		return true;
	qsort(r->items, r->count, sizeof *r->items, compare_reads);
	drop_repetitions(r);
	for (size_t i = 0; i < r->count; i++)
		provider->submit(provider, &r->items[i].operation);
	for (size_t left = r->count; left; left--)
		if (!provider->reap(provider, -1))
			return refuse_interrupted(diags);
	bool ok = true;
	for (size_t i = 0; i < r->count; i++) {
		const struct operation *op = &r->items[i].operation;
		if (op->outcome != OUTCOME_DONE && op->outcome != OUTCOME_ABSENT)
			ok = operation_refused(op, op->verb == VERB_LIST ? "list" : "read", diags);
	}
	return ok;
}
