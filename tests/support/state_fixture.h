/* SPDX-License-Identifier: Apache-2.0 */
/* state_fixture.h - a state in a folder of its own, for the tests of the state
 *
 * There is one, made anew for each test. What is not as it must be fails the test.
 */
#ifndef WAYBILL_TESTS_STATE_FIXTURE_H
#define WAYBILL_TESTS_STATE_FIXTURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "state/state.h"
#include "tests/support/folder.h"

struct fixture {
	struct arena *arena;
	struct diags diags;
	struct folder folder;
	const char *path; /* of the state */
};

extern struct fixture fixture;

int fixture_set_up(void **unused);
int fixture_tear_down(void **unused);
struct state *fixture_open(enum state_access access);
/* In a child, where a failed assertion must not go on with the tests. */
struct state *fixture_open_in_child(enum state_access access);
void fixture_fails_to_open(enum state_access access, const char *code);
json_t *fixture_json(const char *text);
struct record fixture_record(const char *id);
void fixture_put(struct state *s, const char *id);
void fixture_commit(struct state *s);
size_t fixture_count(struct state *s);
bool fixture_exists(const char *name);
int fixture_mode_of(const char *name);
/* Does with the file what another program might. */
void fixture_meddle(const char *sql);
char *fixture_ask(const char *sql);
int64_t fixture_begin_run(struct state *s);
int64_t fixture_intend(struct state *s, int64_t run, const char *id);

#endif
