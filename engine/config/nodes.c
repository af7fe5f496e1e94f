/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/sort.h"
#include "engine/base/text.h"
#include "engine/config/sources.h"

bool node_add_ip(
	struct config *c, struct node *n, const char *text, struct place at, struct diags *diags)
{
	struct ip ip, other;
	if (!ip_parse(&ip, text)) {
		(void)diag_error(diags, at, "bad-ip", "`%s` is not an IP address", text);
		diag_help(diags, "write it as in 10.240.0.20 or fd00::20");
		return false;
	}
	for (size_t i = 0; i < n->nips; i++)
		if (ip_parse(&other, n->ips[i]) && other.family == ip.family)
			return diag_error(diags, at, "node-family",
				"node `%s` has two addresses of one family", n->name);
	char canonical[IP_TEXT];
	ip_format(&ip, canonical);
	*ARENA_PUSH(c->arena, n->ips, n->nips) = arena_strdup(c->arena, canonical);
	return true;
}

bool node_add_cidr(
	struct config *c, struct node *n, const char *text, struct place at, struct diags *diags)
{
	struct prefix p, other;
	char canonical[PREFIX_TEXT];
	if (!prefix_parse(&p, text)) {
		(void)diag_error(diags, at, "bad-cidr", "`%s` is not a CIDR", text);
		diag_help(diags, "write it as in 10.200.0.0/24");
		return false;
	}
	struct prefix clean = prefix_canonical(&p);
	prefix_format(&clean, canonical);
	if (!prefix_is_canonical(&p)) {
		(void)diag_error(
			diags, at, "host-bits", "`%s` has bits set behind its length", text);
		diag_help(diags, "did you mean `%s`?", canonical);
		return false;
	}
	for (size_t i = 0; i < n->npod_cidrs; i++)
		if (prefix_parse(&other, n->pod_cidrs[i]) && other.base.family == p.base.family)
			return diag_error(diags, at, "node-family",
				"node `%s` has two pod CIDRs of one family", n->name);
	*ARENA_PUSH(c->arena, n->pod_cidrs, n->npod_cidrs) = arena_strdup(c->arena, canonical);
	return true;
}

struct place node_place(const struct config *c, const struct node *n)
{
	return n->at.file ? n->at : place_key(c, n->pointer);
}

static int by_name(const void *a, const void *b)
{
	const struct node *left = a, *right = b;
	int order = text_compare_nocase(left->name, right->name);
	return order ? order : strcmp(left->name, right->name);
}

static void nodes_sort(struct node_set *set)
{
	sort_items(set->nodes, set->nnodes, sizeof *set->nodes, by_name);
	for (size_t i = 0; i < set->nnodes; i++)
		set->nodes[i].index = i;
}

static int by_name_of(const void *a, const void *b)
{
	const struct node *left = *(const struct node *const *)a;
	const struct node *right = *(const struct node *const *)b;
	int order = text_compare_nocase(left->name, right->name);
	return order ? order : (left > right) - (left < right);
}

static bool check_unique(struct config *c, const struct node_set *set, const struct node *nodes,
	size_t count, struct diags *diags)
{
	const struct node **sorted = arena_alloc(c->arena, (count + 1) * sizeof *sorted);
	for (size_t i = 0; i < count; i++)
		sorted[i] = &nodes[i];
	sort_items(sorted, count, sizeof *sorted, by_name_of);
	bool good = true;
	for (size_t i = 1; i < count; i++) {
		if (!text_same_nocase(sorted[i - 1]->name, sorted[i]->name))
			continue;
		good = diag_error(diags, node_place(c, sorted[i]), "node-duplicate",
			"node set `%s` has two nodes named `%s`", set->name, sorted[i]->name);
		diag_note(diags, node_place(c, sorted[i - 1]), "the other one");
	}
	return good;
}

/* ---- from rows to the set ---- */

static bool is_excluded(const struct node_set *set, const struct node *n)
{
	for (size_t i = 0; i < set->nexclude_names; i++)
		if (glob_matches(set->exclude_names[i], n->name))
			return true;
	return (set->exclude_labels && labels_match(n->labels, set->exclude_labels, false)) ||
		(set->exclude_tags && labels_match(n->vm_tags, set->exclude_tags, true));
}

static void exclude(struct node_set *set)
{
	size_t kept = 0;
	for (size_t i = 0; i < set->nnodes; i++)
		if (!is_excluded(set, &set->nodes[i]))
			set->nodes[kept++] = set->nodes[i];
	set->nnodes = kept;
}

static int by_name_alone(const void *a, const void *b)
{
	return text_compare_nocase(((const struct node *)a)->name, ((const struct node *)b)->name);
}

