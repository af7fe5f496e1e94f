/* SPDX-License-Identifier: Apache-2.0 */
/* world.h - a cloud in memory, a state and the arena they live in, for tests of what is planned
 *
 * A new one knows nothing: nothing stands and nothing is recorded. A test plans and applies texts
 * in it, one after the other; each plan begins with no diagnostics.
 */
#ifndef WAYBILL_TESTS_WORLD_H
#define WAYBILL_TESTS_WORLD_H

#include <stdbool.h>

#include "engine/apply/apply.h"
#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "engine/plan/plan.h"
#include "state/state.h"
#include "tests/support/fake_cloud.h"
#include "tests/support/folder.h"

struct world {
	struct arena *arena;
	struct catalog *catalog;
	struct folder folder; /* of the state */
	struct fake_cloud *cloud;
	struct diags diags;
	struct state *state;
	struct config *config; /* of the last plan, and what it was made from; NULL: not read */
	struct snapshot *snapshot;
	struct apply_report report; /* of the last apply */
};

/* For cmocka: *state is the world. */
int world_set_up(void **state);
int world_tear_down(void **state);
#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)

/* Options may be NULL: a plan of all, in which everything may be deleted. NULL with errors. */
struct plan *world_plan(struct world *, const char *yaml, const struct plan_options *);
/* Options may be NULL; a run that they do not give is made up. False also without a plan. */
bool world_run(struct world *, struct plan *, const struct apply_options *);
/* Both, with no options. What goes wrong fails the test. */
void world_apply(struct world *, const char *yaml);

#endif
