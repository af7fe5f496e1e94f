/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/apply/resolve.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"

static bool has_unknown(const struct change *change)
{
	return change && change->nunknown > 0 && change->resource;
}

/* The desired body of a change's resource with all values in place, or NULL with an error. */
static json_t *filled(struct arena *a, struct config *config, const struct change *change,
	struct live *live, struct diags *diags)
{
	json_t *body = arena_json(a, json_deep_copy(change->resource->body));
	if (!config_fill_unknown(config, change->resource, body, live_lookup, live, diags))
		return NULL;
	return body;
}

/* A copy of `body` with what was unknown in it taken from the filled one. */
static json_t *patched(
	struct arena *a, const struct change *change, const json_t *body, const json_t *full)
{
	json_t *copy = arena_json(a, json_deep_copy(body));
	for (size_t i = 0; copy && i < change->nunknown; i++) {
		json_t *value = json_at(full, change->unknown[i]);
		if (value && json_at(copy, change->unknown[i]))
			(void)json_put(copy, change->unknown[i], json_incref(value));
	}
	return copy;
}

static struct edits patched_edits(
	struct arena *a, const struct change *change, const struct edits *edits, const json_t *full)
{
	struct edits copy = { 0 };
	for (size_t i = 0; i < edits->count; i++) {
		struct edit *e = ARENA_PUSH(a, copy.items, copy.count);
		*e = edits->items[i];
		for (size_t u = 0; u < change->nunknown && e->after; u++) {
			json_t *value = json_at(full, e->pointer);
			if (value &&
				strncmp(change->unknown[u], e->pointer, strlen(e->pointer)) == 0)
				e->after = value;
		}
	}
	return copy;
}

/* The change with what was unknown in it filled in: what its intent and its record speak of. */
static const struct change *resolve_change(
	struct arena *a, const struct change *change, const json_t *full)
{
	struct change *copy = ARENA_NEW(a, struct change);
	*copy = *change;
	copy->after = patched(a, change, change->after, full);
	copy->edits = patched_edits(a, change, &change->edits, full);
	copy->unknown = NULL;
	copy->nunknown = 0;
	return copy;
}

const struct step *resolve_step(struct arena *a, struct config *config, const struct step *step,
	struct live *live, struct diags *diags)
{
	bool any = has_unknown(step->change);
	for (size_t i = 0; i < step->nchildren; i++)
		any = any || has_unknown(step->children[i].change);
	if (!any || step->verb == STEP_DELETE || step->detaches)
		return step;
	struct step *copy = ARENA_NEW(a, struct step);
	*copy = *step;
	if (has_unknown(step->change)) {
		const json_t *full = filled(a, config, step->change, live, diags);
		if (!full)
			return NULL;
		copy->body = patched(a, step->change, step->body, full);
		copy->edits = patched_edits(a, step->change, &step->edits, full);
		copy->change = resolve_change(a, step->change, full);
	}
	copy->children = NULL;
	copy->nchildren = 0;
	for (size_t i = 0; i < step->nchildren; i++) {
		struct step_child *child = ARENA_PUSH(a, copy->children, copy->nchildren);
		*child = step->children[i];
		if (!has_unknown(child->change))
			continue;
		const json_t *full = filled(a, config, child->change, live, diags);
		if (!full)
			return NULL;
		child->after = patched(a, child->change, child->after, full);
		child->change = resolve_change(a, child->change, full);
	}
	return copy;
}
