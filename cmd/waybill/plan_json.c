/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "cmd/waybill/render_plan.h"
#include "engine/base/json.h"
#include "engine/base/secrets.h"

#define FORMAT_VERSION "1.0"

/* Text from outside may hold bytes that JSON cannot. */
static json_t *text_new(const char *text)
{
	json_t *json = text ? json_string(text) : NULL;
	return json ? json : json_null();
}

static json_t *actions_new(const struct change *change)
{
	switch (change->action) {
	case ACTION_CREATE:
		return json_pack("[s]", "create");
	case ACTION_UPDATE:
		return json_pack("[s]", "update");
	case ACTION_REPLACE:
		return json_pack("[s,s]", "delete", "create");
	case ACTION_DELETE:
		return json_pack("[s]", "delete");
	case ACTION_FORGET:
		return json_pack("[s]", "forget");
	case ACTION_NONE:
		break;
	}
	return json_pack("[s]", "no-op");
}

/* Terraform writes the path of a member as an array of its steps. */
static json_t *path_new(struct arena *a, const char *pointer)
{
	json_t *path = json_array();
	for (char *token = pointer_next(a, &pointer); token; token = pointer_next(a, &pointer))
		(void)json_array_append_new(path, text_new(token));
	return path;
}

static json_t *replace_paths_new(struct arena *a, const struct change *change)
{
	json_t *paths = json_array();
	if (change->action != ACTION_REPLACE)
		return paths;
	bool told = false;
	for (size_t i = 0; i < change->edits.count; i++) {
		const struct edit *edit = &change->edits.items[i];
		if (!edit->replaces)
			continue;
		(void)json_array_append_new(paths, path_new(a, edit->pointer));
		told = told ||
			(change->replaced_by && strcmp(edit->pointer, change->replaced_by) == 0);
	}
	if (change->replaced_by && !told)
		(void)json_array_append_new(paths, path_new(a, change->replaced_by));
	return paths;
}

static json_t *value_new(const json_t *value)
{
	return value ? json_deep_copy(value) : json_null();
}

static json_t *change_new(struct arena *a, const struct change *change)
{
	json_t *after = value_new(change->after), *unknown = json_object();
	for (size_t i = 0; i < change->nunknown; i++) {
		json_drop(after, change->unknown[i]);
		(void)json_put(unknown, change->unknown[i], json_true());
	}
	json_t *json = json_pack("{s:o,s:o,s:o,s:o,s:o}", "actions", actions_new(change), "before",
		value_new(change->before), "after", after, "after_unknown", unknown,
		"replace_paths", replace_paths_new(a, change));
	if (change->nexplicit_defaults) {
		json_t *paths = json_array();
		for (size_t i = 0; i < change->nexplicit_defaults; i++)
			(void)json_array_append_new(
				paths, path_new(a, change->explicit_defaults[i]));
		(void)json_object_set_new(json, "default_paths", paths);
	}
	if (change->adopts)
		(void)json_object_set_new(json, "importing", json_pack("{s:s}", "id", change->id));
	return json;
}

static const char *reason_of(const struct plan *plan, const struct change *change)
{
	if (change->action == ACTION_REPLACE)
		return change->replaced_by ? "replace_because_cannot_update" : "replace_by_request";
	if (change->action == ACTION_DELETE && !plan->destroy && !change->resource)
		return "delete_because_no_resource_config";
	return NULL;
}

static json_t *resource_new(const char *address, const char *id, const struct schema *schema)
{
	const char *name = strrchr(address, '/');
	return json_pack("{s:o,s:s,s:s,s:o,s:s,s:o}", "address", text_new(address), "mode",
		"managed", "type", schema->type, "name", text_new(name ? name + 1 : address),
		"provider_name", "azure", "id", text_new(id));
}

