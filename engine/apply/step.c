/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/apply/step.h"

#include <assert.h>
#include <string.h>

#include "engine/apply/blame.h"
#include "engine/apply/merge.h"
#include "engine/apply/resolve.h"
#include "engine/base/json.h"
#include "engine/base/text.h"

#define MOST_STALE 20    /* edits by others between our read and our write */
#define MOST_UNKNOWN 5   /* writes whose answer was lost */
#define MOST_ATTACHED 10 /* reads while a back-reference lags behind a detach */
#define MOST_MOVING 600  /* reads, a second apart, while something is Updating */
#define A_SECOND_MS 1000
#define FIRST_DOUBT_MS 500
#define MOST_DOUBT_MS 8000

static void prepare(struct work *w, enum work_phase phase, enum verb verb, const char *path)
{
	struct arena *arena = arena_new();
	const struct schema *schema = w->step->schema;
	if (phase == WORK_SETTLE && schema->parent)
		schema = schema->parent;
	w->phase = phase;
	w->op = (struct operation){
		.verb = verb,
		.path = path,
		.api_version = schema->api_version,
		.arena = arena,
		.owner = w,
	};
	arena_free(w->arena);
	w->arena = arena;
}

static void prepare_read(struct work *w, int delay_ms)
{
	prepare(w, WORK_READ, VERB_GET, w->step->id);
	w->op.delay_ms = delay_ms;
}

/* `etag` and `body` may live in the arena of the operation before. */
static void prepare_write(
	struct work *w, enum verb verb, json_t *body, const char *etag, const char *none_match)
{
	json_t *kept = json_incref(body);
	char *tag = etag ? mem_strdup(etag) : NULL;
	prepare(w, WORK_WRITE, verb, w->step->id);
	w->op.body = arena_json(w->arena, kept);
	w->op.if_none_match = none_match;
	if (verb == VERB_PUT)
		w->op.query = json_text_at(w->step->schema->facts, "/writeQuery");
	if (tag)
		w->op.if_match = arena_strdup(w->arena, tag);
	free(tag);
}

static void end(struct work *w, enum step_result result)
{
	w->phase = WORK_ENDED;
	w->result = result;
}

static void stand(struct work *w, json_t *standing)
{
	json_decref(w->standing);
	w->standing = json_incref(standing);
	w->has_standing = true;
}

static void settle_or_end(struct work *w)
{
	w->in_doubt = false;
	if (!w->step->settles_parent || !w->step->parent_id) {
		end(w, STEP_DONE);
		return;
	}
	prepare(w, WORK_SETTLE, VERB_GET, w->step->parent_id);
}

/* How a conflict is called: after a lost answer nobody can say whose doing it is. */
static const char *conflict_code(const struct work *w)
{
	return w->in_doubt ? "unknown-outcome" : "changed-since-plan";
}

static void refuse_conflicts(struct work *w, const struct merged *merged)
{
	blame_conflicts(w->step, merged, conflict_code(w), w->diags);
	end(w, STEP_FAILED);
}

static void refuse(struct work *w, const char *code, const char *what, const char *help)
{
	(void)diag_error(w->diags, blame_place(w->step), code, "%s %s", w->step->address, what);
	diag_about(w->diags, w->step->address);
	diag_help(w->diags, "%s", help);
	end(w, STEP_FAILED);
}

/* As many lost answers as we take: what we last read stands, and our last write is nowhere in it.
 */
static bool may_send(struct work *w)
{
	if (w->unknown <= MOST_UNKNOWN)
		return true;
	refuse(w, "unknown-outcome", "was sent again and again, and no answer came",
		"see what stands in Azure, then plan again");
	return false;
}

/* What we sent stands, but its operation failed after its answer was lost: the same once more. */
static bool resend_failed(struct work *w, const json_t *now)
{
	const char *state = json_text_at(now, "/properties/provisioningState");
	bool failed = state && text_same_nocase(state, "Failed");
	if (!w->in_doubt || w->step->verb == STEP_TAGS || !failed)
		return false;
	if (!may_send(w))
		return true;
	json_t *body = arena_json(w->arena, body_writable(w->step->schema, now, true));
	prepare_write(w, VERB_PUT, body, w->op.etag, NULL);
	return true;
}

/* What our creation began is ours, and recorded, whatever it became. */
static void refuse_otherwise(struct work *w, json_t *now)
{
	if (w->was_accepted) {
		stand(w, now);
		refuse(w, "unknown-outcome", "was begun, and is not as it was sent",
			"plan again: it is recorded, and the plan shows what is left");
		return;
	}
	refuse(w, "unknown-outcome",
		"exists and is not as it was sent: the answer to its creation was lost",
		"see what stands in Azure, then plan again; `adopt: true` takes it over");
}

