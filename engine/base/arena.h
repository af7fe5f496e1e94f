/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h - memory with one lifetime
 *
 * Everything allocated from an arena lives until arena_free(); nobody frees it alone. There are
 * two kinds of arena in the program: the command's, and that of one operation in flight. Running
 * out of memory ends the process: the state survives that by design, so no caller checks for it.
 */
#ifndef WAYBILL_BASE_ARENA_H
#define WAYBILL_BASE_ARENA_H

#include <jansson.h>
#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
/* Runs what was deferred, newest first, then frees all memory. NULL is allowed. */
void arena_free(struct arena *);
/* The same for one that lives until the process ends: frees only where a leak would be looked
 * for, because the system takes the memory back at once, and a large plan's piece by piece takes
 * a tenth of its time. */
void arena_leave(struct arena *);

/* Zeroed memory, aligned for any type. Never NULL. */
void *arena_alloc(struct arena *, size_t size_bytes);
char *arena_strdup(struct arena *, const char *text);
char *arena_strndup(struct arena *, const char *text, size_t len);
char *arena_printf(struct arena *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Texts one behind another: for the ids and addresses of 100,000 routes. */
char *arena_join(struct arena *, const char *const *texts, size_t count);
char *arena_vprintf(struct arena *, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Calls fn(object) when the arena is freed. */
void arena_defer(struct arena *, void (*fn)(void *), void *object);

/* Steals the reference `json` and drops it with the arena; returns `json`. NULL is passed on. */
json_t *arena_json(struct arena *, json_t *json);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

/* Makes room for one more item behind `count` items of `item_bytes`; returns where the items
 * now are. Room doubles, so pushing is linear over all. Use through ARENA_PUSH. */
void *arena_room(struct arena *, void *items, size_t count, size_t item_bytes);

/* An array of `count` zeroed items that are filled without ARENA_PUSH, which can then go on. */
void *arena_array(struct arena *, size_t count, size_t item_bytes);

/* Appends a zeroed item to an array (`items`, `count`) that lives in the arena and is grown by
 * this macro alone; is a pointer to the new item. */
#define ARENA_PUSH(arena, items, count)                                                            \
	((items) = arena_room((arena), (items), (count), sizeof *(items)), &(items)[(count)++])

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* For memory that must outlive or stay outside an arena: like malloc and friends, but the
 * process ends when memory runs out. Free with free(). */
void *mem_alloc(size_t size_bytes);
void *mem_realloc(void *old, size_t size_bytes);
char *mem_strdup(const char *text);

/* Makes jansson allocate through mem_alloc(), so that its constructors fail only for invalid
 * UTF-8. Call once at the start of every program. */
void mem_guard_jansson(void);

#endif
