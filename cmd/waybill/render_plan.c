/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/render_plan.h"

#include <string.h>

#include "cmd/waybill/document.h"
#include "cmd/waybill/shape.h"
#include "cmd/waybill/terminal.h"
#include "engine/base/text.h"

#define LEAVING_TOLD 10
#define LEFT_OUT_TOLD 10

bool plan_changes_outputs(const struct plan *plan)
{
	const char *name;
	json_t *value;
	json_object_foreach (plan->outputs, name, value) {
		const json_t *before = json_object_get(plan->outputs_before, name);
		if (!json_is_null(value) && !(before && json_equal(value, before)))
			return true;
	}
	json_object_foreach (plan->outputs_before, name, value) {
		if (!json_object_get(plan->outputs, name) && !json_is_null(value))
			return true;
	}
	return false;
}

bool plan_changes_nothing(const struct plan *plan)
{
	return plan_is_empty(plan) && !plan_changes_outputs(plan);
}

static void bold(struct canvas *c, const char *text)
{
	(void)buf_printf(
		c->out, "%s%s%s", c->colour ? PAINT_BOLD : "", text, c->colour ? PAINT_PLAIN : "");
}

/* The colour must end before the line does. */
static void heading(struct canvas *c, const char *text)
{
	size_t len = strcspn(text, "\n");
	bold(c, arena_strndup(c->arena, text, len));
	(void)buf_printf(c->out, "%s\n", text + len);
}

static size_t count_drifts(const struct plan *plan, bool removed)
{
	size_t count = 0;
	for (size_t i = 0; i < plan->ndrifts; i++)
		count += plan->drifts[i].removed == removed;
	return count;
}

static void render_drifted(struct canvas *c, const struct drift *drift)
{
	(void)buf_printf(c->out, "  %c ", drift->removed ? '-' : '~');
	text_escape(c->out, drift->address, false);
	for (size_t j = 0; !drift->removed && j < drift->edits.count; j++) {
		const struct edit *edit = &drift->edits.items[j];
		(void)buf_puts(c->out, j ? ", " : " ");
		text_escape(c->out, shape_member(c->arena, drift->schema, edit->pointer), false);
		const char *after = edit->after ? NULL : "(none)";
		(void)buf_printf(c->out, ": %s%s%s", edit->before ? "" : "(none) -> ",
			render_edit(c, drift->schema, edit, after),
			edit->after ? "" : " -> (none)");
	}
	(void)buf_puts(c->out, "\n");
}

static void render_drifts(struct canvas *c, const struct plan *plan, bool removed)
{
	if (count_drifts(plan, removed) == 0)
		return;
	heading(c,
		removed ? "Removed outside of Waybill since the last apply:"
			: "Changed outside of Waybill since the last apply:");
	for (size_t i = 0; i < plan->ndrifts; i++)
		if (plan->drifts[i].removed == removed)
			render_drifted(c, &plan->drifts[i]);
	(void)buf_puts(c->out, "\n");
}

static void render_in_flight(struct canvas *c, const struct plan *plan)
{
	if (plan->nin_flight == 0)
		return;
	heading(c, "In flight, by a run that is alive:");
	for (size_t i = 0; i < plan->nin_flight; i++) {
		(void)buf_puts(c->out, "    ");
		text_escape(c->out, plan->in_flight[i], false);
		(void)buf_puts(c->out, "\n");
	}
	(void)buf_puts(c->out, "\n");
}

static void render_legend(struct canvas *c, const struct plan *plan)
{
	static const struct {
		enum action action;
		bool adopts, moved;
		const char *text;
	} lines[] = {
		{ ACTION_CREATE, false, false, "    + create\n" },
		{ ACTION_UPDATE, false, false, "    ~ update in place\n" },
		{ ACTION_NONE, true, false, "    ~ (adopt) take over what exists\n" },
		{ ACTION_REPLACE, false, false, "  -/+ replace: delete, then create\n" },
		{ ACTION_DELETE, false, false, "    - destroy\n" },
		{ ACTION_FORGET, false, false, "    . forget: it stays, and is no longer ours\n" },
		{ ACTION_NONE, false, true, "    > moved in Azure: the state follows\n" },
	};
	heading(c, "Waybill will do the following:");
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		bool used = false;
		for (size_t j = 0; j < plan->nchanges && !used; j++) {
			const struct change *change = &plan->changes[j];
			if (lines[i].moved)
				used = change->moved_from != NULL;
			else
				used = lines[i].adopts ? change->adopts
						       : change->action == lines[i].action;
		}
		if (used)
			(void)buf_puts(c->out, lines[i].text);
	}
	(void)buf_puts(c->out, "\n");
}

static void render_output(
	struct canvas *c, char symbol, const char *name, const json_t *before, const json_t *after)
{
	(void)buf_printf(c->out, "    %c ", symbol);
	text_escape(c->out, name, false);
	(void)buf_puts(c->out, " = ");
	if (before)
		document_inline(c->out, before);
	if (before && after)
		(void)buf_puts(c->out, " -> ");
	if (json_is_null(after))
		(void)buf_puts(c->out, "(known after apply)");
	else if (after)
		document_inline(c->out, after);
	(void)buf_puts(c->out, "\n");
}

static void render_outputs(struct canvas *c, const struct plan *plan)
{
	bool empty = plan_is_empty(plan), any = false;
	const char *name;
	json_t *value;
	json_object_foreach (plan->outputs, name, value) {
		const json_t *before = json_object_get(plan->outputs_before, name);
		if ((before && json_equal(before, value)) || (json_is_null(value) && empty))
			continue;
		if (!any)
			heading(c, "Changes to outputs:");
		any = true;
		render_output(c, before ? '~' : '+', name, before, value);
	}
	json_object_foreach (plan->outputs_before, name, value) {
		if (json_object_get(plan->outputs, name) || json_is_null(value))
			continue;
		if (!any)
			heading(c, "Changes to outputs:");
		any = true;
		render_output(c, '-', name, value, NULL);
	}
	if (any)
		(void)buf_puts(c->out, "\n");
}

