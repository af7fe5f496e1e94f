/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/apply/journal.h"

#include <string.h>

#include "engine/base/json.h"
#include "state/history.h"

void journal_init(
	struct journal *j, const struct plan *plan, struct state *state, struct diags *diags)
{
	*j = (struct journal){
		.arena = plan->arena,
		.state = state,
		.diags = diags,
		.recorder = { plan->arena, state, plan->snapshot },
		.intents = arena_alloc(plan->arena, (plan->nsteps + 1) * sizeof(int64_t)),
	};
}

static void touch(struct journal *j, bool ok)
{
	j->dirty = true;
	j->broken = j->broken || !ok;
}

static void mark(bool *carried, const struct plan *plan, const struct change *change)
{
	if (change)
		carried[change - plan->changes] = true;
}

/* Then its record has followed, and stays as it is for the rest. */
static bool only_moved(const struct change *c)
{
	return c->moved_from && c->action == ACTION_NONE && !c->adopts && !c->lets_go;
}

void journal_unwritten(struct journal *j, const struct plan *plan)
{
	bool *carried = arena_alloc(j->arena, plan->nchanges + 1);
	for (size_t s = 0; s < plan->nsteps; s++) {
		mark(carried, plan, plan->steps[s].change);
		for (size_t c = 0; c < plan->steps[s].nchildren; c++)
			mark(carried, plan, plan->steps[s].children[c].change);
	}
	touch(j, record_followed(&j->recorder, plan->followed, j->diags));
	json_auto_t *plain = json_array();
	for (size_t i = 0; i < plan->nchanges; i++) {
		const struct change *change = &plan->changes[i];
		if (!carried[i] && !only_moved(change))
			touch(j, record_change(&j->recorder, change, j->diags));
		record_unwritten_history(plain, change, carried[i]);
	}
	for (size_t i = 0; plan->drift_only && i < plan->ndrifts; i++) {
		touch(j, record_drift(&j->recorder, &plan->drifts[i], j->diags));
		record_drift_history(&j->recorder, plain, &plan->drifts[i]);
	}
	json_auto_t *changes = secrets_seal(j->recorder.snapshot->secrets, plain);
	touch(j, state_tell(j->state, j->run, changes, j->diags));
}

static const char *verb_word(enum verb verb)
{
	switch (verb) {
	case VERB_PATCH:
		return "patch";
	case VERB_DELETE:
		return "delete";
	case VERB_PUT:
	case VERB_GET:
	case VERB_LIST:
	case VERB_POST:
		break;
	}
	return "put";
}

void journal_intend(struct journal *j, const struct step *step, struct operation *op)
{
	if (j->broken)
		return;
	uuid_random(op->request_id);
	const char *body = op->body ? json_canonical(op->arena, op->body) : NULL;
	struct intent intent = {
		.number = j->intents[step->number],
		.run = j->run,
		.id = step->id,
		.verb = verb_word(op->verb),
		.request_id = op->request_id,
		.body_hash = body ? sha256_hex(op->arena, body, strlen(body)) : NULL,
		.if_match = op->if_match,
	};
	if (intent.number) {
		touch(j, state_intend_again(j->state, &intent, j->diags));
		return;
	}
	json_auto_t *plain = step_json(step);
	json_auto_t *kept = secrets_seal(j->recorder.snapshot->secrets, plain);
	intent.step = kept;
	touch(j, state_intend(j->state, &intent, j->diags));
	j->intents[step->number] = intent.number;
}

void journal_accepted(struct journal *j, const struct step *step, const char *handle)
{
	if (!j->broken)
		touch(j, state_accepted(j->state, j->intents[step->number], handle, j->diags));
}

static const char *outcome_word(enum step_result result)
{
	switch (result) {
	case STEP_DONE:
		return "done";
	case STEP_SKIPPED:
		return "absent";
	case STEP_PENDING:
	case STEP_RUNNING:
	case STEP_FAILED:
	case STEP_UNKNOWN:
		break;
	}
	return "failed";
}

/* An unknown outcome keeps its intent open for the next holder of the lock. */
void journal_outcome(struct journal *j, const struct step *step, enum step_result result,
	bool has_standing, const json_t *standing)
{
	if (j->broken || result == STEP_UNKNOWN)
		return;
	bool done = result == STEP_DONE;
	/* What a create began is ours, however it ended. */
	bool whole = done || step->verb == STEP_CREATE;
	if (whole && (done || standing))
		touch(j, record_step(&j->recorder, step, standing, j->diags));
	else if (has_standing && standing)
		touch(j, record_came_true(&j->recorder, step, standing, j->diags));
	int64_t intent = j->intents[step->number];
	if (!intent || j->broken)
		return;
	json_auto_t *plain = done ? record_history(step) : NULL;
	json_auto_t *changes = secrets_seal(j->recorder.snapshot->secrets, plain);
	touch(j, state_settle(j->state, intent, outcome_word(result), changes, j->diags));
}

bool journal_commit(struct journal *j)
{
	if (!j->broken && j->dirty && !state_commit(j->state, j->diags))
		j->broken = true;
	j->dirty = false;
	return !j->broken;
}
