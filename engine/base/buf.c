/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/arena.h"

void buf_init(struct buf *b, size_t limit_bytes)
{
	*b = (struct buf){ .data = mem_alloc(64), .room = 64, .limit = limit_bytes };
	b->data[0] = '\0';
}

void buf_release(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->full = false;
	b->data[0] = '\0';
}

/* Room for `more` bytes and the NUL, or false at the ceiling. */
static bool make_room(struct buf *b, size_t more)
{
	if (b->full || more > b->limit || b->len > b->limit - more) {
		b->full = true;
		return false;
	}
	size_t need = b->len + more + 1;
	if (need > b->room) {
		size_t room = b->room;
		while (room < need)
			room *= 2;
		b->data = mem_realloc(b->data, room);
		b->room = room;
	}
	return true;
}

bool buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (!make_room(b, len))
		return false;
	if (len)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
	return true;
}

bool buf_puts(struct buf *b, const char *text)
{
	return buf_add(b, text, strlen(text));
}

bool buf_putc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

bool buf_vprintf(struct buf *b, const char *fmt, va_list args)
{
	va_list again;
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, fmt, args);
	bool fits = len >= 0 && make_room(b, (size_t)len);
	if (fits) {
		(void)vsnprintf(b->data + b->len, (size_t)len + 1, fmt, again);
		b->len += (size_t)len;
	}
	va_end(again);
	return fits;
}

bool buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	bool fits = buf_vprintf(b, fmt, args);
	va_end(args);
	return fits;
}
