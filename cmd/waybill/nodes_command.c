/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/waybill/program.h"
#include "cmd/waybill/render_plan.h"
#include "cmd/waybill/render_table.h"
#include "schemas/arm_id.h"

static const char *joined(struct arena *a, const char *const *texts, size_t count)
{
	const char *all = count ? texts[0] : "";
	for (size_t i = 1; i < count; i++)
		all = arena_printf(a, "%s,%s", all, texts[i]);
	return all;
}

/* "network/subnet" */
static const char *subnet_of(struct arena *a, const char *id)
{
	struct arm_id subnet, network;
	if (!id || !arm_id_parse(a, id, &subnet) || !subnet.parent ||
		!arm_id_parse(a, subnet.parent, &network) || !network.name)
		return id ? id : "";
	return arena_printf(a, "%s/%s", network.name, subnet.name);
}

static const char *forwarding_of(const struct node *node)
{
	if (node->ip_forwarding < 0)
		return "unknown";
	return node->ip_forwarding ? "yes" : "no";
}

static void render(struct session *s)
{
	static const char *const heading[] = { "Node", "IP", "PodCIDR", "Subnet", "IPForwarding",
		"NodeSet" };
	struct table table;
	table_init(&table, s->arena, ARRAY_LEN(heading));
	table_add_heading(&table, heading);
	for (size_t i = 0; i < s->config->nnode_sets; i++) {
		const struct node_set *set = &s->config->node_sets[i];
		for (size_t j = 0; j < set->nnodes; j++) {
			const struct node *node = &set->nodes[j];
			const char *cells[] = { node->name,
				joined(s->arena, (const char *const *)node->ips, node->nips),
				joined(s->arena, (const char *const *)node->pod_cidrs,
					node->npod_cidrs),
				subnet_of(s->arena, node->subnet), forwarding_of(node), set->name };
			table_add(&table, cells, NULL);
		}
	}
	table_render(&table, &s->out, 0, false);
}

int nodes_command(struct session *s)
{
	const struct snapshot_options options = { .clusters = &s->clusters };
	if (!session_cloud(s, true) || !session_config(s) || !session_provider(s) ||
		!snapshot_resolve(s->arena, s->config, s->provider, &options, &s->diags))
		return EXIT_ERROR;
	if (s->json)
		(void)json_object_set_new(s->document, "nodes", nodes_json(s->config));
	else
		render(s);
	return EXIT_DONE;
}