/* What `nodes` says of a row of that name holds; a row of its own is added. */
static void override(struct config *c, struct node_set *set)
{
	size_t nrows = set->nnodes;
	for (size_t i = 0; i < set->nown; i++) {
		const struct node *own = &set->own[i];
		struct node *row =
			nrows ? bsearch(own, set->nodes, nrows, sizeof *own, by_name_alone) : NULL;
		if (!row) {
			*ARENA_PUSH(c->arena, set->nodes, set->nnodes) = *own;
			continue;
		}
		if (own->nips) {
			row->ips = own->ips;
			row->nips = own->nips;
		}
		if (own->npod_cidrs) {
			row->pod_cidrs = own->pod_cidrs;
			row->npod_cidrs = own->npod_cidrs;
		}
	}
}

static bool refuse_incomplete(
	struct config *c, const struct node_set *set, const struct node *n, struct diags *diags)
{
	bool is_machine = set->pod_cidr_tag && n->pointer == set->pointer;
	bool is_inline = !n->at.file && !is_machine && n->pointer != set->cluster_pointer;
	const char *lacks = n->nips == 0 ? "address"
		: is_machine             ? arena_printf(c->arena, "tag `%s`", set->pod_cidr_tag)
					 : "pod CIDR";
	(void)diag_error(diags, node_place(c, n), "node-incomplete",
		"node `%s` of node set `%s` has no %s", n->name, set->name, lacks);
	if (is_inline)
		diag_help(diags, "give it %s for two families",
			n->nips == 0 ? "`ip`, or `ips`" : "`podCIDR`, or `podCIDRs`");
	else
		diag_help(diags,
			"complete it at its source or under `nodes`, exclude it, or write "
			"`incomplete: skip`");
	return false;
}

static bool drop_incomplete(struct config *c, struct node_set *set, struct diags *diags)
{
	size_t kept = 0;
	bool good = true;
	for (size_t i = 0; i < set->nnodes; i++) {
		const struct node *n = &set->nodes[i];
		bool is_whole = n->nips > 0 && n->npod_cidrs > 0;
		if (!is_whole && !set->skip_incomplete)
			good = refuse_incomplete(c, set, n, diags);
		if (is_whole)
			set->nodes[kept++] = *n;
	}
	set->nnodes = kept;
	return good;
}

bool nodes_finish(struct config *c, struct node_set *set, struct diags *diags)
{
	size_t found = set->nnodes;
	set->is_read = true;
	exclude(set);
	size_t matched = set->nnodes;
	bool keeps_order = set->source == NODES_RANGE && set->nown == 0;
	bool good = check_unique(c, set, set->nodes, set->nnodes, diags);
	good = check_unique(c, set, set->own, set->nown, diags) && good;
	if (!keeps_order)
		nodes_sort(set);
	override(c, set);
	good = good && drop_incomplete(c, set, diags);
	if (!keeps_order)
		nodes_sort(set);
	if (!good || set->nnodes > 0 || set->source == NODES_INLINE)
		return good;
	(void)diag_error(diags, place_key(c, set->pointer), "node-set-empty",
		"node set `%s` is empty: %zu nodes found, %zu not excluded, none complete",
		set->name, found, matched);
	diag_help(diags, "an empty set would delete every route made from it");
	return false;
}

/* ---- reading the YAML ---- */

const char *source_text(
	struct node_reader *r, const json_t *value, const char *pointer, const char *member)
{
	struct config *c = r->config;
	const json_t *given = json_object_get(value, member);
	if (given)
		return scope_text(&r->scope, pointer_add(c->arena, pointer, member), given, member);
	(void)diag_error(
		r->diags, place_key(c, pointer), "missing-member", "this needs `%s`", member);
	return NULL;
}

const json_t *source_labels(
	struct node_reader *r, const json_t *value, const char *pointer, const char *member)
{
	struct config *c = r->config;
	const json_t *labels = json_object_get(value, member);
	const char *at = pointer_add(c->arena, pointer, member);
	if (!json_is_object(labels)) {
		(void)wrong_type(r->diags, place_value(c, at), member, "a map", labels);
		return NULL;
	}
	bool unknown = false, good = true;
	json_t *known = arena_json(c->arena, scope_value(&r->scope, at, labels, &unknown));
	const char *key;
	json_t *text;
	json_object_foreach (known, key, text)
		if (!json_is_string(text))
			good = wrong_type(r->diags, place_value(c, pointer_add(c->arena, at, key)),
				key, "text", text);
	return good ? known : NULL;
}

const struct text_file *source_file(struct node_reader *r, const json_t *value, const char *pointer)
{
	struct config *c = r->config;
	const char *path = source_text(r, value, pointer, "file");
	struct place at = place_value(c, pointer_add(c->arena, pointer, "file"));
	return path ? files_beside(c, path, at, r->diags) : NULL;
}

