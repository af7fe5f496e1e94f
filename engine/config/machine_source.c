/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/config/sources.h"

static const char *text_or(struct node_reader *r, const json_t *value, const char *pointer,
	const char *member, const char *otherwise)
{
	return json_object_get(value, member) ? source_text(r, value, pointer, member) : otherwise;
}

bool machines_read(
	struct node_reader *r, struct node_set *set, const json_t *value, const char *pointer)
{
	static const char *const members[] = { "name", "podCIDRTag", "resourceGroup",
		"subscription", "tags", "scaleSet", NULL };
	struct config *c = r->config;
	if (!json_is_object(value))
		return wrong_type(
			r->diags, place_value(c, pointer), "virtualMachines", "a map", value);
	size_t before = r->diags->nerrors;
	set->wants_machines = true;
	(void)only_members(c, value, pointer, "a node set", members, r->diags);
	set->pod_cidr_tag = source_text(r, value, pointer, "podCIDRTag");
	set->name_pattern = text_or(r, value, pointer, "name", "*");
	set->resource_group = text_or(r, value, pointer, "resourceGroup", c->resource_group);
	if (set->resource_group && strcmp(set->resource_group, "*") == 0)
		set->resource_group = NULL;
	set->subscription = text_or(r, value, pointer, "subscription", c->subscription);
	if (!set->subscription && r->diags->nerrors == before)
		set->subscription = c->subscription = environment_subscription(c, r->diags);
	set->scale_set = text_or(r, value, pointer, "scaleSet", NULL);
	if (json_object_get(value, "tags"))
		set->tags = source_labels(r, value, pointer, "tags");
	if (r->diags->nerrors == before && !set->subscription)
		return diag_error(r->diags, place_key(c, pointer), "missing-subscription",
			"no subscription is given to read machines from");
	return r->diags->nerrors == before;
}
