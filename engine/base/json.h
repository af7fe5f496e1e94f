/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - JSON Pointers (RFC 6901) and canonical text over jansson values
 *
 * Every value in the program is a plain json_t. What is known about a value (where it stood, who
 * filled it in) is kept beside it, found by its pointer. A json_t parameter is borrowed unless its
 * name ends in _new, which is stolen; what a function returns as "new" is the caller's.
 */
#ifndef WAYBILL_BASE_JSON_H
#define WAYBILL_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"

/* `base` with one more token, escaped. */
char *pointer_add(struct arena *, const char *base, const char *token);
char *pointer_add_index(struct arena *, const char *base, size_t index);
/* The last token, unescaped; the pointer without it. "" has neither: NULL. */
char *pointer_last(struct arena *, const char *pointer);
char *pointer_parent(struct arena *, const char *pointer);
/* Reads the next token of *pointer, unescaped, and advances past it; NULL at the end. */
char *pointer_next(struct arena *, const char **pointer);

/* The value at a pointer, borrowed; NULL when there is none. */
json_t *json_at(const json_t *root, const char *pointer);
/* The string at a pointer, borrowed; NULL when there is none. */
const char *json_text_at(const json_t *root, const char *pointer);
/* Sets the value at a pointer and makes missing objects on the way. Steals `value_new`. False
 * when a value on the way is neither an object nor has such an item. */
bool json_put(json_t *root, const char *pointer, json_t *value_new);
/* Whether it holds any value beside objects. */
bool json_has_leaf(const json_t *);
/* Removes a member of an object; absent is fine. */
void json_drop(json_t *root, const char *pointer);

/* Canonical text: no spaces, keys in byte order, so that equal values have equal text. In the
 * arena. */
char *json_canonical(struct arena *, const json_t *);
/* Whether the text is the value's canonical one. False, too, of a text longer than a short one. */
bool json_is_text(const json_t *, const char *text, size_t len);
/* Lower-case hex SHA-256 of the bytes. In the arena. */
char *sha256_hex(struct arena *, const void *bytes, size_t len);

/* Parses text from outside: at most `limit_bytes`, jansson's depth bound (2,048), no duplicate
 * keys, any top-level value. New, or NULL with *why in the arena. */
json_t *json_parse(struct arena *, const char *text, size_t len, size_t limit_bytes, char **why);

/* A random UUID (version 4) as 36 characters and NUL. */
void uuid_random(char out[37]);

#endif
