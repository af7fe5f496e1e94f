/* SPDX-License-Identifier: Apache-2.0 */
/* diag.h - diagnostics: what is wrong, where, and what to do about it
 *
 * The one rule for errors: a function that can fail takes `struct diags *` last and returns
 * bool (or a pointer). False (or NULL) means that it added at least one error; true means that
 * it added none. It may add warnings either way. Absence is a result, never an error. Our own
 * bugs are assert(), never a diagnostic.
 *
 * Diagnostics are collected and shown once, sorted by place, equal ones once. Text: states the
 * fact, lower case, no full stop; names in backticks; the remedy goes into diag_help(). Text that
 * is not ours is escaped when it is rendered (text.h), so callers pass it as it came.
 */
#ifndef WAYBILL_BASE_DIAG_H
#define WAYBILL_BASE_DIAG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/buf.h"

/* Where something stands in a user's file. `file` NULL means nowhere in particular; `line` 0 the
 * file as a whole. The strings are borrowed and must live as long as the diagnostics do. */
struct place {
	const char *file;
	size_t line, column; /* 1-based; columns count characters */
	size_t width;        /* characters underlined, at least 1 */
	const char *excerpt; /* the whole line, NULL when it is not known */
};

#define PLACE_NONE ((struct place){ 0 })

enum severity {
	SEVERITY_ERROR,
	SEVERITY_WARNING
};

struct diag_note {
	struct place at;
	const char *text;
};

struct diag {
	enum severity severity;
	struct place at;
	const char *code; /* stable, kebab-case */
	const char *text;
	const char *address; /* of the resource it is about, or NULL */
	const char *help;    /* or NULL */
	struct diag_note *notes;
	size_t nnotes;
};

struct diags {
	struct arena *arena; /* holds all text; the caller's */
	struct diag *items;
	size_t count;
	size_t nerrors;
};

void diags_init(struct diags *, struct arena *);

/* Returns false, so that a failing function can end in one line. */
bool diag_error(struct diags *, struct place at, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void diag_warning(struct diags *, struct place at, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* These three speak of the diagnostic added last: a second place, what to do (the last one given
 * holds), and which resource it is about. */
void diag_note(struct diags *, struct place at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void diag_help(struct diags *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void diag_about(struct diags *, const char *address);

/* Sorts by file, line and column, and removes repetitions. */
void diags_sort(struct diags *);

/* Appends all of them as text: file:line:col, excerpt, code, help; at most `most` of them, then a
 * line that counts the rest (0: no bound). `colour` adds terminal colours. */
void diags_render(struct diags *, struct buf *out, size_t most, bool colour);

/* A new array of {severity, code, summary, detail, address?, range?{filename,start,end},
 * notes?, help?}: Terraform's diagnostic objects with our code. */
json_t *diags_json(struct diags *);

#endif