static bool read_incomplete(struct node_reader *r, struct node_set *set, const json_t *value)
{
	const json_t *given = json_object_get(value, "incomplete");
	const char *pointer = pointer_add(r->config->arena, set->pointer, "incomplete");
	if (!given)
		return true;
	const char *word = scope_text(&r->scope, pointer, given, "incomplete");
	if (!word)
		return false;
	set->skip_incomplete = strcmp(word, "skip") == 0;
	return set->skip_incomplete || strcmp(word, "error") == 0 ||
		diag_error(r->diags, place_value(r->config, pointer), "not-a-choice",
			"`incomplete` must be `error` or `skip`");
}

static bool read_excluded_names(
	struct node_reader *r, struct node_set *set, const json_t *names, const char *pointer)
{
	struct config *c = r->config;
	if (!json_is_array(names))
		return wrong_type(r->diags, place_value(c, pointer), "names", "a list", names);
	bool good = true;
	size_t i;
	const json_t *item;
	json_array_foreach (names, i, item) {
		const char *name = scope_text(
			&r->scope, pointer_add_index(c->arena, pointer, i), item, "names");
		good = good && name;
		*ARENA_PUSH(c->arena, set->exclude_names, set->nexclude_names) = name;
	}
	return good;
}

static bool read_exclude(struct node_reader *r, struct node_set *set, const json_t *value)
{
	static const char *const members[] = { "names", "labels", "tags", NULL };
	struct config *c = r->config;
	const json_t *given = json_object_get(value, "exclude");
	const char *pointer = pointer_add(c->arena, set->pointer, "exclude");
	if (!given)
		return true;
	if (!json_is_object(given))
		return wrong_type(r->diags, place_value(c, pointer), "exclude", "a map", given);
	size_t before = r->diags->nerrors;
	(void)only_members(c, given, pointer, "`exclude`", members, r->diags);
	const json_t *names = json_object_get(given, "names");
	if (names)
		(void)read_excluded_names(r, set, names, pointer_add(c->arena, pointer, "names"));
	if (json_object_get(given, "labels"))
		set->exclude_labels = source_labels(r, given, pointer, "labels");
	if (json_object_get(given, "tags"))
		set->exclude_tags = source_labels(r, given, pointer, "tags");
	return r->diags->nerrors == before;
}

struct source {
	const char *member;
	enum node_source source;
	source_read_fn *read;
};

/* Of several, the one named last here is what the set counts as. */
static const struct source sources[] = {
	{ "nodes", NODES_INLINE, inline_read },
	{ "range", NODES_RANGE, range_read },
	{ "csv", NODES_CSV, csv_read },
	{ "kubernetes", NODES_KUBERNETES, kubernetes_read },
	{ "virtualMachines", NODES_MACHINES, machines_read },
};

static bool read_set(struct node_reader *r, struct node_set *set, const json_t *value)
{
	static const char *const members[] = { "nodes", "range", "csv", "kubernetes",
		"virtualMachines", "incomplete", "exclude", "ignore", NULL };
	struct config *c = r->config;
	if (!json_is_object(value))
		return wrong_type(
			r->diags, place_value(c, set->pointer), set->name, "a map", value);
	bool good = only_members(c, value, set->pointer, "a node set", members, r->diags),
	     any = false;
	good = read_incomplete(r, set, value) && good;
	good = read_exclude(r, set, value) && good;
	good = findings_read_ignored(c, value, set->pointer, &set->ignored, r->diags) && good;
	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		const json_t *given = json_object_get(value, sources[i].member);
		if (!given)
			continue;
		set->source = sources[i].source;
		any = true;
		good = sources[i].read(r, set, given,
			       pointer_add(c->arena, set->pointer, sources[i].member)) &&
			good;
	}
	if (!any && good) {
		(void)diag_error(r->diags, place_key(c, set->pointer), "node-source",
			"node set `%s` has no source", set->name);
		diag_help(r->diags,
			"give it `nodes`, `range`, `csv`, `kubernetes` or `virtualMachines`");
		return false;
	}
	set->given = set->nodes;
	set->ngiven = set->nnodes;
	bool waits = set->wants_machines || set->wants_cluster;
	return good && (waits || nodes_finish(c, set, r->diags));
}

bool nodes_load(struct config *c, struct diags *diags)
{
	const json_t *sets = json_object_get(c->merged, "nodeSets");
	if (!sets)
		return true;
	if (!json_is_object(sets))
		return wrong_type(diags, place_value(c, "/nodeSets"), "nodeSets", "a map", sets);
	struct node_reader r = { .config = c,
		.diags = diags,
		.scope = { .config = c, .is_plain = true, .diags = diags } };
	bool good = true;
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)sets, key, value) {
		struct node_set *set = ARENA_PUSH(c->arena, c->node_sets, c->nnode_sets);
		set->name = key;
		set->pointer = pointer_add(c->arena, "/nodeSets", key);
		good &= read_set(&r, set, value);
	}
	return good;
}
