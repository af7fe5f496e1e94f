/* SPDX-License-Identifier: Apache-2.0 */
/* azure_fixture.h - the Azure provider against scripted answers, for its unit tests
 *
 * OPEN begins with the answers that will be asked for, in their order; close_all() ends, and fails
 * the test when anything else was asked for or anything secret was told.
 */
#ifndef WAYBILL_TESTS_AZURE_FIXTURE_H
#define WAYBILL_TESTS_AZURE_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/diag.h"
#include "providers/azure/azure.h"
#include "tests/support/scripted.h"

#define TABLE "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/routeTables/t"
#define TABLES "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/routeTables"
#define LOGIN "/our-tenant/oauth2/v2.0/token"
#define SECRET "s3cret-of-the-client"
#define TOKEN_1 "token-number-one"
#define TOKEN_2 "token-number-two"
#define SOON "retry-after-ms: 1"

struct fixture {
	struct arena *arena;
	struct diags diags;
	struct scripted *server;
	struct provider *provider;
	struct buf log; /* at the level of trace */
};

/* `emulator`: with the built-in token; else by a client secret, whose token is asked for. */
void open_on(struct fixture *, const struct scripted_answer *answers, size_t count, bool emulator);

#define OPEN(f, answers) open_on((f), (answers), ARRAY_LEN(answers), true)
#define OPEN_WITH_SECRET(f, answers) open_on((f), (answers), ARRAY_LEN(answers), false)

/* `expected`: how many answers were asked for. */
void close_all(struct fixture *, size_t expected);
struct operation make(struct fixture *, enum verb, const char *path);
/* To its end, alone. */
void run(struct fixture *, struct operation *);

#endif