static json_t *changes_new(struct arena *a, const struct plan *plan)
{
	json_t *array = json_array();
	for (size_t i = 0; i < plan->nchanges; i++) {
		const struct change *change = &plan->changes[i];
		json_t *json = resource_new(change->address, change->id, change->schema);
		(void)json_object_set_new(json, "change", change_new(a, change));
		const char *reason = reason_of(plan, change);
		if (reason)
			(void)json_object_set_new(json, "action_reason", json_string(reason));
		if (change->moved_from)
			(void)json_object_set_new(
				json, "previous_id", text_new(change->moved_from));
		if (change->why)
			(void)json_object_set_new(json, "why", text_new(change->why));
		if (change->at.file)
			(void)json_object_set_new(json, "position",
				json_pack("{s:o,s:I}", "filename", text_new(change->at.file),
					"line", (json_int_t)change->at.line));
		(void)json_array_append_new(array, json);
	}
	return array;
}

/* All that was known of it. */
static json_t *removed_new(const struct plan *plan, const char *id)
{
	const struct record *record = snapshot_record(plan->snapshot, id);
	json_t *body =
		record && record->body ? secrets_mask(plan->snapshot->secrets, record->body) : NULL;
	return body ? body : json_object();
}

static json_t *drift_new(const struct plan *plan, const struct drift *drift)
{
	json_t *before = drift->removed ? removed_new(plan, drift->id) : json_object();
	json_t *after = json_object();
	for (size_t i = 0; i < drift->edits.count; i++) {
		const struct edit *edit = &drift->edits.items[i];
		if (edit->before)
			(void)json_put(before, edit->pointer, json_incref(edit->before));
		if (edit->after)
			(void)json_put(after, edit->pointer, json_incref(edit->after));
	}
	if (drift->removed) {
		json_decref(after);
		after = json_null();
	}
	json_t *json = resource_new(drift->address, drift->id, drift->schema);
	(void)json_object_set_new(json, "change",
		json_pack("{s:[s],s:o,s:o}", "actions", drift->removed ? "delete" : "update",
			"before", before, "after", after));
	return json;
}

static json_t *drifts_new(const struct plan *plan)
{
	json_t *array = json_array();
	for (size_t i = 0; i < plan->ndrifts; i++)
		(void)json_array_append_new(array, drift_new(plan, &plan->drifts[i]));
	return array;
}

static json_t *output_new(const json_t *before, const json_t *after)
{
	const char *action = "no-op";
	if (!before)
		action = "create";
	else if (!after)
		action = "delete";
	else if (!json_equal(before, after))
		action = "update";
	return json_pack("{s:[s],s:o,s:o,s:b}", "actions", action, "before", value_new(before),
		"after", value_new(after), "after_unknown", json_is_null(after));
}

static json_t *outputs_new(const struct plan *plan)
{
	json_t *outputs = json_object();
	const char *name;
	json_t *value;
	json_object_foreach (plan->outputs, name, value) {
		const json_t *before = json_object_get(plan->outputs_before, name);
		(void)json_object_set_new(outputs, name, output_new(before, value));
	}
	json_object_foreach (plan->outputs_before, name, value) {
		if (!json_object_get(plan->outputs, name))
			(void)json_object_set_new(outputs, name, output_new(value, NULL));
	}
	return outputs;
}

static json_t *numbers_new(const size_t *numbers, size_t count)
{
	json_t *array = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(array, json_integer((json_int_t)numbers[i]));
	return array;
}

static json_t *steps_new(const struct plan *plan)
{
	json_t *array = json_array();
	for (size_t i = 0; i < plan->nsteps; i++) {
		const struct step *step = &plan->steps[i];
		json_t *changes = json_array();
		if (step->change)
			(void)json_array_append_new(changes, text_new(step->change->address));
		for (size_t j = 0; j < step->nchildren; j++) {
			if (step->children[j].change)
				(void)json_array_append_new(
					changes, text_new(step->children[j].change->address));
		}
		(void)json_array_append_new(array,
			json_pack("{s:I,s:s,s:o,s:o,s:o,s:o}", "number", (json_int_t)step->number,
				"verb", step_verb_name(step->verb), "address",
				text_new(step->address), "changes", changes, "waits",
				numbers_new(step->waits, step->nwaits), "settles",
				numbers_new(step->settles, step->nsettles)));
	}
	return array;
}

