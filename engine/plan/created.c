/* SPDX-License-Identifier: Apache-2.0 */
/* created.c - defaults that depend on the API version, spelled out when a resource is made
 *
 * What is made means the same in whichever version the cloud took it. Afterwards the member is as
 * unmanaged as any other that the configuration leaves out: it is neither recorded nor compared.
 */
#include "engine/base/json.h"
#include "engine/plan/internal.h"

static bool is_made(const struct change *c)
{
	bool makes = c->action == ACTION_CREATE || c->action == ACTION_REPLACE;
	return makes && c->resource && c->schema->nexplicit_defaults > 0;
}

static void spell_defaults(struct arena *a, struct change *c)
{
	json_t *after = NULL;
	for (size_t i = 0; i < c->schema->nexplicit_defaults; i++) {
		const struct explicit_default *d = &c->schema->explicit_defaults[i];
		/* A null is somebody's word, too. */
		if (json_at(c->after, d->pointer))
			continue;
		if (!after)
			after = arena_json(a, json_deep_copy(c->after));
		if (json_put(after, d->pointer, json_deep_copy(d->value)))
			*ARENA_PUSH(a, c->explicit_defaults, c->nexplicit_defaults) = d->pointer;
	}
	if (after)
		c->after = after;
}

void planner_spell_defaults(struct planner *p)
{
	for (size_t i = 0; i < p->nall; i++)
		if (is_made(&p->all[i]))
			spell_defaults(p->arena, &p->all[i]);
}

json_t *change_ours(const struct change *c, json_t *after)
{
	if (!after || c->nexplicit_defaults == 0)
		return json_incref(after);
	json_t *ours = json_deep_copy(after);
	for (size_t i = 0; i < c->nexplicit_defaults; i++)
		json_drop(ours, c->explicit_defaults[i]);
	return ours;
}
