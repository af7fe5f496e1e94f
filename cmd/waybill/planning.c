/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/planning.h"

#include <errno.h>
#include <string.h>

#include "cmd/waybill/file.h"
#include "cmd/waybill/render_plan.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/network/checks.h"
#include "engine/plan/usages.h"
#include "engine/plan/view.h"

#define PLAN_BYTES ((size_t)512 << 20)

static enum refresh refresh_asked(const struct session *s)
{
	const char *name = session_option(s, OPTION_REFRESH)->text;
	for (int i = REFRESH_TRUE; name && i <= REFRESH_ONLY; i++)
		if (strcmp(refresh_name((enum refresh)i), name) == 0)
			return (enum refresh)i;
	return REFRESH_TRUE;
}

struct planning planning_asked(const struct session *s)
{
	const struct option_value *adopt = session_option(s, OPTION_ADOPT);
	const struct option_value *target = session_option(s, OPTION_TARGET);
	const struct option_value *replace = session_option(s, OPTION_REPLACE);
	const struct option_value *delete_foreign = session_option(s, OPTION_DELETE_FOREIGN);
	const struct option_value *max_deletes = session_option(s, OPTION_MAX_DELETES);
	return (struct planning){
		.options = {
			.destroy = session_switch(s, OPTION_DESTROY, false),
			.refresh = refresh_asked(s),
			.adopt = adopt->texts,
			.nadopt = adopt->ntexts,
			.target = target->texts,
			.ntarget = target->ntexts,
			.replace = replace->texts,
			.nreplace = replace->ntexts,
			.delete_foreign = delete_foreign->texts,
			.ndelete_foreign = delete_foreign->ntexts,
			.max_deletes = max_deletes->given ? max_deletes->number : -1,
			.allow_unreachable = session_switch(s, OPTION_ALLOW_UNREACHABLE, false),
		},
	};
}

static bool check_network(struct session *s, const struct checks_subject *subject)
{
	struct checks_report report = { 0 };
	bool good = checks_run(s->config, subject, &report, &s->diags);
	(void)json_object_set_new(
		s->document, "ignored_findings", json_integer((json_int_t)report.ignored));
	if (report.ignored && !s->json)
		tell("%zu %s ignored\n", report.ignored,
			report.ignored == 1 ? "finding" : "findings");
	return good;
}

static void tell_limits(struct session *s, const json_t *limits)
{
	size_t i;
	const json_t *item;
	json_array_foreach (limits, i, item) {
		const char *address = json_text_at(item, "/address");
		long long used = json_integer_value(json_object_get(item, "used"));
		long long limit = json_integer_value(json_object_get(item, "limit"));
		tell("%s in %s: %lld of %lld%s%s, %lld %s\n",
			text_escaped(s->arena, json_text_at(item, "/name")),
			text_escaped(s->arena, json_text_at(item, "/location")), used, limit,
			address ? " in " : "", address ? text_escaped(s->arena, address) : "",
			used > limit ? used - limit : limit - used,
			used > limit ? "too many" : "left");
	}
}

/* Asked for where somebody wants it, or where the usual limits are nearly used up: then it is no
 * reason to have no plan that they cannot be read. */
static bool read_limits(const struct plan *plan, struct session *s, struct usages *out)
{
	bool asked = session_switch(s, OPTION_LIMITS, false);
	struct diags own;
	size_t count;
	struct region *regions = regions_near_limits(s->arena, plan->topology, asked, &count);
	*out = (struct usages){ 0 };
	diags_init(&own, s->arena);
	bool read = usages_read(plan, regions, count, s->provider, out, asked ? &s->diags : &own);
	if (!read && !asked) {
		diag_warning(&s->diags, PLACE_NONE, "limits-not-read",
			"the limits of this subscription cannot be read: %s", own.items[0].text);
		diag_help(&s->diags,
			"the usual ones are judged by; a Reader of the subscription may read them");
	}
	if (!asked || !read)
		return read || !asked;
	json_t *limits = usages_json(s->arena, plan->topology, out);
	if (!s->json)
		tell_limits(s, limits);
	(void)json_object_set_new(s->document, "limits", limits);
	return true;
}

/* They would be ignored. */
static bool refuse_options(struct session *s)
{
	static const enum option_id ids[] = { OPTION_FILE, OPTION_VAR_FILE, OPTION_ALLOW_ENV,
		OPTION_ADOPT, OPTION_TARGET, OPTION_REPLACE, OPTION_DELETE_FOREIGN,
		OPTION_MAX_DELETES, OPTION_DESTROY, OPTION_REFRESH };
	size_t errors = s->diags.nerrors;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		if (!(s->arguments->typed & OPTION_BIT(ids[i])))
			continue;
		(void)diag_error(&s->diags, PLACE_NONE, "saved-plan-options",
			"`--%s` cannot stand beside a saved plan, which brings its own",
			option_rows[ids[i]].name);
		diag_help(&s->diags, "leave it out, or give it to `waybill plan --out FILE`");
	}
	return s->diags.nerrors == errors;
}

/* Where nothing is planned, nothing can be asked for. */
static bool check_drift_options(const struct planning *planning, struct session *s)
{
	static const enum option_id ids[] = { OPTION_ADOPT, OPTION_TARGET, OPTION_REPLACE,
		OPTION_DELETE_FOREIGN, OPTION_DESTROY };
	size_t errors = s->diags.nerrors;
	if (planning->options.refresh != REFRESH_ONLY)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		if (!session_option(s, ids[i])->given)
			continue;
		(void)diag_error(&s->diags, PLACE_NONE, "refresh-only-options",
			"`--%s` asks for a change, and --refresh=only plans none",
			option_rows[ids[i]].name);
		diag_help(&s->diags, "leave out one of the two");
	}
	return s->diags.nerrors == errors;
}

