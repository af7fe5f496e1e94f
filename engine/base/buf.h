/* SPDX-License-Identifier: Apache-2.0 */
/* buf.h - growing text with a ceiling
 *
 * `data` is always NUL-terminated and never NULL after buf_init(). Every buffer states its
 * ceiling: text past it is dropped and `full` is set, so a hostile sender cannot fill memory.
 */
#ifndef WAYBILL_BASE_BUF_H
#define WAYBILL_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len;   /* bytes, without the NUL */
	size_t room;  /* bytes allocated */
	size_t limit; /* bytes of text at most */
	bool full;    /* something was dropped */
};

/* A ceiling for text that we make ourselves. */
#define BUF_OWN_TEXT ((size_t)1 << 30)

void buf_init(struct buf *, size_t limit_bytes);
void buf_release(struct buf *); /* frees; the buffer is empty and unusable until buf_init() */
void buf_clear(struct buf *);   /* empty, keeps its memory */

/* False when the text did not fit; then nothing of it was added. */
bool buf_add(struct buf *, const void *bytes, size_t len);
bool buf_puts(struct buf *, const char *text);
bool buf_putc(struct buf *, char c);
bool buf_printf(struct buf *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool buf_vprintf(struct buf *, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));

#endif
