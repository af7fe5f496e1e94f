/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/config/sources.h"

/* One list of nodes: of a file, or of a live cluster. */
struct cluster {
	struct config *config;
	struct diags *diags;
	struct node_set *set;
	const char *pointer;
	const json_t *labels; /* that a node must have, or NULL */
	struct place at;      /* where to complain */
	bool is_live;
};

static bool refuse(const struct cluster *k, const char *text)
{
	(void)diag_error(k->diags, k->at, "nodes-unreadable", "%s", text);
	if (k->is_live)
		diag_help(k->diags, "see what `kubectl get nodes -o json` says of it");
	else
		diag_help(k->diags, "make it with `kubectl get nodes -o json`");
	return false;
}

static bool has_family(const struct node *n, const char *text)
{
	for (size_t i = 0; i < n->nips; i++)
		if ((strchr(n->ips[i], ':') != NULL) == (strchr(text, ':') != NULL))
			return true;
	return false;
}

/* The first internal address of each family, as kubelet itself chooses. */
static bool read_ips(const struct cluster *k, const json_t *item, struct node *n)
{
	bool good = true;
	size_t i;
	const json_t *address;
	json_array_foreach (json_at(item, "/status/addresses"), i, address) {
		const char *type = json_text_at(address, "/type");
		const char *text = json_text_at(address, "/address");
		if (type && text && strcmp(type, "InternalIP") == 0 && !has_family(n, text))
			good &= node_add_ip(k->config, n, text, k->at, k->diags);
	}
	return good;
}

static bool read_cidrs(const struct cluster *k, const json_t *item, struct node *n)
{
	struct config *c = k->config;
	const char *single = json_text_at(item, "/spec/podCIDR");
	const json_t *list = json_at(item, "/spec/podCIDRs");
	bool good = true;
	size_t i;
	const json_t *text;
	if (json_array_size(list) == 0)
		return !single || node_add_cidr(c, n, single, k->at, k->diags);
	json_array_foreach (list, i, text)
		good &= json_is_string(text)
			? node_add_cidr(c, n, json_string_value(text), k->at, k->diags)
			: refuse(k, "a pod CIDR is not text");
	return good;
}

static bool read_node(const struct cluster *k, const json_t *item)
{
	struct config *c = k->config;
	const char *name = json_text_at(item, "/metadata/name");
	const json_t *labels = json_at(item, "/metadata/labels");
	if (!name || !*name)
		return refuse(k, "a node has no name");
	if (k->labels && !labels_match(labels, k->labels, false))
		return true;
	struct node n = { .name = arena_strdup(c->arena, name),
		.pointer = k->pointer,
		.at = k->is_live ? PLACE_NONE : k->at,
		.ip_forwarding = -1,
		.labels = labels };
	size_t before = k->diags->count;
	bool good = read_ips(k, item, &n);
	good = read_cidrs(k, item, &n) && good;
	if (k->diags->count > before)
		diag_note(k->diags, PLACE_NONE, "in node `%s`", n.name);
	if (good)
		*ARENA_PUSH(c->arena, k->set->nodes, k->set->nnodes) = n;
	return good;
}

/* kubectl says of each item what it is; an API server says it once, of the list. */
static bool read_items(const struct cluster *k, const json_t *items, bool are_nodes)
{
	if (json_array_size(items) > CONFIG_NODES)
		return diag_error(k->diags, k->at, "too-many", "a node set has at most %zu nodes",
			CONFIG_NODES);
	if (json_array_size(items) == 0)
		return diag_error(k->diags, k->at, "node-set-empty",
			k->is_live ? "the cluster lists no node" : "lists no node");
	bool good = true;
	size_t i;
	const json_t *item;
	json_array_foreach (items, i, item) {
		const char *kind = json_text_at(item, "/kind");
		bool is_node = kind ? strcmp(kind, "Node") == 0 : are_nodes;
		good &= is_node ? read_node(k, item) : refuse(k, "an item is not a node");
	}
	return good;
}

static bool read_nodes(const struct cluster *k, const json_t *document)
{
	const char *kind = json_text_at(document, "/kind");
	const json_t *items = json_object_get(document, "items");
	if (kind && strcmp(kind, "Node") == 0)
		return read_node(k, document);
	if (!json_is_array(items))
		return refuse(k, "this is not a list of nodes as kubectl writes it");
	return read_items(k, items, kind && strcmp(kind, "NodeList") == 0);
}

bool cluster_rows(struct config *c, struct node_set *set, const json_t *nodes, struct diags *diags)
{
	const struct cluster k = { .config = c,
		.diags = diags,
		.set = set,
		.pointer = set->cluster_pointer,
		.labels = set->node_labels,
		.at = place_key(c, set->cluster_pointer),
		.is_live = true };
	return read_items(&k, arena_json(c->arena, json_incref((json_t *)nodes)), true);
}

static bool read_file(struct cluster *k, const struct text_file *file)
{
	char *why = NULL;
	struct arena *a = k->config->arena;
	k->at.file = file->name;
	json_t *document = json_parse(a, file->text, file->length, NODE_FILE_BYTES, &why);
	if (!document)
		return refuse(k, arena_printf(a, "this is not JSON: %s", why));
	return read_nodes(k, arena_json(a, document));
}

/* Which cluster, by a name of the operator's: where it is and who we are there, the kubeconfig
 * says, which no configuration names. */
static bool read_live(
	struct node_reader *r, struct node_set *set, const json_t *value, const struct cluster *k)
{
	set->wants_cluster = true;
	set->cluster_pointer = k->pointer;
	set->node_labels = k->labels;
	if (!json_object_get(value, "context"))
		return true;
	set->context = source_text(r, value, k->pointer, "context");
	return set->context != NULL;
}

bool kubernetes_read(
	struct node_reader *r, struct node_set *set, const json_t *value, const char *pointer)
{
	static const char *const members[] = { "file", "context", "labels", NULL };
	struct config *c = r->config;
	struct cluster k = { .config = c, .diags = r->diags, .set = set, .pointer = pointer };
	if (!json_is_object(value))
		return wrong_type(r->diags, place_value(c, pointer), "kubernetes", "a map", value);
	if (!only_members(c, value, pointer, "`kubernetes`", members, r->diags))
		return false;
	if (json_object_get(value, "labels")) {
		k.labels = source_labels(r, value, pointer, "labels");
		if (!k.labels)
			return false;
	}
	if (!json_object_get(value, "file"))
		return read_live(r, set, value, &k);
	if (json_object_get(value, "context"))
		return diag_error(r->diags, place_key(c, pointer_add(c->arena, pointer, "context")),
			"same-member-twice", "`file` and `context` both say where the nodes are");
	const struct text_file *file = source_file(r, value, pointer);
	return file && read_file(&k, file);
}
