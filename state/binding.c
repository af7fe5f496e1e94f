/* SPDX-License-Identifier: Apache-2.0 */
/* binding.c - to which cloud, tenant and subscriptions a state belongs: docs/decisions/0014 */
#include <assert.h>
#include <stdlib.h>

#include "engine/base/text.h"
#include "state/internal.h"

/* What the state belongs to; NULL: not bound yet. */
struct bound {
	const char *cloud, *tenant;
	json_t *subscriptions;
};

static bool read_bound(struct state *s, struct arena *a, struct bound *out, struct diags *diags)
{
	bool row = false;
	sqlite3_stmt *meta = state_select(s, SQL_META, diags);
	if (!meta || !state_next(s, meta, &row, diags))
		return false;
	assert(row);
	*out = (struct bound){ .cloud = state_text(a, meta, 2), .tenant = state_text(a, meta, 3) };
	bool ok = state_json(s, a, meta, 4, &out->subscriptions, diags);
	(void)sqlite3_reset(meta);
	return ok;
}

static bool refuse(struct state *s, const char *what, const char *bound, const char *given,
	const char *help, struct diags *diags)
{
	diag_error(diags, state_place(s, diags), "state-of-another-cloud",
		"the state belongs to %s `%s`, not to `%s`", what, bound, given);
	diag_help(diags, "%s", help);
	return false;
}

static bool check_one(struct state *s, const char *what, const char *bound, const char *given,
	struct diags *diags)
{
	return !bound || !given || text_same_nocase(bound, given) ||
		refuse(s, what, bound, given,
			"name its own state with --state or WAYBILL_STATE, or sign in to where "
			"this one belongs",
			diags);
}

static bool has_text(const json_t *array, const char *text)
{
	size_t i;
	json_t *item;
	json_array_foreach (array, i, item)
		if (json_is_string(item) && text_same_nocase(json_string_value(item), text))
			return true;
	return false;
}

static bool vouches(const json_t *bound, const char *const *given, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (has_text(bound, given[i]))
			return true;
	return false;
}

static bool check_subscriptions(struct state *s, const json_t *bound,
	const struct state_binding *given, struct diags *diags)
{
	if (!bound || !given->nsubscriptions || given->grows ||
		vouches(bound, given->subscriptions, given->nsubscriptions) ||
		vouches(bound, given->former, given->nformer))
		return true;
	char *text = json_dumps(bound, JSON_COMPACT);
	refuse(s, "the subscriptions", text, given->subscriptions[0],
		"name its own state with --state or WAYBILL_STATE; this one may grow into "
		"another subscription only while something is declared in one of its own",
		diags);
	free(text);
	return false;
}

/* Those bound and, behind them, those given; new. */
static json_t *grown(const json_t *bound, const struct state_binding *given)
{
	json_t *all = bound ? json_deep_copy(bound) : json_array();
	for (size_t i = 0; i < given->nsubscriptions; i++)
		if (!has_text(all, given->subscriptions[i]))
			(void)json_array_append_new(all, json_string(given->subscriptions[i]));
	return all;
}

static bool record(struct state *s, const struct bound *bound, const struct state_binding *given,
	struct diags *diags)
{
	bool grows = given->nsubscriptions && (!bound->subscriptions || given->grows);
	json_auto_t *subscriptions = grows ? grown(bound->subscriptions, given) : NULL;
	bool news = (!bound->cloud && given->cloud) || (!bound->tenant && given->tenant) ||
		(grows &&
			!(bound->subscriptions && json_equal(bound->subscriptions, subscriptions)));
	return !news ||
		state_write(s, SQL_BIND,
			VALUES(TEXT(given->cloud), TEXT(given->tenant), JSON(subscriptions)), NULL,
			diags);
}

bool state_bind(struct state *s, const struct state_binding *given, struct diags *diags)
{
	if (!s->db)
		return true;
	struct arena *scratch = arena_new();
	struct bound bound;
	bool ok = read_bound(s, scratch, &bound, diags) &&
		check_one(s, "the cloud", bound.cloud, given->cloud, diags) &&
		check_one(s, "the tenant", bound.tenant, given->tenant, diags) &&
		check_subscriptions(s, bound.subscriptions, given, diags) &&
		(s->access != STATE_WRITE || record(s, &bound, given, diags));
	arena_free(scratch);
	return ok;
}

bool state_unbound(struct state *s, struct arena *a, const struct state_binding *given,
	const char ***out, size_t *out_count, struct diags *diags)
{
	*out = NULL;
	*out_count = 0;
	if (!s->db)
		return true;
	struct bound bound;
	if (!read_bound(s, a, &bound, diags))
		return false;
	for (size_t i = 0; bound.subscriptions && i < given->nsubscriptions; i++)
		if (!has_text(bound.subscriptions, given->subscriptions[i]))
			*ARENA_PUSH(a, *out, *out_count) = arena_strdup(a, given->subscriptions[i]);
	return true;
}
