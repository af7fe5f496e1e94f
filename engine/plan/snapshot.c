/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan/snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/json.h"
#include "engine/base/sort.h"
#include "engine/base/text.h"
#include "engine/plan/diff.h"
#include "engine/plan/intent.h"
#include "engine/plan/moves.h"
#include "engine/plan/reads.h"
#include "schemas/arm_id.h"

static int compare_actuals(const void *a, const void *b)
{
	return text_compare_nocase(((const struct actual *)a)->id, ((const struct actual *)b)->id);
}

static int compare_records(const void *a, const void *b)
{
	return text_compare_nocase(((const struct record *)a)->id, ((const struct record *)b)->id);
}

const struct actual *snapshot_actual(const struct snapshot *s, const char *id)
{
	const struct actual wanted = { .id = id };
	return s->nactuals
		? bsearch(&wanted, s->actuals, s->nactuals, sizeof *s->actuals, compare_actuals)
		: NULL;
}

const struct record *snapshot_record(const struct snapshot *s, const char *id)
{
	const struct record wanted = { .id = id };
	return s->nrecords
		? bsearch(&wanted, s->records, s->nrecords, sizeof *s->records, compare_records)
		: NULL;
}

size_t records_from(const struct record *records, size_t count, const char *id)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (text_compare_nocase(records[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* An entry for the resource and one for each of its children. */
static void add_actual(struct snapshot *s, const struct actual *actual)
{
	*ARENA_PUSH(s->arena, s->actuals, s->nactuals) = *actual;
	for (size_t i = 0; i < actual->schema->nchildren; i++) {
		const struct schema *child = actual->schema->children[i];
		size_t n;
		json_t *item;
		json_array_foreach (json_at(actual->body, child->child_pointer), n, item) {
			const char *id = json_string_value(json_object_get(item, "id"));
			const char *name =
				id ? NULL : json_string_value(json_object_get(item, "name"));
			if (name)
				id = arm_id_make(s->arena, actual->id, child->type, name);
			if (id)
				add_actual(
					s, &(struct actual){ id, child, item, actual->id, NULL });
		}
	}
}

/* A LIST is absent only when the group around it is. */
static void add_absent_group(struct snapshot *s, const struct operation *list)
{
	const char *end = strstr(list->path, "/providers/");
	if (list->verb == VERB_LIST && end)
		*ARENA_PUSH(s->arena, s->absent_groups, s->nabsent_groups) =
			arena_strndup(s->arena, list->path, (size_t)(end - list->path));
}

static void add_answer(
	struct snapshot *s, const struct read *r, struct actual **tops, size_t *ntops)
{
	const json_t *reply = r->operation.reply;
	size_t n;
	json_t *item;
	if (json_is_object(reply)) {
		const char *id = json_text_at(reply, "/id");
		*ARENA_PUSH(s->arena, *tops, *ntops) = (struct actual){ id ? id : r->operation.path,
			r->schema, r->operation.reply, NULL, NULL };
		return;
	}
	json_array_foreach (reply, n, item) {
		const char *id = json_text_at(item, "/id");
		if (id)
			*ARENA_PUSH(s->arena, *tops, *ntops) =
				(struct actual){ id, r->schema, item, NULL, NULL };
	}
}

/* Sorted before their children, which are many and come in order mostly, are put behind them:
 * nearly all is in order then. */
static void add_listed(struct snapshot *s, const struct reads *reads)
{
	struct actual *tops = NULL;
	size_t ntops = 0;
	for (size_t i = 0; i < reads->count; i++) {
		const struct read *r = &reads->items[i];
		if (r->operation.outcome == OUTCOME_ABSENT)
			add_absent_group(s, &r->operation);
		if (r->operation.outcome == OUTCOME_DONE)
			add_answer(s, r, &tops, &ntops);
	}
	sort_items(tops, ntops, sizeof *tops, compare_actuals);
	for (size_t i = 0; i < ntops; i++)
		add_actual(s, &tops[i]);
	sort_items(s->actuals, s->nactuals, sizeof *s->actuals, compare_actuals);
}

/* ---- what has to be read ---- */

/* The type and id of what stands in a collection of its own: the network of a subnet. */
static const struct schema *top_level(const struct snapshot *s, const char *type, const char **id)
{
	const struct schema *schema = catalog_type(s->catalog, type);
	struct arm_id parsed;
	while (schema && schema->parent && arm_id_parse(s->arena, *id, &parsed) && parsed.parent) {
		*id = parsed.parent;
		schema = schema->parent;
	}
	return schema;
}

static const char *collection_of(struct snapshot *s, const char *id)
{
	const char *slash = strrchr(id, '/');
	return slash ? arena_strndup(s->arena, id, (size_t)(slash - id)) : id;
}

/* Whether the record is of a sibling of the one before it, which is read with the same request. */
static bool is_sibling(const struct snapshot *s, size_t i)
{
	const struct record *r = &s->records[i], *before = i ? r - 1 : NULL;
	return before && r->parent && before->parent && strcmp(r->parent, before->parent) == 0 &&
		strcmp(r->type, before->type) == 0;
}

static bool is_unrecorded(const struct snapshot *s, const struct resource *r)
{
	return !snapshot_record(s, r->id);
}

/* One LIST for each collection that holds something declared or recorded. Without refresh, only
 * for those that hold something declared and not recorded. */
static void add_collections(struct snapshot *s, const struct config *config,
	const struct snapshot_options *options, struct reads *reads)
{
	const struct resource *last = NULL;
	for (size_t i = 0; i < config->nresources && !options->destroy; i++) {
		const struct resource *r = config->resources[i], *top = r;
		while (top->parent)
			top = top->parent;
		if (top == last || !(options->refresh || is_unrecorded(s, r)))
			continue;
		reads_add(reads, VERB_LIST, collection_of(s, top->id), top->schema);
		last = top;
	}
	for (size_t i = 0; i < s->nrecords && options->refresh; i++) {
		const char *id = s->records[i].id;
		if (is_sibling(s, i))
			continue;
		const struct schema *schema = top_level(s, s->records[i].type, &id);
		if (schema)
			reads_add(reads, VERB_LIST, collection_of(s, id), schema);
	}
}

/* What a LIST lacks is asked for by name before it counts as absent: lists lag. */
static void add_missing(struct snapshot *s, struct reads *reads)
{
	for (size_t i = 0; i < s->nrecords; i++) {
		const char *id = s->records[i].id;
		if (is_sibling(s, i))
			continue;
		const struct schema *schema = top_level(s, s->records[i].type, &id);
		if (schema && !snapshot_actual(s, id))
			reads_add(reads, VERB_GET, id, schema);
	}
}

/* Of what is said to have moved both places are asked for, whatever the lists say. */
static void add_moves(struct snapshot *s, const struct config *config, struct reads *reads)
{
	for (size_t i = 0; i < config->nmoves; i++) {
		const struct config_move *m = &config->moves[i];
		struct arm_id id;
		if (!arm_id_parse(s->arena, m->from, &id) ||
			!moves_concern(s->records, s->nrecords, m->from))
			continue;
		const struct schema *schema = catalog_type(s->catalog, id.type);
		if (!snapshot_actual(s, m->from))
			reads_add(reads, VERB_GET, m->from, schema);
		if (!snapshot_actual(s, m->to))
			reads_add(reads, VERB_GET, m->to, schema);
	}
}

static void add_open_intents(struct snapshot *s, struct reads *reads)
{
	for (size_t i = 0; i < s->nopen_intents; i++) {
		const char *type = json_text_at(s->open_intents[i].step, "/changes/0/type");
		const char *id = s->open_intents[i].id;
		const struct schema *schema = type ? top_level(s, type, &id) : NULL;
		if (schema && !snapshot_actual(s, id))
			reads_add(reads, VERB_GET, id, schema);
	}
}

/* What is recorded stands for what is, but for what is said to have moved: that was asked for. */
static void assume_recorded(struct snapshot *s, const struct config *config)
{
	const struct moves moves = { config->moves, config->nmoves };
	size_t nread = s->nactuals;
	for (size_t i = 0; i < s->nrecords; i++) {
		const struct record *r = &s->records[i];
		const struct schema *schema = catalog_type(s->catalog, r->type);
		struct snapshot read = *s;
		read.nactuals = nread;
		if (!schema || snapshot_actual(&read, r->id) ||
			move_id(s->arena, &moves, r->id) != r->id)
			continue;
		*ARENA_PUSH(s->arena, s->actuals, s->nactuals) =
			(struct actual){ r->id, schema, r->body, r->parent, NULL };
	}
	sort_items(s->actuals, s->nactuals, sizeof *s->actuals, compare_actuals);
}

/* Whether the group may be deleted: gone from the YAML, or declared with what forces it. */
static bool may_go(struct snapshot *s, const struct config *config, const struct record *r)
{
	const struct resource *declared = config_find(config, r->id);
	const struct actual *actual = snapshot_actual(s, r->id);
	struct edits edits = { 0 };
	if (!declared || !actual)
		return true;
	diff_desired(s->arena, declared->schema, declared->body, actual->body, &edits);
	for (size_t i = 0; i < edits.count; i++)
		if (edits.items[i].replaces)
			return true;
	return false;
}

static bool read_contents(struct snapshot *s, const struct config *config,
	struct provider *provider, const struct snapshot_options *options, struct diags *diags)
{
	struct reads reads;
	reads_init(&reads, s->arena);
	const struct schema *schema = NULL;
	const char *suffix = NULL;
	for (size_t i = 0; i < s->nrecords; i++) {
		const struct record *r = &s->records[i];
		if (i == 0 || strcmp(r->type, r[-1].type) != 0) {
			schema = catalog_type(s->catalog, r->type);
			suffix = schema ? json_text_at(schema->facts, "/contents") : NULL;
		}
		if (suffix && strcmp(r->origin, "existing") != 0 && snapshot_actual(s, r->id) &&
			(options->destroy || may_go(s, config, r)))
			reads_add(&reads, VERB_LIST, arena_printf(s->arena, "%s%s", r->id, suffix),
				schema);
	}
	if (!reads_run(&reads, provider, diags))
		return false;
	for (size_t i = 0; i < reads.count; i++) {
		const struct operation *op = &reads.items[i].operation;
		size_t n;
		json_t *item;
		json_array_foreach (op->reply, n, item) {
			const char *id = json_text_at(item, "/id");
			if (id)
				*ARENA_PUSH(s->arena, s->contents, s->ncontents) =
					(struct content){ .container = collection_of(s, op->path),
						.id = id };
		}
	}
	return true;
}

/* Both are in the order of ids: one walk over both. */
static void find_declared(struct snapshot *s, const struct config *config)
{
	size_t at = 0;
	for (size_t i = 0; i < s->nactuals; i++) {
		int order = -1;
		for (; at < config->nresources; at++) {
			order = text_compare_nocase(config->by_id[at]->id, s->actuals[i].id);
			if (order >= 0)
				break;
		}
		if (order == 0)
			s->actuals[i].resource = config->by_id[at++];
	}
}

static bool read_actual(struct snapshot *s, const struct config *config, struct provider *provider,
	const struct snapshot_options *options, struct diags *diags)
{
	struct reads lists, gets;
	reads_init(&lists, s->arena);
	add_collections(s, config, options, &lists);
	if (!reads_run(&lists, provider, diags))
		return false;
	add_listed(s, &lists);
	reads_init(&gets, s->arena);
	add_moves(s, config, &gets);
	if (options->refresh) {
		add_missing(s, &gets);
		add_open_intents(s, &gets);
	}
	if (!reads_run(&gets, provider, diags))
		return false;
	add_listed(s, &gets);
	if (!options->refresh)
		assume_recorded(s, config);
	find_declared(s, config);
	return read_contents(s, config, provider, options, diags);
}

/* ---- open intents ---- */

/* What one intent made of the records. */
struct overlay {
	bool *gone; /* by place in the records */
	struct record *added;
	size_t nadded;
};

bool snapshot_is_made_by_another(const struct snapshot *s, const struct intent *intent)
{
	const char *verb = json_text_at(intent->step, "/verb");
	if (!verb || strcmp(verb, step_verb_name(STEP_CREATE)) != 0 || intent->handle ||
		!snapshot_actual(s, intent->id))
		return false;
	size_t i, inside = 0;
	json_t *entry;
	json_array_foreach (json_at(intent->step, "/changes"), i, entry) {
		const char *id = json_text_at(entry, "/id");
		if (!id || strcasecmp(id, intent->id) == 0)
			continue;
		const struct actual *actual = snapshot_actual(s, id);
		if (intent_came(s->arena, s->catalog, entry, actual ? actual->body : NULL) ==
			CAME_TRUE)
			return false;
		inside++;
	}
	return inside > 0;
}

static void overlay_entry(struct snapshot *s, const json_t *entry, struct overlay *o)
{
	const char *id = json_text_at(entry, "/id");
	const struct actual *actual = id ? snapshot_actual(s, id) : NULL;
	json_t *body = actual ? actual->body : NULL;
	if (!id || intent_came(s->arena, s->catalog, entry, body) != CAME_TRUE)
		return;
	struct record *known = (struct record *)snapshot_record(s, id);
	struct record made;
	bool stays = intent_record(s->arena, entry, body, &made);
	if (known && stays)
		*known = made;
	else if (known)
		o->gone[known - s->records] = true;
	else if (stays)
		*ARENA_PUSH(s->arena, o->added, o->nadded) = made;
}

/* An intent may be of many routes, and the records many more: they are copied once. */
static void overlay_intent(struct snapshot *s, const struct intent *intent)
{
	struct overlay o = { .gone = arena_alloc(s->arena, s->nrecords + 1) };
	size_t n, count = 0;
	json_t *entry;
	json_array_foreach (json_at(intent->step, "/changes"), n, entry)
		overlay_entry(s, entry, &o);
	struct record *all = arena_alloc(s->arena, (s->nrecords + o.nadded + 1) * sizeof *all);
	for (size_t i = 0; i < s->nrecords; i++)
		if (!o.gone[i])
			all[count++] = s->records[i];
	for (size_t i = 0; i < o.nadded; i++)
		all[count++] = o.added[i];
	if (count)
		qsort(all, count, sizeof *all, compare_records);
	s->records = all;
	s->nrecords = count;
}

static void overlay_open_intents(struct snapshot *s)
{
	for (size_t i = 0; i < s->nopen_intents; i++)
		if (!snapshot_is_made_by_another(s, &s->open_intents[i]))
			overlay_intent(s, &s->open_intents[i]);
}

/* ---- secrets ---- */

/* A seal that fits what stands is what we wrote; any other stays, and differs from all. */
static void open_seals(struct snapshot *s, const struct config *config, struct state *state)
{
	const struct moves moves = { config->moves, config->nmoves };
	const char *key = state ? state_key(state) : NULL;
	if (!key)
		return;
	s->secrets->key = arena_strdup(s->arena, key);
	for (size_t i = 0; i < s->nrecords; i++) {
		struct record *r = &s->records[i];
		bool is_sealed = !r->as_likely && secrets_sealed(r->body);
		if (!is_sealed && !secrets_sealed(r->before))
			continue;
		const char *id = move_id(s->arena, &moves, r->id);
		const struct actual *actual = snapshot_actual(s, id);
		const json_t *body = actual ? actual->body : NULL;
		r->body = arena_json(s->arena, secrets_open(s->secrets, r->body, body));
		r->before = arena_json(s->arena, secrets_open(s->secrets, r->before, body));
	}
	for (size_t i = 0; i < s->nopen_intents; i++) {
		struct intent *intent = &s->open_intents[i];
		const struct actual *actual = snapshot_actual(s, intent->id);
		intent->step = arena_json(s->arena,
			secrets_open(s->secrets, intent->step, actual ? actual->body : NULL));
	}
}

/* ---- all of it ---- */

struct declared_ids {
	const struct config *config;
	size_t at;
};

/* Most of what is recorded is as it is declared. */
static bool find_likely(void *context, const char *id, struct record *out)
{
	struct declared_ids *d = context;
	int order = -1;
	for (; d->at < d->config->nresources; d->at++) {
		order = text_compare_nocase(d->config->by_id[d->at]->id, id);
		if (order >= 0)
			break;
	}
	if (order != 0)
		return false;
	const struct resource *r = d->config->by_id[d->at++];
	*out = (struct record){ .id = r->id, .address = r->address, .body = r->body };
	return true;
}

static bool read_recorded(
	struct snapshot *s, const struct config *config, struct state *state, struct diags *diags)
{
	bool found = false;
	struct declared_ids declared = { .config = config };
	const struct likely_records likely = { find_likely, &declared };
	if (!state)
		return true;
	return state_records(state, s->arena, &likely, &s->records, &s->nrecords, diags) &&
		state_open_intents(state, s->arena, &s->open_intents, &s->nopen_intents, diags) &&
		state_last_run(state, s->arena, &s->last_run, &found, diags);
}

/* Those in which something recorded stood until it was moved. */
static const char *const *former_subscriptions(
	const struct snapshot *s, const struct config *config, size_t *count)
{
	const char **found = NULL;
	*count = 0;
	for (size_t i = 0; i < config->nmoves; i++) {
		struct arm_id id;
		const char *from = config->moves[i].from;
		if (moves_concern(s->records, s->nrecords, from) &&
			arm_id_parse(s->arena, from, &id))
			*ARENA_PUSH(s->arena, found, *count) = id.subscription;
	}
	return found;
}

/* Another subscription's state would have all that is recorded deleted, and made again there. */
static bool check_subscriptions(
	struct snapshot *s, const struct config *config, struct state *state, struct diags *diags)
{
	struct state_binding binding = { 0 };
	binding.subscriptions = config_subscriptions(config, &binding.nsubscriptions);
	binding.former = former_subscriptions(s, config, &binding.nformer);
	return !state ||
		(state_bind(state, &binding, diags) &&
			state_unbound(state, s->arena, &binding, &s->new_subscriptions,
				&s->nnew_subscriptions, diags));
}

struct snapshot *snapshot_read(struct arena *a, struct config *config, struct state *state,
	struct provider *provider, const struct snapshot_options *options, struct diags *diags)
{
	struct snapshot *s = ARENA_NEW(a, struct snapshot);
	*s = (struct snapshot){
		.arena = a, .catalog = config->catalog, .secrets = config->secrets
	};
	unsigned before = provider->requests(provider);
	bool ok = snapshot_resolve(a, config, provider, options, diags) &&
		read_recorded(s, config, state, diags) &&
		check_subscriptions(s, config, state, diags) &&
		read_actual(s, config, provider, options, diags);
	if (!ok)
		return NULL;
	open_seals(s, config, state);
	overlay_open_intents(s);
	s->requests = provider->requests(provider) - before;
	return s;
}
