/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/waybill/confirming.h"
#include "cmd/waybill/document.h"
#include "cmd/waybill/planning.h"
#include "cmd/waybill/program.h"
#include "cmd/waybill/progress.h"
#include "cmd/waybill/render_plan.h"
#include "cmd/waybill/run.h"
#include "cmd/waybill/signals.h"
#include "cmd/waybill/writing.h"
#include "engine/apply/apply.h"
#include "engine/base/text.h"
#include "engine/plan/rights.h"

#define GRACE_MS 5000

struct applying {
	struct planning planning;
	struct saved_plan saved; /* without an id: none was given */
};

/* ---- from the command line to a plan ---- */

static bool check_promise(struct session *s, const struct applying *applying)
{
	const struct plan *plan = applying->planning.plan;
	if (applying->saved.id && !planning_still_true(&applying->planning, s, &applying->saved))
		return false;
	return writing_expected(s, plan);
}

/* To look for drift writes nothing to the cloud. */
static bool settle_promise(struct session *s, const struct planning *planning)
{
	return planning->options.refresh == REFRESH_ONLY ? confirming_nothing_waits(s)
							 : confirming_settle(s);
}

static bool make_plan(struct session *s, struct applying *applying)
{
	struct planning *planning = &applying->planning;
	return session_cloud(s, true) && planning_configuration(planning, s, &applying->saved) &&
		session_lock(s) && session_state(s, STATE_READ) && session_provider(s) &&
		intents_wait(s->arena, s->catalog, s->state, s->provider, &s->diags) &&
		settle_promise(s, planning) && planning_read(planning, s) &&
		writing_settle(s, planning->snapshot) && planning_make(planning, s) &&
		check_promise(s, applying);
}

/* ---- the run and its end ---- */

static void render_results(struct session *s, const struct plan *plan,
	const struct apply_report *report, enum step_result result, const char *heading)
{
	bool told = false;
	for (size_t i = 0; i < plan->nsteps; i++) {
		if (report->results[i] != result)
			continue;
		if (!told)
			(void)buf_printf(&s->out, "%s:\n", heading);
		told = true;
		(void)buf_printf(&s->out, "    %s ", step_verb_name(plan->steps[i].verb));
		text_escape(&s->out, plan->steps[i].address, false);
		(void)buf_puts(&s->out, "\n");
	}
}

static void render_failure(
	struct session *s, const struct plan *plan, const struct apply_report *report)
{
	(void)buf_printf(&s->out, "\n%s %s. Resources: %zu added, %zu changed, %zu destroyed.\n",
		plan->destroy ? "Destroy" : "Apply",
		report->result == APPLY_INTERRUPTED ? "interrupted" : "failed", report->added,
		report->changed, report->destroyed);
	if (report->results) {
		render_results(s, plan, report, STEP_DONE, "Done");
		render_results(s, plan, report, STEP_FAILED, "Failed");
		render_results(s, plan, report, STEP_UNKNOWN, "Sent, outcome not known");
		render_results(s, plan, report, STEP_SKIPPED, "Skipped");
		render_results(s, plan, report, STEP_PENDING, "Not begun");
	}
	(void)buf_printf(&s->out,
		"The state holds what was done. %s the same command again: it goes on from here.\n",
		report->result == APPLY_INTERRUPTED ? "Run" : "Mend the cause and run");
}

/* What the run asked for, and what the subscription may still ask for where the cloud tells it. */
static void render_requests(struct session *s)
{
	struct provider_left left;
	s->provider->left(s->provider, &left);
	(void)buf_printf(&s->out, "Requests: %u", s->provider->requests(s->provider));
	const struct {
		const char *name;
		long count;
	} kinds[] = { { "reads", left.reads }, { "writes", left.writes },
		{ "deletes", left.deletes } };
	const char *before = "; left now: ";
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (kinds[i].count < 0)
			continue;
		(void)buf_printf(&s->out, "%s%ld %s", before, kinds[i].count, kinds[i].name);
		before = ", ";
	}
	(void)buf_puts(&s->out, "\n");
}

static void render_success(
	struct session *s, const struct plan *plan, const struct apply_report *report)
{
	if (plan->drift_only)
		(void)buf_puts(&s->out, "\nThe state holds what stands.");
	(void)buf_printf(&s->out,
		"\n%s complete! Resources: %zu added, %zu changed, %zu destroyed.\n",
		plan->destroy ? "Destroy" : "Apply", report->added, report->changed,
		report->destroyed);
	render_requests(s);
	if (json_object_size(report->outputs) == 0)
		return;
	const char *name;
	json_t *value;
	(void)buf_puts(&s->out, "\nOutputs:\n\n");
	json_auto_t *outputs = secrets_mask(NULL, report->outputs);
	json_object_foreach (outputs, name, value) {
		text_escape(&s->out, name, false);
		(void)buf_puts(&s->out, " = ");
		document_inline(&s->out, value);
		(void)buf_puts(&s->out, "\n");
	}
}

