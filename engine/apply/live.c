/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/apply/live.h"

#include <assert.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "schemas/arm_id.h"

struct live {
	struct arena *arena;
	const struct snapshot *snapshot;
	json_t *bodies; /* by lower-case id; null: absent */
};

struct live *live_new(struct arena *arena, const struct snapshot *snapshot)
{
	struct live *live = ARENA_NEW(arena, struct live);
	*live = (struct live){ arena, snapshot, arena_json(arena, json_object()) };
	return live;
}

static void put(struct live *live, const char *id, json_t *body)
{
	json_t *value = body ? json_incref(body) : json_null();
	int failed = json_object_set_new(live->bodies, arm_id_key(live->arena, id), value);
	assert(failed == 0);
	(void)failed;
}

void live_put(struct live *live, const struct schema *schema, const char *id, json_t *body)
{
	put(live, id, body);
	for (size_t c = 0; c < schema->nchildren; c++) {
		const struct schema *child = schema->children[c];
		const json_t *items = json_at(body, child->child_pointer);
		for (size_t i = 0; i < json_array_size(items); i++) {
			json_t *item = json_array_get(items, i);
			const char *name = json_text_at(item, "/name");
			if (name)
				put(live, arm_id_make(live->arena, id, child->type, name), item);
		}
	}
}

json_t *live_lookup(void *context, const char *id, const char *pointer)
{
	struct live *live = context;
	const json_t *body = json_object_get(live->bodies, arm_id_key(live->arena, id));
	if (body)
		return json_at(body, pointer);
	const struct actual *actual = snapshot_actual(live->snapshot, id);
	return actual ? json_at(actual->body, pointer) : NULL;
}

bool live_is_moving(const json_t *body)
{
	static const char *const moving[] = { "Updating", "Creating", "Deleting" };
	const char *now = json_text_at(body, "/properties/provisioningState");
	for (size_t i = 0; now && i < ARRAY_LEN(moving); i++)
		if (text_same_nocase(now, moving[i]))
			return true;
	return false;
}
