/* SPDX-License-Identifier: Apache-2.0 */
/* apply_bench.h - a plan built by hand, the cloud it meets, and the state it leaves
 *
 * There is one, made anew for each test. What is not as it must be fails the test.
 */
#ifndef WAYBILL_TESTS_APPLY_BENCH_H
#define WAYBILL_TESTS_APPLY_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/apply/apply.h"
#include "tests/support/fake_cloud.h"

#define GROUP "/subscriptions/s/resourceGroups/g"
#define TABLES GROUP "/providers/Microsoft.Network/routeTables/"
#define BENCH_MOST 32

#define STANDING_TABLE                                                                             \
	"{'location': 'japaneast', 'properties': {'disableBgpRoutePropagation': false,"            \
	" 'routes': [{'name': 'r1', 'properties': {'addressPrefix': '10.1.0.0/16',"                \
	" 'nextHopType': 'VirtualAppliance', 'nextHopIpAddress': '10.0.0.1'}}]}}"

struct bench {
	struct arena *arena;
	const struct catalog *catalog;
	struct fake_cloud *cloud;
	struct config config;
	struct snapshot snapshot;
	struct plan plan;
	struct change changes[BENCH_MOST];
	struct step steps[BENCH_MOST];
	char *folder, *path;
	struct state *state;
	struct run run;
	struct apply_options options;
	struct apply_report report;
	struct diags diags;
	size_t ended, unjournaled;
	bool interrupt_at_write;
};

int bench_setup(void **state);
int bench_teardown(void **state);
/* One more change, and the step of it; `type` as in schemas/. */
struct change *bench_add_change(
	struct bench *b, const char *type, const char *id, enum action action);
struct step *bench_add_step(struct bench *b, enum step_verb verb, struct change *c);
/* Steps, and the changes that they carry out: a table that is made, one whose
 * disableBgpRoutePropagation becomes true, one that goes. */
struct step *bench_create_table(struct bench *b, const char *name);
struct step *bench_update_table(struct bench *b, const char *name);
struct step *bench_delete_table(struct bench *b, const char *name);
/* A route of a step's table: its next hop before and after, NULL where there is none. */
void bench_add_route(
	struct bench *b, struct step *s, const char *name, const char *before, const char *after);
void bench_wait_for(struct bench *b, struct step *s, const struct step *other);
/* Fails the test when a write left without its intent. */
bool bench_apply(struct bench *b);
/* NULL: at any address. */
bool bench_has_diag(const struct bench *b, const char *code, const char *address);
/* NULL when nothing is recorded. */
const struct record *bench_recorded(struct bench *b, const char *id);
/* How many there are; the next apply knows of them. */
size_t bench_open_intents(struct bench *b);
/* Somebody else puts a value at a pointer right before the next such operation. */
void bench_script_edit(
	struct bench *b, enum verb verb, const char *path, const char *pointer, const char *value);

#endif
