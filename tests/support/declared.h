/* SPDX-License-Identifier: Apache-2.0 */
/* declared.h - the configuration that a text declares, for tests of what is made of one
 *
 * The text is the only file, in a folder that is gone afterwards, and no environment is seen.
 */
#ifndef WAYBILL_TESTS_DECLARED_H
#define WAYBILL_TESTS_DECLARED_H

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "engine/config/config.h"

/* Loaded, and not resolved. NULL with errors; diags are added to. */
struct config *declared_load(
	struct arena *, const struct catalog *, const char *yaml, struct diags *);
/* Loaded and resolved, without anything read. What is wrong with it fails the test. */
struct config *declared(struct arena *, const char *yaml);
/* Fails the test with all that is in diags. */
void declared_fail(struct diags *);

#endif