static void render_cut(struct canvas *c, const struct plan_cut *cut)
{
	(void)buf_printf(c->out, "Cut on the way: %zu pod path%s, from `%s ", cut->paths,
		cut->paths == 1 ? "" : "s", cut->from_verb);
	text_escape(c->out, cut->from, false);
	(void)buf_printf(c->out, "` until `%s ", cut->until_verb);
	text_escape(c->out, cut->until, false);
	(void)buf_puts(c->out, "`: ");
	for (size_t i = 0; i < cut->nfirst; i++) {
		(void)buf_puts(c->out, i ? ", " : "");
		text_escape(c->out, cut->first[i].from, false);
		(void)buf_puts(c->out, " to ");
		text_escape(c->out, cut->first[i].pods, false);
		(void)buf_puts(c->out, " of ");
		text_escape(c->out, cut->first[i].to, false);
	}
	if (cut->paths > cut->nfirst)
		(void)buf_printf(c->out, " and %zu more", cut->paths - cut->nfirst);
	(void)buf_puts(c->out, "\n");
}

static void render_cuts(struct canvas *c, const struct plan_reach *reach)
{
	for (size_t i = 0; i < reach->ncuts; i++)
		render_cut(c, &reach->cuts[i]);
	if (reach->unjudged)
		(void)buf_printf(c->out,
			"Not judged on the way: %zu pod paths that too many steps change at once\n",
			reach->unjudged);
}

static void render_reach(struct canvas *c, const struct plan *plan)
{
	const struct plan_reach *reach = &plan->reach;
	size_t told = reach->nleaving < LEAVING_TOLD ? reach->nleaving : LEAVING_TOLD;
	for (size_t i = 0; i < told; i++) {
		(void)buf_puts(c->out, i ? ", " : "Not counted, because their nodes leave: ");
		text_escape(c->out, reach->leaving[i], false);
	}
	if (reach->nleaving > told)
		(void)buf_printf(c->out, " and %zu more", reach->nleaving - told);
	if (told)
		(void)buf_puts(c->out, "\n");
	if (reach->after.total == 0)
		return;
	(void)buf_printf(c->out,
		"Reachability by routes: %zu of %zu pod paths after %s (%zu of %zu now)\n",
		survey_reached(&reach->after), reach->after.total,
		plan->destroy ? "destroy" : "apply", survey_reached(&reach->now), reach->now.total);
	render_cuts(c, reach);
}

static void render_left_out(struct canvas *c, const struct plan *plan)
{
	if (plan->ntargets == 0)
		return;
	bold(c,
		arena_printf(c->arena, "--target: %zu change%s left out%s", plan->nleft_out,
			plan->nleft_out == 1 ? "" : "s", plan->nleft_out ? ":" : "."));
	size_t told = plan->nleft_out < LEFT_OUT_TOLD ? plan->nleft_out : LEFT_OUT_TOLD;
	for (size_t i = 0; i < told; i++) {
		(void)buf_puts(c->out, i ? ", " : " ");
		text_escape(c->out, plan->left_out[i], false);
	}
	if (plan->nleft_out > told)
		(void)buf_printf(c->out, " and %zu more", plan->nleft_out - told);
	(void)buf_puts(c->out, "\n");
}

/* Its last line is what people and scripts look for. */
static void render_summary(struct canvas *c, const struct plan *plan)
{
	if (plan->id)
		(void)buf_printf(c->out, "Plan id: %s\n", plan->id);
	render_reach(c, plan);
	render_left_out(c, plan);
	if (plan_changes_nothing(plan)) {
		bold(c, "No changes.");
		(void)buf_puts(c->out, "\n");
		return;
	}
	if (plan->to_adopt || plan->to_forget)
		(void)buf_printf(c->out, "Also: %zu to adopt, %zu to forget.\n", plan->to_adopt,
			plan->to_forget);
	if (plan->to_move)
		(void)buf_printf(
			c->out, "Moved in Azure: %zu, which the state follows.\n", plan->to_move);
	for (size_t i = 0; i < plan->nnew_subscriptions; i++) {
		(void)buf_puts(c->out, "Also binds the state to subscription ");
		text_escape(c->out, plan->new_subscriptions[i], false);
		(void)buf_puts(c->out, ".\n");
	}
	if (plan->drift_only) {
		bold(c, "Drift:");
		(void)buf_printf(c->out, " %zu changed, %zu removed, %zu foreign.\n",
			count_drifts(plan, false), count_drifts(plan, true), plan->nforeigns);
		return;
	}
	bold(c, "Plan:");
	(void)buf_printf(c->out, " %zu to add, %zu to change, %zu to destroy.\n", plan->to_add,
		plan->to_change, plan->to_destroy);
}

void render_plan(struct canvas *c, const struct plan *plan, bool emulator)
{
	if (emulator)
		heading(c, "EMULATOR: this is not Azure, but an emulated cloud.\n");
	render_drifts(c, plan, false);
	render_drifts(c, plan, true);
	render_in_flight(c, plan);
	if (plan->nchanges)
		render_legend(c, plan);
	else if (plan->nforeigns)
		heading(c, "Made by others and kept:\n");
	render_changes(c, plan);
	render_outputs(c, plan);
	render_summary(c, plan);
}