static json_t *foreigns_new(const struct plan *plan)
{
	json_t *array = json_array();
	for (size_t i = 0; i < plan->nforeigns; i++) {
		const struct foreign *foreign = &plan->foreigns[i];
		(void)json_array_append_new(array,
			json_pack("{s:o,s:o,s:s,s:o}", "address", text_new(foreign->address), "id",
				text_new(foreign->id), "type", foreign->schema->type, "values",
				value_new(foreign->body)));
	}
	return array;
}

static json_t *texts_new(const char *const *texts, size_t count)
{
	json_t *array = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(array, text_new(texts[i]));
	return array;
}

static json_t *forwarding_new(const struct node *node)
{
	return node->ip_forwarding < 0 ? json_null() : json_boolean(node->ip_forwarding);
}

json_t *nodes_json(const struct config *config)
{
	json_t *array = json_array();
	for (size_t i = 0; config && i < config->nnode_sets; i++) {
		const struct node_set *set = &config->node_sets[i];
		for (size_t j = 0; j < set->nnodes; j++) {
			const struct node *node = &set->nodes[j];
			(void)json_array_append_new(array,
				json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "node", text_new(node->name),
					"ips",
					texts_new((const char *const *)node->ips, node->nips),
					"pod_cidrs",
					texts_new((const char *const *)node->pod_cidrs,
						node->npod_cidrs),
					"subnet", text_new(node->subnet), "ip_forwarding",
					forwarding_new(node), "node_set", text_new(set->name)));
		}
	}
	return array;
}

void plan_document(struct arena *a, const struct plan *plan, json_t *document)
{
	json_t *parts = json_pack("{s:s,s:s,s:o,s:o,s:o}", "format_version", FORMAT_VERSION,
		"waybill_version", WAYBILL_VERSION, "resource_drift", drifts_new(plan),
		"resource_changes", changes_new(a, plan), "output_changes", outputs_new(plan));
	(void)json_object_update(document, parts);
	json_decref(parts);
	(void)json_object_set_new(document, "summary",
		json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "add", (json_int_t)plan->to_add, "change",
			(json_int_t)plan->to_change, "destroy", (json_int_t)plan->to_destroy,
			"adopt", (json_int_t)plan->to_adopt, "forget", (json_int_t)plan->to_forget,
			"move", (json_int_t)plan->to_move));
	(void)json_object_set_new(document, "waybill",
		json_pack("{s:o,s:b,s:o,s:o,s:o,s:o}", "plan_id", text_new(plan->id), "destroy",
			plan->destroy, "steps", steps_new(plan), "foreign", foreigns_new(plan),
			"nodes", nodes_json(plan->config), "in_flight",
			texts_new((const char *const *)plan->in_flight, plan->nin_flight)));
	(void)json_object_set_new(json_object_get(document, "waybill"), "new_subscriptions",
		texts_new((const char *const *)plan->new_subscriptions, plan->nnew_subscriptions));
	(void)json_object_set_new(json_object_get(document, "waybill"), "reachability",
		plan_reach_json(&plan->reach));
	(void)json_object_set_new(json_object_get(document, "waybill"), "targets",
		texts_new(plan->targets, plan->ntargets));
	(void)json_object_set_new(json_object_get(document, "waybill"), "left_out",
		texts_new((const char *const *)plan->left_out, plan->nleft_out));
	(void)json_object_set_new(
		json_object_get(document, "waybill"), "drift_only", json_boolean(plan->drift_only));
	(void)json_object_set_new(document, "applyable", json_boolean(!plan_changes_nothing(plan)));
	(void)json_object_set_new(document, "errored", json_false());
}