static void decide_create(struct work *w, json_t *now)
{
	if (!now) {
		if (!may_send(w))
			return;
		json_t *body = arena_json(w->arena, merge_create(w->step));
		prepare_write(w, VERB_PUT, body, NULL, "*");
		return;
	}
	if (!w->in_doubt) {
		refuse(w, "not-ours", "exists now, and did not when it was planned",
			"plan again; `adopt: true` takes it over");
		return;
	}
	if (!merge_is_as_created(w->arena, w->step, now)) {
		refuse_otherwise(w, now);
		return;
	}
	if (resend_failed(w, now))
		return;
	stand(w, now);
	settle_or_end(w);
}

static void decide_update(struct work *w, json_t *now)
{
	if (!now) {
		refuse(w, conflict_code(w), "does not exist now, and did when it was planned",
			"plan again");
		return;
	}
	struct merged merged = merge_update(w->arena, w->step, now);
	if (merged.nconflicts > 0) {
		if (w->in_doubt)
			stand(w, now);
		refuse_conflicts(w, &merged);
		return;
	}
	if (!merged.body) {
		if (resend_failed(w, now))
			return;
		stand(w, now);
		settle_or_end(w);
		return;
	}
	if (!may_send(w))
		return;
	enum verb verb = w->step->verb == STEP_TAGS ? VERB_PATCH : VERB_PUT;
	prepare_write(w, verb, merged.body, w->op.etag, NULL);
}

/* Names at most the first few of what is attached: enough to find them. */
static void refuse_attached(struct work *w, const json_t *attached)
{
	const char *list = "";
	for (size_t i = 0; i < json_array_size(attached) && i < 5; i++) {
		const char *id = json_text_at(json_array_get(attached, i), "/id");
		list = arena_printf(
			w->arena, "%s%s%s", list, i > 0 ? ", " : "", id ? id : "something");
	}
	const char *what = arena_printf(w->arena, "is still in use by %s", list);
	refuse(w, "still-attached", what, "detach it there, then plan again");
}

static void refuse_foreign(struct work *w, const struct merged *merged)
{
	for (size_t i = 0; i < merged->nconflicts; i++) {
		const char *address = merged->conflicts[i].address;
		(void)diag_error(w->diags, blame_place(w->step), "foreign-inside",
			"%s was made by someone else inside %s, which was to be deleted", address,
			w->step->address);
		diag_about(w->diags, address);
		diag_help(w->diags, "move it away, or allow it with `--delete-foreign %s`",
			w->step->address);
	}
	end(w, STEP_FAILED);
}

static void decide_delete(struct work *w, json_t *now)
{
	if (!now) {
		stand(w, NULL);
		settle_or_end(w);
		return;
	}
	struct merged merged = merge_delete(w->arena, w->step, w->snapshot, now);
	if (merged.nconflicts > 0) {
		refuse_foreign(w, &merged);
		return;
	}
	const char *pointer = json_text_at(w->step->schema->facts, "/inUse");
	const json_t *attached = pointer ? json_at(now, pointer) : NULL;
	if (json_array_size(attached) > 0) {
		if (++w->attached >= MOST_ATTACHED)
			refuse_attached(w, attached);
		else
			prepare_read(w, A_SECOND_MS);
		return;
	}
	const char *contents = json_text_at(w->step->schema->facts, "/contents");
	w->etag = w->op.etag ? arena_strdup(w->kept, w->op.etag) : NULL;
	if (contents)
		prepare(w, WORK_CONTENTS, VERB_LIST,
			arena_printf(w->kept, "%s%s", w->step->id, contents));
	else if (may_send(w))
		prepare_write(w, VERB_DELETE, NULL, w->etag, NULL);
}

static void refuse_read(struct work *w)
{
	blame_failure(w->config, w->step, &w->op, w->diags);
	end(w, w->in_doubt ? STEP_UNKNOWN : STEP_FAILED);
}

static void after_contents(struct work *w)
{
	if (w->op.outcome != OUTCOME_DONE && w->op.outcome != OUTCOME_ABSENT) {
		refuse_read(w);
		return;
	}
	struct merged merged = merge_contents(w->arena, w->step, w->snapshot, w->op.reply);
	if (merged.nconflicts > 0)
		refuse_foreign(w, &merged);
	else if (may_send(w))
		prepare_write(w, VERB_DELETE, NULL, w->etag, NULL);
}

