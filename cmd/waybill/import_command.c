/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/waybill/confirming.h"
#include "cmd/waybill/planning.h"
#include "cmd/waybill/program.h"
#include "cmd/waybill/run.h"
#include "cmd/waybill/signals.h"
#include "cmd/waybill/writing.h"
#include "engine/apply/apply.h"
#include "engine/base/text.h"
#include "schemas/arm_id.h"

static const struct resource *find(struct session *s, const char *address)
{
	const struct resource *resource = config_find(s->config, address);
	if (resource)
		return resource;
	const char **addresses = NULL;
	size_t count = 0;
	for (size_t i = 0; i < s->config->nresources; i++)
		*ARENA_PUSH(s->arena, addresses, count) = s->config->resources[i]->address;
	const char *nearest = text_nearest_address(address, addresses, count);
	(void)diag_error(&s->diags, PLACE_NONE, "unknown-address",
		"the configuration declares no `%s`", address);
	if (nearest)
		diag_help(&s->diags, "did you mean `%s`?", nearest);
	else
		diag_help(&s->diags, "declare it first: what is imported is what the YAML says");
	return NULL;
}

static bool check(
	struct session *s, const struct resource *resource, const struct snapshot *snapshot)
{
	struct place at = config_place(s->config, resource->pointer, YAML_KEY);
	if (s->nwords > 1 && !arm_id_same(s->words[1], resource->id)) {
		(void)diag_error(&s->diags, at, "import-id", "`%s` is %s, not %s",
			resource->address, resource->id, s->words[1]);
		diag_help(
			&s->diags, "leave the id out, or correct what the configuration declares");
		return false;
	}
	if (resource->existing) {
		(void)diag_error(&s->diags, at, "import-existing",
			"`%s` is `existing`: it stays someone else's", resource->address);
		diag_help(&s->diags, "take `existing: true` away to make it yours");
		return false;
	}
	const struct record *record = snapshot_record(snapshot, resource->id);
	if (record && strcmp(record->origin, "existing") != 0) {
		(void)diag_error(
			&s->diags, at, "already-ours", "`%s` is ours already", resource->address);
		diag_help(&s->diags,
			"nothing has to be done; `waybill plan` shows what would change");
		return false;
	}
	if (!snapshot_actual(snapshot, resource->id)) {
		(void)diag_error(&s->diags, at, "import-absent",
			"`%s` does not exist: there is nothing to take over", resource->address);
		diag_help(&s->diags, "`waybill apply` would create it");
		return false;
	}
	return true;
}

/* Either all, or what is at one address and inside it. */
static bool check_words(struct session *s)
{
	bool all = session_switch(s, OPTION_ALL, false);
	if (all == (s->nwords == 0))
		return true;
	if (all)
		(void)diag_error(&s->diags, PLACE_NONE, "unexpected-argument",
			"`waybill import --all` does not take `%s`", s->words[0]);
	else
		(void)diag_error(&s->diags, PLACE_NONE, "missing-argument",
			"`waybill import` needs an address, or --all");
	diag_help(&s->diags, "see `waybill import --help`");
	return false;
}

static bool read(struct session *s, struct planning *planning)
{
	return session_cloud(s, true) && session_config(s) && session_lock(s) &&
		session_state(s, STATE_READ) && session_provider(s) &&
		intents_wait(s->arena, s->catalog, s->state, s->provider, &s->diags) &&
		confirming_nothing_waits(s) && planning_read(planning, s) &&
		writing_settle(s, planning->snapshot);
}

static bool make_plan(struct session *s, struct planning *planning)
{
	const struct resource *only = s->nwords ? find(s, s->words[0]) : NULL;
	if (s->nwords && (!only || !check(s, only, planning->snapshot)))
		return false;
	planning->plan = plan_takeover(s->arena, s->config, planning->snapshot, only, &s->diags);
	return planning->plan && writing_expected(s, planning->plan);
}

/* A plan without steps: nothing is sent to the cloud. */
static bool write(struct session *s, struct plan *plan)
{
	struct run run = run_of(s);
	struct apply_options options = { .run = &run };
	struct apply_report report;
	run.plan_id = plan->id;
	size_t count;
	const char *const *subscriptions = config_subscriptions(s->config, &count);
	return session_state(s, STATE_WRITE) && session_bind(s, subscriptions, count) &&
		apply_plan(plan, s->state, s->provider, &options, &report, &s->diags);
}

static void render_addresses(
	struct session *s, const char *before, const char *address, const char *after)
{
	(void)buf_puts(&s->out, before);
	text_escape(&s->out, address, false);
	(void)buf_puts(&s->out, after);
}

static void show_absent(struct session *s, const struct plan *plan)
{
	if (plan->nabsent == 0)
		return;
	(void)buf_puts(&s->out, "\nDeclared, and not there:\n");
	for (size_t i = 0; i < plan->nabsent; i++)
		render_addresses(s, "    ", plan->absent[i], "\n");
}

static void report(struct session *s, const struct plan *plan)
{
	if (s->nwords) {
		for (size_t i = 0; i < plan->nchanges; i++)
			if (plan->changes[i].adopts)
				render_addresses(s, "Imported ", plan->changes[i].address, "\n");
		return;
	}
	(void)buf_printf(&s->out,
		"\nImport complete! Resources: %zu imported, %zu otherwise than declared, %zu not "
		"there.\nRequests: %u\n",
		plan->to_adopt, plan->ndiffering, plan->nabsent,
		s->provider->requests(s->provider));
}

static void fill_document(struct session *s, const struct plan *plan)
{
	json_t *imported = json_array(), *absent = json_array();
	for (size_t i = 0; i < plan->nchanges; i++)
		if (plan->changes[i].adopts)
			(void)json_array_append_new(
				imported, json_string(plan->changes[i].address));
	(void)json_object_set_new(s->document, "imported", imported);
	if (s->nwords) {
		json_decref(absent);
		return;
	}
	for (size_t i = 0; i < plan->nabsent; i++)
		(void)json_array_append_new(absent, json_string(plan->absent[i]));
	(void)json_object_set_new(s->document, "absent", absent);
	(void)json_object_set_new(
		s->document, "differing", json_integer((json_int_t)plan->ndiffering));
}

int import_command(struct session *s)
{
	struct planning planning = planning_asked(s);
	if (!check_words(s) || !read(s, &planning) || !make_plan(s, &planning))
		return EXIT_ERROR;
	struct plan *plan = planning.plan;
	bool all = s->nwords == 0;
	if (all) {
		planning_show(s, plan);
		if (!s->json)
			show_absent(s, plan);
		if (plan_is_empty(plan))
			return EXIT_DONE;
		if (!writing_approved(s))
			return EXIT_ERROR;
	}
	if (!s->json && !session_flush(s))
		return EXIT_ERROR;
	if (!write(s, plan))
		return EXIT_ERROR;
	if (s->json)
		fill_document(s, plan);
	else
		report(s, plan);
	return EXIT_DONE;
}
