/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.h - a YAML file as a JSON value, and where each value stood
 *
 * YAML 1.2 core scalars (`no` is a string; 0o14 is 12). Refused, each with its place: duplicate
 * keys, keys that are not scalars, merge keys, unknown tags, .inf and .nan, a second document,
 * aliases to themselves or past the bound, more than YAML_DEPTH levels, YAML_NODES values or
 * YAML_BYTES, what is not UTF-8, and the line breaks that YAML 1.1 alone has (NEL, LS, PS).
 * Position is a function of the pointer, not a member of the value. A line ends in LF, CRLF or CR;
 * columns count Unicode characters, a tab and a combining mark each as one, a byte order mark not.
 */
#ifndef WAYBILL_BASE_YAML_H
#define WAYBILL_BASE_YAML_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"

#define YAML_BYTES ((size_t)64 << 20)       /* of one file */
#define YAML_NODES ((size_t)4000000)        /* values in it: a few bytes of text make each */
#define YAML_DEPTH 64                       /* levels of nesting */
#define YAML_ALIASED_NODES ((size_t)100000) /* nodes that aliases may add to one file */

struct yaml;

enum yaml_side {
	YAML_KEY,   /* the key, when the value is a member of a map; else the value */
	YAML_VALUE, /* the value */
};

/* NULL with errors. `name` is how the file is called in diagnostics. An empty file is null. */
struct yaml *yaml_parse(
	struct arena *, const char *name, const char *text, size_t len, struct diags *);
struct yaml *yaml_load(struct arena *, const char *path, struct diags *);

const char *yaml_name(const struct yaml *);
/* Borrowed from the arena; the caller must not change it. */
json_t *yaml_value(const struct yaml *);
/* Whether the file has a value at this pointer. */
bool yaml_has(const struct yaml *, const char *pointer);
/* The place of what is at the pointer, or of the nearest ancestor that exists. */
struct place yaml_place(const struct yaml *, const char *pointer, enum yaml_side);
/* The place of `length` bytes of `text`, `offset` bytes in, where `whole` is what yaml_place()
 * said of that text in this file: as it is written there, with escapes and over several lines.
 * `whole` where they cannot be told apart in it: in an alias, beside a folded escape. */
struct place yaml_place_within(
	const struct yaml *, struct place whole, const char *text, size_t offset, size_t length);

#endif
