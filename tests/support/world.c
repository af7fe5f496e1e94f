/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/world.h"

#include "tests/support/declared.h"

int world_set_up(void **state)
{
	struct arena *arena = arena_new();
	struct world *w = ARENA_NEW(arena, struct world);
	w->arena = arena;
	w->catalog = catalog_new(arena);
	w->cloud = fake_cloud_new(arena, 1);
	folder_make(&w->folder);
	diags_init(&w->diags, arena);
	w->state = state_open(folder_path(&w->folder, arena, "waybill.db"), STATE_WRITE, &w->diags);
	*state = w;
	return w->state ? 0 : -1;
}

int world_tear_down(void **state)
{
	struct world *w = *state;
	state_close(w->state);
	folder_remove(&w->folder);
	arena_free(w->arena);
	return 0;
}

struct plan *world_plan(struct world *w, const char *yaml, const struct plan_options *options)
{
	static const struct plan_options all = { .max_deletes = 1000 };
	if (!options)
		options = &all;
	const struct snapshot_options how = { .refresh = options->refresh != REFRESH_FALSE,
		.destroy = options->destroy };
	diags_init(&w->diags, w->arena);
	w->snapshot = NULL;
	w->config = declared_load(w->arena, w->catalog, yaml, &w->diags);
	if (w->config)
		w->snapshot = snapshot_read(
			w->arena, w->config, w->state, &w->cloud->provider, &how, &w->diags);
	return w->snapshot ? plan_make(w->arena, w->config, w->snapshot, options, &w->diags) : NULL;
}

bool world_run(struct world *w, struct plan *plan, const struct apply_options *options)
{
	struct run run = { .command = "apply", .user = "u", .host = "h" };
	struct apply_options how = options ? *options : (struct apply_options){ 0 };
	if (!how.run)
		how.run = &run;
	return plan && apply_plan(plan, w->state, &w->cloud->provider, &how, &w->report, &w->diags);
}

void world_apply(struct world *w, const char *yaml)
{
	if (!world_run(w, world_plan(w, yaml, NULL), NULL))
		declared_fail(&w->diags);
}
