/* SPDX-License-Identifier: Apache-2.0 */
/* git_commit.h - from which commit a run comes, when git knows
 *
 * Only files are read: git itself would run what a repository's configuration names.
 */
#ifndef WAYBILL_CMD_GIT_COMMIT_H
#define WAYBILL_CMD_GIT_COMMIT_H

#include "engine/base/arena.h"

/* The hash of the commit that is checked out where `path` stands, or NULL. */
const char *git_commit(struct arena *, const char *path);

#endif