static void after_read(struct work *w)
{
	if (w->op.outcome != OUTCOME_DONE && w->op.outcome != OUTCOME_ABSENT) {
		refuse_read(w);
		return;
	}
	json_t *now = w->op.outcome == OUTCOME_DONE ? w->op.reply : NULL;
	/* Ours may still be under way: what it becomes is not yet to be seen. */
	if (w->in_doubt && now && live_is_moving(now) && ++w->moving <= MOST_MOVING) {
		prepare_read(w, A_SECOND_MS);
		return;
	}
	switch (w->step->verb) {
	case STEP_CREATE:
		decide_create(w, now);
		break;
	case STEP_UPDATE:
	case STEP_TAGS:
		decide_update(w, now);
		break;
	case STEP_DELETE:
		decide_delete(w, now);
		break;
	}
}

static int doubt_delay(unsigned unknown)
{
	int delay = FIRST_DOUBT_MS;
	for (unsigned i = 1; i < unknown && delay < MOST_DOUBT_MS; i++)
		delay *= 2;
	return delay;
}

static void after_failed_write(struct work *w)
{
	blame_failure(w->config, w->step, &w->op, w->diags);
	/* What began may have left something, and that is ours. */
	if (w->op.verb != VERB_DELETE && w->was_accepted)
		prepare(w, WORK_INSPECT, VERB_GET, w->step->id);
	else
		end(w, STEP_FAILED);
}

static void after_write(struct work *w)
{
	bool deletes = w->op.verb == VERB_DELETE;
	w->was_accepted |= w->op.accepted;
	switch (w->op.outcome) {
	case OUTCOME_DONE:
		stand(w, deletes ? NULL : w->op.reply);
		settle_or_end(w);
		break;
	case OUTCOME_ABSENT:
		if (deletes) {
			stand(w, NULL);
			settle_or_end(w);
		} else {
			after_failed_write(w);
		}
		break;
	case OUTCOME_STALE:
		/* Its operation failed and it was sent again: it may have met its own doing. */
		w->in_doubt |= w->op.accepted;
		if (++w->stale > MOST_STALE)
			refuse(w, "changed-since-plan",
				"was changed by others again and again while it was written",
				"find out who writes it, then plan again");
		else
			prepare_read(w, 0);
		break;
	case OUTCOME_FAILED:
		after_failed_write(w);
		break;
	case OUTCOME_UNKNOWN:
		w->in_doubt = true;
		w->unknown++;
		prepare_read(w, doubt_delay(w->unknown));
		break;
	}
}

static void after_settle(struct work *w)
{
	bool moving = w->op.outcome == OUTCOME_DONE && live_is_moving(w->op.reply);
	if (!moving || ++w->settling > MOST_MOVING) {
		end(w, STEP_DONE);
		return;
	}
	prepare(w, WORK_SETTLE, VERB_GET, w->step->parent_id);
	w->op.delay_ms = A_SECOND_MS;
}

static void after_inspect(struct work *w)
{
	bool known = w->op.outcome == OUTCOME_DONE || w->op.outcome == OUTCOME_ABSENT;
	if (w->op.outcome == OUTCOME_DONE)
		stand(w, w->op.reply);
	end(w, known ? STEP_FAILED : STEP_UNKNOWN);
}

bool work_begin(struct work *w, struct arena *arena, struct config *config,
	const struct step *planned, struct live *live)
{
	w->kept = arena;
	w->step = resolve_step(arena, config, planned, live, w->diags);
	if (!w->step) {
		w->step = planned;
		end(w, STEP_FAILED);
		return false;
	}
	prepare_read(w, 0);
	return true;
}

void work_advance(struct work *w)
{
	switch (w->phase) {
	case WORK_READ:
		after_read(w);
		break;
	case WORK_CONTENTS:
		after_contents(w);
		break;
	case WORK_WRITE:
		after_write(w);
		break;
	case WORK_SETTLE:
		after_settle(w);
		break;
	case WORK_INSPECT:
		after_inspect(w);
		break;
	case WORK_ENDED:
		assert(false);
		break;
	}
}

void work_stop(struct work *w)
{
	if (w->phase == WORK_SETTLE)
		end(w, STEP_DONE);
	else if (w->phase != WORK_ENDED)
		end(w, w->in_doubt || w->phase == WORK_INSPECT ? STEP_UNKNOWN : STEP_SKIPPED);
}

void work_release(struct work *w)
{
	json_decref(w->standing);
	w->standing = NULL;
	arena_free(w->arena);
	w->arena = NULL;
}
