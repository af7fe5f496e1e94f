/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_format.h - a YAML file in canonical spacing and order
 *
 * Only what stands between libyaml's tokens is rewritten: indentation (two columns a level), the
 * blanks around `:`, `,` and brackets, blanks at the ends of lines. Tokens, line breaks, blank
 * lines and comments stay; the lines of a text over several lines move together. Lines end in LF.
 * Keys of the top level that are named in `first` come first and those in `last` last, in that
 * order, each with the comment right above it; a comment on the first line, and one at the end with
 * a blank line above it, are the file's and stay. A result that would mean another value is never
 * handed out.
 */
#ifndef WAYBILL_BASE_YAML_FORMAT_H
#define WAYBILL_BASE_YAML_FORMAT_H

#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"

struct yaml_order {
	const char *const *first; /* end with NULL */
	const char *const *last;
};

/* NULL with errors: the file is no YAML that we read, or it cannot be formatted safely
 * (`format-unsafe`). In the arena of the diagnostics; *out_len without the NUL. */
char *yaml_format(const char *name, const char *text, size_t len, const struct yaml_order *,
	size_t *out_len, struct diags *);

/* ---- between the files of the formatter ---- */

/* Spacing alone, unchecked; NULL when libyaml stops in it. */
char *yaml_respace(struct arena *, const char *text, size_t len, size_t *out_len);

#endif
