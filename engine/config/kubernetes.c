/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/config/sources.h"

struct cluster {
	struct node_reader *reader;
	struct node_set *set;
	const char *pointer;
	const json_t *labels; /* that a node must have, or NULL */
	struct place at;
};

static bool refuse(const struct cluster *k, const char *text)
{
	(void)diag_error(k->reader->diags, k->at, "nodes-unreadable", "%s", text);
	diag_help(k->reader->diags, "make it with `kubectl get nodes -o json`");
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
			good &= node_add_ip(k->reader->config, n, text, k->at, k->reader->diags);
	}
	return good;
}

static bool read_cidrs(const struct cluster *k, const json_t *item, struct node *n)
{
	struct config *c = k->reader->config;
	const char *single = json_text_at(item, "/spec/podCIDR");
	const json_t *list = json_at(item, "/spec/podCIDRs");
	bool good = true;
	size_t i;
	const json_t *text;
	if (json_array_size(list) == 0)
		return !single || node_add_cidr(c, n, single, k->at, k->reader->diags);
	json_array_foreach (list, i, text)
		good &= json_is_string(text)
			? node_add_cidr(c, n, json_string_value(text), k->at, k->reader->diags)
			: refuse(k, "a pod CIDR is not text");
	return good;
}

static bool read_node(const struct cluster *k, const json_t *item)
{
	struct config *c = k->reader->config;
	const char *name = json_text_at(item, "/metadata/name");
	const json_t *labels = json_at(item, "/metadata/labels");
	if (!name || !*name)
		return refuse(k, "a node has no name");
	if (k->labels && !labels_match(labels, k->labels, false))
		return true;
	struct node n = { .name = arena_strdup(c->arena, name),
		.pointer = k->pointer,
		.at = k->at,
		.ip_forwarding = -1,
		.labels = labels };
	size_t before = k->reader->diags->count;
	bool good = read_ips(k, item, &n);
	good = read_cidrs(k, item, &n) && good;
	if (k->reader->diags->count > before)
		diag_note(k->reader->diags, PLACE_NONE, "in node `%s`", n.name);
	if (good)
		*ARENA_PUSH(c->arena, k->set->nodes, k->set->nnodes) = n;
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
	if (json_array_size(items) > CONFIG_NODES)
		return diag_error(k->reader->diags, k->at, "too-many",
			"a node set has at most %zu nodes", CONFIG_NODES);
	if (json_array_size(items) == 0)
		return diag_error(k->reader->diags, k->at, "node-set-empty", "lists no node");
	bool good = true;
	size_t i;
	const json_t *item;
	json_array_foreach (items, i, item) {
		kind = json_text_at(item, "/kind");
		good &= kind && strcmp(kind, "Node") == 0 ? read_node(k, item)
							  : refuse(k, "an item is not a node");
	}
	return good;
}

bool kubernetes_read(
	struct node_reader *r, struct node_set *set, const json_t *value, const char *pointer)
{
	static const char *const members[] = { "file", "labels", NULL };
	struct config *c = r->config;
	struct cluster k = { .reader = r, .set = set, .pointer = pointer };
	if (!json_is_object(value))
		return wrong_type(r->diags, place_value(c, pointer), "kubernetes", "a map", value);
	if (!only_members(c, value, pointer, "`kubernetes`", members, r->diags))
		return false;
	if (json_object_get(value, "labels")) {
		k.labels = source_labels(r, value, pointer, "labels");
		if (!k.labels)
			return false;
	}
	const struct text_file *file = source_file(r, value, pointer);
	if (!file)
		return false;
	k.at.file = file->name;
	char *why = NULL;
	json_t *document = json_parse(c->arena, file->text, file->length, NODE_FILE_BYTES, &why);
	if (!document)
		return refuse(&k, arena_printf(c->arena, "this is not JSON: %s", why));
	return read_nodes(&k, arena_json(c->arena, document));
}
