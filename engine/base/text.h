/* SPDX-License-Identifier: Apache-2.0 */
/* text.h - the few things we do with text
 *
 * Names, tags, ARM's messages and excerpts of files are not ours. Before they are printed, in any
 * format for people, they pass through text_escape(), so that nobody can send escape sequences to
 * a terminal, turn text around by bidi marks, begin a line, or form a CI command
 * (GitHub's `::name::`, Azure Pipelines' `##vso[`, `##[`).
 */
#ifndef WAYBILL_BASE_TEXT_H
#define WAYBILL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/buf.h"

/* Appends `text` with control, line-break, bidi, zero-width and invalid bytes as \xNN or
 * \u{NNNN}, and `::` and `##` broken by a backslash, but for the `::` of an IPv6 address. Tabs stay
 * when `keep_tabs`. */
void text_escape(struct buf *out, const char *text, bool keep_tabs);
char *text_escaped(struct arena *, const char *text);
/* Whether the text at `at` is inside an IPv6 address that stands for itself: the one way in which
 * `::` is honest. No CI command is only hex digits. */
bool text_is_in_address(const char *text, size_t at);

/* ASCII case only, whatever the locale: ARM compares so. */
bool text_same_nocase(const char *a, const char *b);
int text_compare_nocase(const char *a, const char *b);
char *text_lower(struct arena *, const char *text);
bool text_starts_nocase(const char *text, const char *prefix);

/* The candidate nearest to `word` by edit distance, or NULL when none is near enough to be a
 * typing error. */
const char *text_nearest(const char *word, const char *const *candidates, size_t count);
/* The same of addresses: before all, the only one of which `word` is the last part. */
const char *text_nearest_address(const char *word, const char *const *candidates, size_t count);

/* The code point at `text` (at most `len` bytes) and in *used its bytes; -1 with *used = 1 for
 * bytes that are not UTF-8. */
int32_t text_decode(const char *text, size_t len, size_t *used);
/* Columns a terminal needs for the text: code points, combining marks not counted. */
size_t text_columns(const char *text);

/* A whole number with ms, s, m or h behind it: 500ms, 30s. False for anything else. */
bool text_duration(const char *text, long *ms);

/* The whole file, at most `limit_bytes`, NUL-terminated, and in *len its size. NULL with errno
 * set when it cannot be read; EFBIG when it is larger. Free with free(). */
char *text_read_file(const char *path, size_t limit_bytes, size_t *len);

#endif
