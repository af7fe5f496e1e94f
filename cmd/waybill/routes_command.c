/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cmd/waybill/program.h"
#include "cmd/waybill/render_table.h"
#include "engine/base/ip.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "schemas/arm_id.h"

struct row {
	const json_t *body;
	const char *name, *prefix;
};

/* By number, so that 10.200.10.0/24 follows 10.200.9.0/24; service tags come last, by name. */
static int compare(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	struct prefix first, second;
	bool is_first = prefix_parse(&first, a->prefix);
	bool is_second = prefix_parse(&second, b->prefix);
	int order = is_second - is_first;
	if (order == 0 && is_first)
		order = ip_compare(&first.base, &second.base);
	if (order == 0 && is_first)
		order = (first.length > second.length) - (first.length < second.length);
	if (order == 0)
		order = strcmp(a->prefix, b->prefix);
	return order ? order : strcmp(a->name, b->name);
}

static struct row *rows_of(struct session *s, const struct actual *table, size_t *count)
{
	struct row *rows = NULL;
	*count = 0;
	for (size_t i = 0; i < table->schema->nchildren; i++) {
		const struct schema *child = table->schema->children[i];
		size_t n;
		json_t *item;
		if (child->role != ROLE_ROUTE)
			continue;
		json_array_foreach (json_at(table->body, child->child_pointer), n, item) {
			const char *name = json_text_at(item, "/name");
			const char *prefix = json_text_at(item, "/properties/addressPrefix");
			*ARENA_PUSH(s->arena, rows, *count) =
				(struct row){ item, name ? name : "", prefix ? prefix : "" };
		}
	}
	if (*count)
		qsort(rows, *count, sizeof *rows, compare);
	return rows;
}

static void render(struct session *s, const struct actual *actual)
{
	static const char *const heading[] = { "AddressPrefix", "Name", "NextHopIpAddress",
		"NextHopType", "ProvisioningState", "ResourceGroup" };
	struct arm_id id;
	const char *group = NULL;
	if (arm_id_parse(s->arena, actual->id, &id))
		group = id.resource_group;
	struct table table;
	table_init(&table, s->arena, ARRAY_LEN(heading));
	table_add_heading(&table, heading);
	size_t count;
	const struct row *rows = rows_of(s, actual, &count);
	for (size_t i = 0; i < count; i++) {
		const json_t *body = rows[i].body;
		const char *cells[] = { rows[i].prefix, rows[i].name,
			json_text_at(body, "/properties/nextHopIpAddress"),
			json_text_at(body, "/properties/nextHopType"),
			json_text_at(body, "/properties/provisioningState"), group };
		table_add(&table, cells, NULL);
	}
	table_render(&table, &s->out, 0, false);
}

static json_t *table_json(
	struct session *s, const struct resource *table, const struct actual *actual)
{
	json_t *routes = json_array();
	size_t count = 0;
	const struct row *rows = actual ? rows_of(s, actual, &count) : NULL;
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(routes, json_deep_copy(rows[i].body));
	return json_pack("{s:s,s:s,s:b,s:o}", "address", table->address, "id", table->id, "exists",
		actual != NULL, "routes", routes);
}

static void list(struct session *s, const struct snapshot *snapshot)
{
	json_t *tables = json_array();
	size_t count = 0, shown = 0;
	for (size_t i = 0; i < s->config->nresources; i++)
		count += s->config->resources[i]->schema->role == ROLE_TABLE;
	for (size_t i = 0; i < s->config->nresources; i++) {
		const struct resource *table = s->config->resources[i];
		if (table->schema->role != ROLE_TABLE)
			continue;
		const struct actual *actual = snapshot_actual(snapshot, table->id);
		if (s->json) {
			(void)json_array_append_new(tables, table_json(s, table, actual));
			continue;
		}
		const char *address = text_escaped(s->arena, table->address);
		if (!actual) {
			tell("%s does not exist yet\n", address);
			continue;
		}
		if (count > 1)
			(void)buf_printf(&s->out, "%s%s\n", shown ? "\n" : "", address);
		shown++;
		render(s, actual);
	}
	if (s->json)
		(void)json_object_set(s->document, "route_tables", tables);
	json_decref(tables);
}

int routes_command(struct session *s)
{
	struct snapshot_options options = { .refresh = true, .clusters = &s->clusters };
	if (!session_cloud(s, true) || !session_config(s) || !session_provider(s))
		return EXIT_ERROR;
	struct snapshot *snapshot =
		snapshot_read(s->arena, s->config, NULL, s->provider, &options, &s->diags);
	if (!snapshot)
		return EXIT_ERROR;
	list(s, snapshot);
	return EXIT_DONE;
}
