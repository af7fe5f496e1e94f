/* SPDX-License-Identifier: Apache-2.0 */
/* foreign_tags.c - tags that someone else put on something of ours */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/plan/internal.h"

/* ARM compares the names of tags without case. */
static bool has_tag(const json_t *body, const char *name)
{
	json_t *tags = json_object_get(body, "tags");
	return json_object_get(tags, diff_tag_key(tags, name)) != NULL;
}

static bool is_edited(const struct change *c, const char *pointer)
{
	for (size_t i = 0; i < c->edits.count; i++)
		if (text_same_nocase(c->edits.items[i].pointer, pointer))
			return true;
	return false;
}

static json_t *foreign_tags_new(const struct planner *p, const struct change *c)
{
	json_t *foreign = json_object();
	const char *name;
	json_t *value;
	json_object_foreach (json_object_get(c->actual->body, "tags"), name, value)
		if (!has_tag(c->after, name) && !is_edited(c, pointer_add(p->arena, "/tags", name)))
			(void)json_object_set(foreign, name, value);
	return foreign;
}

void planner_find_foreign_tags(struct planner *p)
{
	struct plan *plan = p->plan;
	for (size_t i = 0; i < p->nall && !p->options->destroy; i++) {
		const struct change *c = &p->all[i];
		if (!c->schema->has_tags || !c->actual || !c->resource || c->resource->existing ||
			!change_is_ours(c) || change_removes(c))
			continue;
		json_t *tags = arena_json(p->arena, foreign_tags_new(p, c));
		if (json_object_size(tags) == 0)
			continue;
		*ARENA_PUSH(p->arena, plan->foreigns, plan->nforeigns) = (struct foreign){
			.address = c->address,
			.id = c->id,
			.name = c->name,
			.schema = c->schema,
			.parent_address = c->address,
			.is_tags = true,
			.body = arena_json(p->arena, json_pack("{s:O}", "tags", tags)),
		};
	}
}