static json_t *results_json(const struct plan *plan, const struct apply_report *report)
{
	static const char *const names[] = { "not-begun", "running", "done", "failed", "skipped",
		"unknown" };
	json_t *array = json_array();
	for (size_t i = 0; report->results && i < plan->nsteps; i++)
		(void)json_array_append_new(array,
			json_pack("{s:s,s:s,s:s}", "address", plan->steps[i].address, "verb",
				step_verb_name(plan->steps[i].verb), "result",
				names[report->results[i]]));
	return array;
}

static json_t *left_json(struct session *s)
{
	struct provider_left left;
	s->provider->left(s->provider, &left);
	json_t *told = json_object();
	if (left.reads >= 0)
		(void)json_object_set_new(told, "reads", json_integer(left.reads));
	if (left.writes >= 0)
		(void)json_object_set_new(told, "writes", json_integer(left.writes));
	if (left.deletes >= 0)
		(void)json_object_set_new(told, "deletes", json_integer(left.deletes));
	return told;
}

static void fill_document(
	struct session *s, const struct plan *plan, const struct apply_report *report)
{
	static const char *const results[] = { "done", "failed", "interrupted" };
	json_auto_t *outputs = secrets_mask(NULL, report->outputs);
	(void)json_object_set_new(s->document, "apply",
		json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:O}", "result",
			results[report->result], "added", (json_int_t)report->added, "changed",
			(json_int_t)report->changed, "destroyed", (json_int_t)report->destroyed,
			"failed", (json_int_t)report->failed, "skipped",
			(json_int_t)report->skipped, "unknown", (json_int_t)report->unknown,
			"requests", (json_int_t)s->provider->requests(s->provider), "left",
			left_json(s), "steps", results_json(plan, report), "outputs",
			outputs ? outputs : json_null()));
}

static int execute(struct session *s, struct planning *planning)
{
	struct run run = run_of(s);
	run.plan_id = planning->plan->id;
	const struct option_value *parallelism = session_option(s, OPTION_PARALLELISM);
	const struct option_value *grace = session_option(s, OPTION_GRACE);
	struct apply_options options = {
		.parallelism = parallelism->given ? (size_t)parallelism->number : 0,
		.grace_ms = grace->given ? (int)grace->number : GRACE_MS,
		.interrupted = signals_hold(s->provider),
		.on_event = progress_tell,
		.confirm_within_ms = session_option(s, OPTION_CONFIRM_WITHIN)->number,
		.run = &run,
	};
	struct apply_report report = { .result = APPLY_FAILED };
	bool good = apply_plan(planning->plan, s->state, s->provider, &options, &report, &s->diags);
	int signal_number = signals_release();
	if (s->json)
		fill_document(s, planning->plan, &report);
	else if (good && report.result == APPLY_DONE)
		render_success(s, planning->plan, &report);
	else
		render_failure(s, planning->plan, &report);
	if (signal_number && report.result == APPLY_INTERRUPTED) {
		if (report.awaits)
			confirming_tell_left(&run);
		return 128 + signal_number;
	}
	bool confirmed = !report.awaits || confirming_wait(s, run.number);
	if (s->json && report.awaits)
		(void)json_object_set_new(json_object_get(s->document, "apply"), "confirmed",
			json_boolean(confirmed));
	return good && report.result == APPLY_DONE && confirmed ? EXIT_DONE : EXIT_ERROR;
}

/* What is only to be deleted, or looked at, binds nothing. */
static bool bind(struct session *s, const struct plan *plan)
{
	size_t count;
	const char *const *subscriptions = config_subscriptions(s->config, &count);
	return plan->destroy || plan->drift_only || session_bind(s, subscriptions, count);
}

static int apply(struct session *s, struct applying *applying)
{
	if (s->json)
		(void)json_object_set_new(s->document, "errored", json_true());
	if (!make_plan(s, applying))
		return EXIT_ERROR;
	struct planning *planning = &applying->planning;
	planning_show(s, planning->plan);
	if (plan_changes_nothing(planning->plan))
		return EXIT_DONE;
	/* An emulator's own token may do everything. */
	if (!s->cloud.emulator && !rights_check(planning->plan, s->provider, &s->diags))
		return EXIT_ERROR;
	confirming_announce(s, planning->plan);
	if (!writing_approved(s) || !session_state(s, STATE_WRITE) || !bind(s, planning->plan))
		return EXIT_ERROR;
	if (!s->json) {
		(void)session_flush(s);
		session_warn(s);
	}
	return execute(s, planning);
}

int apply_command(struct session *s)
{
	struct applying applying = { .planning = planning_asked(s) };
	return apply(s, &applying);
}

int destroy_command(struct session *s)
{
	struct applying applying = { .planning = planning_asked(s) };
	applying.planning.options.destroy = true;
	return apply(s, &applying);
}
