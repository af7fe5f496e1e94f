/* SPDX-License-Identifier: Apache-2.0 */
/* pattern.h - a POSIX extended regular expression from a configuration
 *
 * It must match the whole text. What would make the C library use time or memory without bound is
 * refused: back references, and repetitions that unfold to more than PATTERN_COST states.
 */
#ifndef WAYBILL_CONFIG_PATTERN_H
#define WAYBILL_CONFIG_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"

#define PATTERN_BYTES ((size_t)1000)
#define PATTERN_DEPTH 32 /* of parentheses */
#define PATTERN_COST ((size_t)10000)
#define PATTERN_TEXT_BYTES ((size_t)10000) /* of what is matched; longer text does not */

struct pattern;

/* NULL with *why, which is text of ours or of the C library. */
const struct pattern *pattern_compile(struct arena *, const char *text, const char **why);
bool pattern_matches(const struct pattern *, const char *text);

#endif
