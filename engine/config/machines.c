/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/sources.h"
#include "schemas/arm_id.h"

static const char *tag_value(const json_t *tags, const char *name)
{
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)tags, key, value)
		if (text_same_nocase(key, name))
			return json_string_value(value);
	return NULL;
}

static const char *fact(const struct schema *s, const char *group, const char *name)
{
	return json_string_value(json_object_get(json_object_get(s->facts, group), name));
}

/* The id of the scale set that a machine stands inside, or NULL: an ordinary one. */
static const char *holder_id(struct config *c, const json_t *machine)
{
	struct arm_id id, parent;
	const char *text = json_text_at(machine, "/id");
	bool nested = text && arm_id_parse(c->arena, text, &id) && id.parent &&
		arm_id_parse(c->arena, id.parent, &parent) && parent.type;
	const struct schema *s = catalog_role(c->catalog, ROLE_SCALE_SET);
	return nested && text_same_nocase(parent.type, s->type) ? id.parent : NULL;
}

static const char *scale_set_name(struct config *c, const json_t *machine)
{
	const struct schema *s = catalog_role(c->catalog, ROLE_MACHINE);
	const char *id = json_text_at(machine, fact(s, "machine", "scaleSet"));
	if (!id)
		id = holder_id(c, machine);
	const char *slash = id ? strrchr(id, '/') : NULL;
	return slash ? slash + 1 : NULL;
}

bool config_wants_scale_set(const struct node_set *set, const json_t *scale_set)
{
	const char *name = json_text_at(scale_set, "/name");
	return set->scale_set && name && glob_matches(set->scale_set, name);
}

bool config_holds_machines(const struct config *c, const json_t *scale_set)
{
	const struct schema *s = catalog_role(c->catalog, ROLE_SCALE_SET);
	const char *mode = json_text_at(scale_set, fact(s, "scaleSet", "mode"));
	/* Sets that are older than the modes do not name theirs. */
	return !mode || text_same_nocase(mode, fact(s, "scaleSet", "holds"));
}

void config_inherit_tags(json_t *machines, const json_t *scale_set)
{
	size_t i;
	json_t *machine, *value;
	const char *key;
	json_array_foreach (machines, i, machine) {
		json_t *tags = json_object();
		json_object_update(tags, json_object_get(machine, "tags"));
		json_object_foreach (json_object_get(scale_set, "tags"), key, value)
			if (!tag_value(tags, key))
				json_object_set(tags, key, value);
		json_object_set_new(machine, "tags", tags);
	}
}

static bool is_member(struct config *c, const struct node_set *set, const json_t *machine)
{
	const char *name = json_text_at(machine, "/name");
	const char *id = json_text_at(machine, "/id");
	struct arm_id parts;
	if (!name || !id || !glob_matches(set->name_pattern, name))
		return false;
	if (set->resource_group &&
		(!arm_id_parse(c->arena, id, &parts) || !parts.resource_group ||
			!text_same_nocase(parts.resource_group, set->resource_group)))
		return false;
	const char *scale_set = set->scale_set ? scale_set_name(c, machine) : NULL;
	if (set->scale_set && (!scale_set || !glob_matches(set->scale_set, scale_set)))
		return false;
	return !set->tags || labels_match(json_object_get(machine, "tags"), set->tags, true);
}

/* The item that says it is primary, or the only one. */
static const json_t *primary_of(const json_t *list, const char *pointer)
{
	size_t i;
	const json_t *item;
	json_array_foreach (list, i, item)
		if (json_is_true(json_at(item, pointer)))
			return item;
	return json_array_get(list, 0);
}

static const json_t *nic_references(const struct config *c, const json_t *machine)
{
	return json_at(machine, fact(catalog_role(c->catalog, ROLE_MACHINE), "machine", "nics"));
}

static const char *reference_nic(const struct config *c, const json_t *reference)
{
	const struct schema *s = catalog_role(c->catalog, ROLE_MACHINE);
	return json_text_at(reference, fact(s, "machine", "nic"));
}

/* The reference that says it is the primary one, or NULL. */
static const json_t *flagged_reference(const struct config *c, const json_t *machine)
{
	const char *flag = fact(catalog_role(c->catalog, ROLE_MACHINE), "machine", "primary");
	size_t i;
	const json_t *reference;
	json_array_foreach (nic_references(c, machine), i, reference)
		if (json_is_true(json_at(reference, flag)))
			return reference;
	return NULL;
}

const char **config_nic_ids(
	struct config *c, const struct node_set *set, const json_t *machines, size_t *count)
{
	const char **ids = NULL;
	*count = 0;
	size_t i, n;
	const json_t *machine, *reference;
	json_array_foreach (machines, i, machine) {
		if (!is_member(c, set, machine) || (set->scale_set && holder_id(c, machine)))
			continue;
		const json_t *flagged = flagged_reference(c, machine);
		json_array_foreach (nic_references(c, machine), n, reference) {
			const char *id = reference_nic(c, reference);
			if (id && (!flagged || reference == flagged))
				*ARENA_PUSH(c->arena, ids, *count) = arena_strdup(c->arena, id);
		}
	}
	return ids;
}

static int by_id(const void *a, const void *b)
{
	return text_compare_nocase(json_text_at(*(const json_t *const *)a, "/id"),
		json_text_at(*(const json_t *const *)b, "/id"));
}

struct nics {
	const json_t **sorted;
	size_t count;
};

