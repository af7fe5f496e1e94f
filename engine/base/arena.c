/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first block is small: many an arena lives for one question. Under AddressSanitizer each
 * object is a block of its own, so that it sees overflows. */
#if defined(__SANITIZE_ADDRESS__)
#define BLOCK_BYTES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BLOCK_BYTES 0
#endif
#endif
#ifdef BLOCK_BYTES
#define FIRST_BYTES BLOCK_BYTES
#else
#define BLOCK_BYTES 65536
#define FIRST_BYTES 2048
#endif

struct block {
	struct block *next;
	alignas(max_align_t) char data[];
};

struct deferred {
	struct deferred *next;
	void (*fn)(void *);
	void *object;
};

struct arena {
	struct block *blocks;
	char *free;
	size_t free_bytes;
	struct deferred *deferred;
};

static void out_of_memory(void)
{
	(void)!fputs("waybill: out of memory\n", stderr);
	_Exit(1);
}

void *mem_alloc(size_t size_bytes)
{
	void *memory = malloc(size_bytes ? size_bytes : 1);
	if (!memory)
		out_of_memory();
	return memory;
}

void *mem_realloc(void *old, size_t size_bytes)
{
	void *memory = realloc(old, size_bytes ? size_bytes : 1);
	if (!memory)
		out_of_memory();
	return memory;
}

char *mem_strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	return memcpy(mem_alloc(size), text, size);
}

void mem_guard_jansson(void)
{
	json_set_alloc_funcs(mem_alloc, free);
}

struct arena *arena_new(void)
{
	struct arena *a = mem_alloc(sizeof *a);
	*a = (struct arena){ 0 };
	return a;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	for (struct deferred *d = a->deferred; d; d = d->next)
		d->fn(d->object);
	for (struct block *b = a->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
}

void arena_leave(struct arena *a)
{
#if BLOCK_BYTES == 0
	arena_free(a);
#else
	(void)a;
#endif
}

/* Zeroed, which costs nothing for pages that come from the system. */
static char *add_block(struct arena *a, size_t bytes)
{
	struct block *b = calloc(1, sizeof *b + bytes);
	if (!b)
		out_of_memory();
	b->next = a->blocks;
	a->blocks = b;
	return b->data;
}

void *arena_alloc(struct arena *a, size_t size_bytes)
{
	const size_t align = alignof(max_align_t);
	if (size_bytes > SIZE_MAX / 2)
		out_of_memory();
	size_t bytes = (size_bytes + align - 1) / align * align;
	if (bytes == 0)
		bytes = align;
	/* What is large has a block of its own, and small things go on behind one another. */
	size_t block_bytes = a->blocks ? BLOCK_BYTES : FIRST_BYTES;
	if (bytes > a->free_bytes && bytes > block_bytes / 4)
		return add_block(a, bytes);
	if (bytes > a->free_bytes) {
		a->free = add_block(a, block_bytes);
		a->free_bytes = block_bytes;
	}
	void *memory = a->free;
	a->free += bytes;
	a->free_bytes -= bytes;
	return memory;
}

char *arena_strndup(struct arena *a, const char *text, size_t len)
{
	char *copy = arena_alloc(a, len + 1);
	memcpy(copy, text, len);
	return copy;
}

char *arena_strdup(struct arena *a, const char *text)
{
	return arena_strndup(a, text, strlen(text));
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list args)
{
	va_list again;
	va_copy(again, args);
	/* Most texts fit in what is free: they are printed once. */
	int len = vsnprintf(a->free, a->free_bytes, fmt, args);
	if (len < 0)
		out_of_memory();
	bool fits = (size_t)len < a->free_bytes;
	if (!fits && a->free_bytes)
		memset(a->free, 0, a->free_bytes);
	char *text = arena_alloc(a, (size_t)len + 1);
	if (!fits)
		(void)vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	return text;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *text = arena_vprintf(a, fmt, args);
	va_end(args);
	return text;
}

char *arena_join(struct arena *a, const char *const *texts, size_t count)
{
	size_t len = 0;
	for (size_t i = 0; i < count; i++)
		len += strlen(texts[i]);
	char *joined = arena_alloc(a, len + 1), *end = joined;
	for (size_t i = 0; i < count; i++) {
		len = strlen(texts[i]);
		memcpy(end, texts[i], len);
		end += len;
	}
	return joined;
}

void arena_defer(struct arena *a, void (*fn)(void *), void *object)
{
	struct deferred *d = ARENA_NEW(a, struct deferred);
	*d = (struct deferred){ .next = a->deferred, .fn = fn, .object = object };
	a->deferred = d;
}

static void drop_json(void *json)
{
	json_decref(json);
}

json_t *arena_json(struct arena *a, json_t *json)
{
	if (json)
		arena_defer(a, drop_json, json);
	return json;
}

void *arena_room(struct arena *a, void *items, size_t count, size_t item_bytes)
{
	/* Room is always a power of two: a full array is one whose count is one. */
	if (count != 0 && (count & (count - 1)) != 0)
		return items;
	void *grown = arena_array(a, count + 1, item_bytes);
	if (count)
		memcpy(grown, items, count * item_bytes);
	return grown;
}

void *arena_array(struct arena *a, size_t count, size_t item_bytes)
{
	size_t room = 1;
	while (room < count && room <= SIZE_MAX / 4 / item_bytes)
		room *= 2;
	if (room < count)
		out_of_memory();
	return arena_alloc(a, room * item_bytes);
}
