/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan/clusters.h"

#include <assert.h>
#include <string.h>

#define NODES "/api/v1/nodes"
#define LABEL_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./"

static bool is_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* A label that the API server would not take selects nothing there: it is looked at here alone.
 * What is left has nothing that a URL would have to escape. */
static bool is_label(const char *text)
{
	return text[strspn(text, LABEL_CHARACTERS)] == '\0';
}

static const char *selector_of(struct arena *a, const struct node_set *set)
{
	const char *selector = NULL, *key;
	json_t *value;
	json_object_foreach ((json_t *)set->node_labels, key, value) {
		const char *text = json_string_value(value);
		bool is_any = strcmp(text, "*") == 0;
		if (!*key || !is_label(key) || (!is_any && !is_label(text)))
			continue;
		const char *before = selector ? selector : "";
		selector = arena_printf(a, "%s%s%s%s%s", before, selector ? "," : "", key,
			is_any ? "" : "=", is_any ? "" : text);
	}
	return selector;
}

static struct cluster_list *find(
	const struct cluster_lists *lists, const char *context, const char *selector)
{
	for (size_t i = 0; i < lists->count; i++)
		if (is_same(lists->items[i].context, context) &&
			is_same(lists->items[i].selector, selector))
			return &lists->items[i];
	return NULL;
}

static bool add(struct arena *a, const struct node_set *set, const struct clusters *clusters,
	struct cluster_lists *lists, struct diags *diags)
{
	const char *selector = selector_of(a, set);
	assert(clusters);
	if (find(lists, set->context, selector))
		return true;
	struct provider *provider = clusters->open(clusters->opener, set->context, diags);
	if (!provider)
		return false;
	*ARENA_PUSH(a, lists->items, lists->count) = (struct cluster_list){
		.context = set->context,
		.selector = selector,
		.provider = provider,
		.operation = { .verb = VERB_LIST,
			.path = NODES,
			.query = selector ? arena_printf(a, "labelSelector=%s", selector) : NULL,
			.arena = a },
	};
	return true;
}

static const char *called(struct arena *a, const struct cluster_list *list)
{
	return list->context ? arena_printf(a, "the cluster of context `%s`", list->context)
			     : "the cluster";
}

static bool refused(struct arena *a, const struct config *c, const struct cluster_list *list,
	struct diags *diags)
{
	const struct failure *f = &list->operation.failure;
	struct place at = PLACE_NONE;
	for (size_t i = 0; i < c->nnode_sets && !at.file; i++) {
		const struct node_set *set = &c->node_sets[i];
		if (set->wants_cluster && is_same(set->context, list->context))
			at = config_place(c, set->cluster_pointer, YAML_KEY);
	}
	(void)diag_error(diags, at, f->code, "cannot list the nodes of %s: %s", called(a, list),
		f->message ? f->message : "it does not say why");
	diag_help(diags, "%s",
		f->help ? f->help : "nothing was written; try `kubectl get nodes` from here");
	return false;
}

/* Lists of one cluster come from its provider in turn. */
static bool run(struct cluster_lists *lists, struct diags *diags)
{
	for (size_t i = 0; i < lists->count; i++)
		lists->items[i].provider->submit(
			lists->items[i].provider, &lists->items[i].operation);
	for (size_t i = 0; i < lists->count; i++) {
		struct cluster_list *list = &lists->items[i];
		if (!list->provider->reap(list->provider, -1)) {
			(void)diag_error(
				diags, PLACE_NONE, "interrupted", "interrupted while reading");
			diag_help(diags, "nothing was written; run the same command again");
			return false;
		}
	}
	return true;
}

bool cluster_lists_read(struct arena *a, const struct config *c, const struct clusters *clusters,
	struct cluster_lists *lists, struct diags *diags)
{
	*lists = (struct cluster_lists){ 0 };
	for (size_t i = 0; i < c->nnode_sets; i++) {
		const struct node_set *set = &c->node_sets[i];
		if (!set->wants_cluster || set->is_read || add(a, set, clusters, lists, diags))
			continue;
		diag_note(diags, config_place(c, set->cluster_pointer, YAML_KEY), "asked for here");
		return false;
	}
	if (!run(lists, diags))
		return false;
	bool good = true;
	for (size_t i = 0; i < lists->count; i++)
		if (lists->items[i].operation.outcome != OUTCOME_DONE)
			good = refused(a, c, &lists->items[i], diags);
	return good;
}

const json_t *cluster_lists_nodes(
	struct arena *a, const struct cluster_lists *lists, const struct node_set *set)
{
	if (!set->wants_cluster)
		return NULL;
	const struct cluster_list *list = find(lists, set->context, selector_of(a, set));
	return list ? list->operation.reply : NULL;
}