bool planning_configuration(struct planning *planning, struct session *s, struct saved_plan *saved)
{
	*saved = (struct saved_plan){ 0 };
	if (!check_drift_options(planning, s))
		return false;
	if (s->nwords == 0)
		return session_config(s);
	if (!refuse_options(s) || !planning_load(s, s->words[0], saved))
		return false;
	planning->options = saved->options;
	return session_config_again(s, saved->inputs);
}

bool planning_read(struct planning *planning, struct session *s)
{
	struct snapshot_options options = {
		.refresh = planning->options.refresh != REFRESH_FALSE,
		.destroy = planning->options.destroy,
		.clusters = &s->clusters,
	};
	planning->snapshot =
		snapshot_read(s->arena, s->config, s->state, s->provider, &options, &s->diags);
	/* There is no plan; what else is wrong need not wait for the next try. */
	if (!planning->snapshot && s->config->whole && !planning->options.destroy)
		(void)check_network(s,
			&(struct checks_subject){ .topology = view_declared(s->arena, s->config) });
	return planning->snapshot != NULL;
}

/* Half of a network is not wrong for lack of the other half: what is left out counts as made. */
static const struct topology *judged_network(const struct planning *planning, struct session *s)
{
	return planning->plan->ntargets
		? view_planned(s->arena, s->config, planning->plan->snapshot, NULL)
		: planning->plan->topology;
}

bool planning_make(struct planning *planning, struct session *s)
{
	planning->plan =
		plan_make(s->arena, s->config, planning->snapshot, &planning->options, &s->diags);
	if (!planning->plan)
		return false;
	/* What is deleted, or only looked at, may be as wrong as it likes. */
	if (planning->options.destroy || planning->plan->drift_only)
		return true;
	struct usages usages;
	if (!read_limits(planning->plan, s, &usages))
		return false;
	return check_network(s,
		&(struct checks_subject){ .topology = judged_network(planning, s),
			.is_read = true,
			.usages = &usages });
}

bool planning_look(struct planning *planning, struct session *s)
{
	size_t before = s->diags.count;
	planning->options.allow_unreachable = planning->options.only_looks = true;
	planning->plan =
		plan_make(s->arena, s->config, planning->snapshot, &planning->options, &s->diags);
	if (planning->plan)
		s->diags.count = before;
	return planning->plan != NULL;
}

bool planning_load(struct session *s, const char *path, struct saved_plan *out)
{
	struct place at = { .file = path };
	size_t len;
	char *text = text_read_file(path, PLAN_BYTES, &len);
	if (!text) {
		(void)diag_error(&s->diags, at, "plan-unreadable", "cannot read the plan: %s",
			strerror(errno));
		diag_help(&s->diags, "save one with `waybill plan --out FILE`");
		return false;
	}
	char *why = NULL;
	json_t *saved = arena_json(s->arena, json_parse(s->arena, text, len, PLAN_BYTES, &why));
	free(text);
	if (!saved) {
		(void)diag_error(
			&s->diags, at, "plan-unreadable", "this is not a saved plan: %s", why);
		diag_help(&s->diags,
			"save one with `waybill plan --out FILE`; a configuration is "
			"named by -f");
		return false;
	}
	if (!s->catalog)
		s->catalog = catalog_new(s->arena);
	return plan_load(s->arena, s->catalog, saved, out, &s->diags);
}

bool planning_still_true(
	const struct planning *planning, struct session *s, const struct saved_plan *saved)
{
	const struct plan *plan = planning->plan;
	if (strcmp(saved->id, plan->id) == 0)
		return true;
	plan_explain_difference(saved->shown, plan, &s->diags);
	(void)diag_error(&s->diags, PLACE_NONE, "plan-stale",
		"the saved plan is no longer true: now the plan would be %s", plan->id);
	diag_help(&s->diags, "plan again, and review what is new");
	return false;
}

/* Canonical JSON sorts its keys, and this is the first. */
bool planning_may_save(struct session *s, const char *path)
{
	return session_may_write(s, path, false) &&
		file_may_replace(path, "{\"changes\":", "saved plan", &s->diags);
}

bool planning_save(const struct planning *planning, struct session *s, const char *path)
{
	json_auto_t *saved = plan_save(planning->plan, &planning->options);
	const char *text = json_canonical(s->arena, saved);
	if (file_write(s->arena, path, text, strlen(text), S_IRUSR | S_IWUSR))
		return true;
	(void)diag_error(&s->diags, (struct place){ .file = path }, "plan-write",
		"cannot save the plan: %s", strerror(errno));
	diag_help(&s->diags, "name a file in a folder that exists and that you may write to");
	return false;
}

void planning_show(struct session *s, const struct plan *whole)
{
	const struct plan *plan = plan_masked(whole);
	if (s->json) {
		plan_document(s->arena, plan, s->document);
		return;
	}
	struct canvas canvas = {
		.arena = s->arena,
		.out = &s->out,
		.colour = s->terminal.out_colour,
		.config = plan->config ? plan->config : s->config,
	};
	render_plan(&canvas, plan, s->cloud.emulator);
}
