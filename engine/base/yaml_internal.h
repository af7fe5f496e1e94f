/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_internal.h - what yaml.c (files and places) and yaml_read.c (events to values) share */
#ifndef WAYBILL_BASE_YAML_INTERNAL_H
#define WAYBILL_BASE_YAML_INTERNAL_H

#include <stdint.h>

#include "engine/base/yaml.h"

/* Where one value stood. Children are in the order of the value's own items: jansson keeps the
 * order in which members were added, so a node needs no key. Lines count from 1, columns from 0;
 * width 0 is to the end of the line, key_line 0 is no key. */
struct yaml_node {
	uint32_t line, column, width;
	uint32_t key_line, key_column, key_width;
	struct yaml_node *child, *next;
};

struct yaml {
	struct arena *arena;
	const char *name;
	json_t *value;
	struct yaml_node root;
	char *text; /* the file, each line ended by a NUL: excerpts point into it */
	size_t len;
	uint32_t *starts;
	size_t nlines;
	struct yaml_index **indexes; /* of its large maps and lists, sorted by their nodes */
	size_t nindexes;
};

struct place yaml_place_at(const struct yaml *, size_t line, size_t column, size_t width);
/* As above, by an offset into the text. */
struct place yaml_place_at_byte(const struct yaml *, size_t byte, size_t width);
size_t yaml_characters(const char *text, size_t len);
/* The node of a member of `object`, whose first member's node is `first`, by a walk. */
const struct yaml_node *yaml_member(json_t *object, const struct yaml_node *first, const char *key);

/* The node of the item that a token of a pointer names; NULL for none, and for what stands in an
 * alias. */
const struct yaml_node *yaml_item(
	const struct yaml *, const struct yaml_node *of, json_t *value, const char *token);
/* While reading: a map or list is complete. At the end, once: all of them are. */
void yaml_index_add(struct yaml *, const struct yaml_node *of, json_t *value);
void yaml_index_sort(struct yaml *);

/* Reads the text (UTF-8 without a byte order mark) into the value and the nodes; false with
 * errors. */
bool yaml_read(struct yaml *, const char *text, size_t len, struct diags *);

/* diag_error() with the help that goes with the code. Returns false. */
bool yaml_error(struct diags *, struct place at, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