static struct nics sort_nics(struct arena *a, const json_t *list)
{
	struct nics nics = { 0 };
	size_t i;
	const json_t *nic;
	json_array_foreach (list, i, nic)
		if (json_text_at(nic, "/id"))
			*ARENA_PUSH(a, nics.sorted, nics.count) = nic;
	if (nics.count > 1)
		qsort(nics.sorted, nics.count, sizeof *nics.sorted, by_id);
	return nics;
}

static const json_t *find_nic(const struct nics *nics, const char *id)
{
	size_t low = 0, high = nics->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = text_compare_nocase(id, json_text_at(nics->sorted[middle], "/id"));
		if (order == 0)
			return nics->sorted[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* The machine says which is the primary one, or the NIC itself does, or it is the first. */
static const json_t *primary_nic(
	const struct config *c, const json_t *machine, const struct nics *nics)
{
	const char *own = fact(catalog_role(c->catalog, ROLE_NIC), "nic", "first");
	const json_t *flagged = flagged_reference(c, machine), *first = NULL;
	size_t i;
	const json_t *reference;
	json_array_foreach (nic_references(c, machine), i, reference) {
		const char *id = reference_nic(c, reference);
		const json_t *nic = id ? find_nic(nics, id) : NULL;
		if (reference == flagged || (!flagged && json_is_true(json_at(nic, own))))
			return nic;
		if (!first)
			first = nic;
	}
	return flagged ? NULL : first;
}

static bool has_family(const struct node *n, enum family family)
{
	struct ip ip;
	for (size_t i = 0; i < n->nips; i++)
		if (ip_parse(&ip, n->ips[i]) && ip.family == family)
			return true;
	return false;
}

/* One address a family: the primary configuration's before any other's. */
static void read_nic(struct config *c, const json_t *nic, struct node *n)
{
	const struct schema *s = catalog_role(c->catalog, ROLE_NIC);
	const json_t *list = json_at(nic, fact(s, "nic", "addresses"));
	const char *level = schema_properties_level(
				    schema_items(schema_at(s->root, fact(s, "nic", "addresses"))))
		? "/properties"
		: "";
	const char *primary = arena_printf(c->arena, "%s%s", level, "/primary");
	const char *address = fact(s, "nic", "address");
	const json_t *first = primary_of(list, primary);
	for (size_t i = 0; i <= json_array_size(list); i++) {
		const json_t *item = i == 0 ? first : json_array_get(list, i - 1);
		struct ip ip;
		const char *text = json_text_at(item, address);
		char canonical[IP_TEXT];
		if (!text || !ip_parse(&ip, text) || has_family(n, ip.family))
			continue;
		ip_format(&ip, canonical);
		*ARENA_PUSH(c->arena, n->ips, n->nips) = arena_strdup(c->arena, canonical);
		const char *subnet = json_text_at(item, fact(s, "nic", "subnet"));
		if (!n->subnet && subnet)
			n->subnet = arena_strdup(c->arena, subnet);
	}
	const json_t *forwarding = json_at(nic, fact(s, "nic", "forwarding"));
	n->ip_forwarding = json_is_true(forwarding) ? 1 : 0;
}

/* A tag may name one CIDR of each family, with a comma between. */
static bool read_cidrs(struct config *c, const struct node_set *set, struct node *n,
	const char *text, struct diags *diags)
{
	bool good = true;
	struct place at = place_key(c, set->pointer);
	while (*text) {
		text += strspn(text, " ,");
		size_t length = strcspn(text, " ,");
		if (length == 0)
			break;
		size_t before = diags->count;
		good &= node_add_cidr(c, n, arena_strndup(c->arena, text, length), at, diags);
		if (diags->count > before)
			diag_note(diags, PLACE_NONE, "tag `%s` of machine `%s`", set->pod_cidr_tag,
				n->name);
		text += length;
	}
	return good;
}

static bool read_machine(struct config *c, struct node_set *set, const json_t *machine,
	const struct nics *nics, struct diags *diags)
{
	struct node n = { .name = arena_strdup(c->arena, json_text_at(machine, "/name")),
		.pointer = set->pointer,
		.ip_forwarding = -1,
		.vm_tags = arena_json(c->arena, json_incref(json_object_get(machine, "tags"))) };
	const json_t *nic = primary_nic(c, machine, nics);
	if (nic)
		read_nic(c, nic, &n);
	const char *pods = tag_value(n.vm_tags, set->pod_cidr_tag);
	bool good = !pods || read_cidrs(c, set, &n, pods, diags);
	if (good)
		*ARENA_PUSH(c->arena, set->nodes, set->nnodes) = n;
	return good;
}

bool config_set_nodes(
	struct config *c, struct node_set *set, const struct node_rows *rows, struct diags *diags)
{
	size_t first = diags->count;
	struct nics sorted = sort_nics(c->arena, rows->nics);
	bool good = true;
	size_t i;
	const json_t *machine;
	set->nodes = NULL;
	set->nnodes = 0;
	for (size_t n = 0; n < set->ngiven; n++)
		*ARENA_PUSH(c->arena, set->nodes, set->nnodes) = set->given[n];
	json_array_foreach (rows->machines, i, machine)
		if (is_member(c, set, machine))
			good = read_machine(c, set, machine, &sorted, diags) && good;
	if (set->wants_cluster)
		good = cluster_rows(c, set, rows->nodes, diags) && good;
	set->is_read = good;
	good = good && nodes_finish(c, set, diags);
	help_add(c, diags, first);
	return good;
}
