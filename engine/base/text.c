/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

struct range {
	int32_t first, last;
};

/* What moves, hides or turns text around without being seen. */
static const struct range unseen[] = {
	{ 0x80, 0x9f },
	{ 0xad, 0xad },
	{ 0x61c, 0x61c },
	{ 0x180e, 0x180e },
	{ 0x200b, 0x200f },
	{ 0x2028, 0x202e },
	{ 0x2060, 0x206f },
	{ 0xfeff, 0xfeff },
	{ 0xfff9, 0xfffb },
	{ 0xe0000, 0xe007f },
};

static const struct range combining[] = {
	{ 0x300, 0x36f },
	{ 0x483, 0x489 },
	{ 0x591, 0x5bd },
	{ 0x610, 0x61a },
	{ 0x64b, 0x65f },
	{ 0x93c, 0x93c },
	{ 0x941, 0x948 },
	{ 0x94d, 0x94d },
	{ 0xe31, 0xe31 },
	{ 0xe34, 0xe3a },
	{ 0xe47, 0xe4e },
	{ 0x1ab0, 0x1aff },
	{ 0x1dc0, 0x1dff },
	{ 0x200b, 0x200f },
	{ 0x20d0, 0x20ff },
	{ 0x3099, 0x309a },
	{ 0xfe00, 0xfe0f },
	{ 0xfe20, 0xfe2f },
	{ 0xe0100, 0xe01ef },
};

static bool is_in(const struct range *ranges, size_t count, int32_t code_point)
{
	for (size_t i = 0; i < count && ranges[i].first <= code_point; i++) {
		if (code_point <= ranges[i].last)
			return true;
	}
	return false;
}

int32_t text_decode(const char *text, size_t len, size_t *used)
{
	static const int32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	*used = 1;
	if (len == 0)
		return -1;
	unsigned char lead = (unsigned char)text[0];
	if (lead < 0x80)
		return lead;
	size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
	if (lead < 0xc2 || lead > 0xf4 || bytes > len)
		return -1;
	int32_t code_point = lead & (0xff >> (bytes + 1));
	for (size_t i = 1; i < bytes; i++) {
		unsigned char next = (unsigned char)text[i];
		if ((next & 0xc0) != 0x80)
			return -1;
		code_point = code_point << 6 | (next & 0x3f);
	}
	if (code_point < smallest[bytes] || code_point > 0x10ffff ||
		(code_point >= 0xd800 && code_point <= 0xdfff))
		return -1;
	*used = bytes;
	return code_point;
}

static bool is_address_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
		c == ':' || c == '.';
}

bool text_is_in_address(const char *text, size_t at)
{
	char address[INET6_ADDRSTRLEN];
	size_t start = at, end = at;
	while (start > 0 && at - start < sizeof address && is_address_char(text[start - 1]))
		start--;
	while (end - start < sizeof address && is_address_char(text[end]))
		end++;
	if (end - start >= sizeof address ||
		(start > 0 && !strchr(" /,(['\"`=", text[start - 1])) ||
		!strchr(" /,)]'\"`", text[end]))
		return false;
	memcpy(address, text + start, end - start);
	address[end - start] = '\0';
	struct in6_addr parsed;
	return inet_pton(AF_INET6, address, &parsed) == 1;
}

void text_escape(struct buf *out, const char *text, bool keep_tabs)
{
	size_t len = strlen(text);
	char last = '\0';
	if (out->len)
		last = out->data[out->len - 1];
	for (size_t i = 0, used; i < len; i += used) {
		int32_t c = text_decode(text + i, len - i, &used);
		if (c < 0 || ((c < 0x20 || c == 0x7f) && !(c == '\t' && keep_tabs)))
			(void)buf_printf(out, "\\x%02X", (unsigned)(unsigned char)text[i]);
		else if (is_in(unseen, ARRAY_LEN(unseen), c))
			(void)buf_printf(out, "\\u{%04X}", (unsigned)c);
		else if ((c == '#' || c == ':') && last == (char)c &&
			!(i && text_is_in_address(text, i)))
			(void)buf_printf(out, "\\%c", (char)c);
		else
			(void)buf_add(out, text + i, used);
		last = text[i];
	}
}

char *text_escaped(struct arena *a, const char *text)
{
	struct buf b;
	buf_init(&b, BUF_OWN_TEXT);
	text_escape(&b, text, false);
	char *escaped = arena_strndup(a, b.data, b.len);
	buf_release(&b);
	return escaped;
}

static int lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

/* The C library's own, which compares many bytes at once: ids are long and alike. The program never
 * sets a locale, so that it knows ASCII's letters alone. */
int text_compare_nocase(const char *a, const char *b)
{
	return a == b ? 0 : strcasecmp(a, b);
}

bool text_same_nocase(const char *a, const char *b)
{
	return text_compare_nocase(a, b) == 0;
}

char *text_lower(struct arena *a, const char *text)
{
	char *copy = arena_strdup(a, text);
	for (char *c = copy; *c; c++)
		*c = (char)lower(*c);
	return copy;
}

bool text_starts_nocase(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* Longer words are no typing errors of a name. */
#define NEAREST_LEN 64

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Damerau-Levenshtein: a swap of two neighbours counts as one edit. Both are short. */
static size_t edits(const char *a, const char *b)
{
	size_t rows[3][NEAREST_LEN + 1];
	size_t alen = strlen(a), blen = strlen(b);
	for (size_t j = 0; j <= blen; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= alen; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3], *swap = rows[(i + 1) % 3];
		row[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			bool same = lower(a[i - 1]) == lower(b[j - 1]);
			size_t best = least(above[j], row[j - 1]) + 1;
			best = least(best, above[j - 1] + (same ? 0 : 1));
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
				lower(a[i - 2]) == lower(b[j - 1]))
				best = least(best, swap[j - 2] + 1);
			row[j] = best;
		}
	}
	return rows[alen % 3][blen];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t count)
{
	size_t len = strlen(word);
	if (len > NEAREST_LEN)
		return NULL;
	/* As many edits as letters would make any word out of any other. */
	size_t limit = len / 3 > 1 ? len / 3 + 1 : 2;
	limit = least(limit, len > 0 ? len : 1);
	const char *nearest = NULL;
	for (size_t i = 0; i < count; i++) {
		if (strlen(candidates[i]) > NEAREST_LEN)
			continue;
		size_t distance = edits(word, candidates[i]);
		if (distance < limit) {
			limit = distance;
			nearest = candidates[i];
		}
	}
	return nearest;
}

const char *text_nearest_address(const char *word, const char *const *candidates, size_t count)
{
	const char *found = NULL;
	bool twice = false;
	for (size_t i = 0; i < count; i++) {
		const char *slash = strrchr(candidates[i], '/');
		if (!slash || !text_same_nocase(slash + 1, word))
			continue;
		twice = found != NULL;
		found = candidates[i];
		if (twice)
			break;
	}
	return found && !twice ? found : text_nearest(word, candidates, count);
}

size_t text_columns(const char *text)
{
	size_t len = strlen(text), columns = 0;
	for (size_t i = 0, used; i < len; i += used) {
		int32_t c = text_decode(text + i, len - i, &used);
		if (!is_in(combining, ARRAY_LEN(combining), c))
			columns++;
	}
	return columns;
}

/* Reads to the end, or one byte past the limit; false with errno set. */
static bool read_all(int fd, struct buf *out)
{
	char chunk[65536];
	for (;;) {
		ssize_t got = read(fd, chunk, sizeof chunk);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		if (!buf_add(out, chunk, (size_t)got)) {
			errno = EFBIG;
			return false;
		}
	}
}

bool text_duration(const char *text, long *ms)
{
	static const struct {
		const char *name;
		long ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60L * 1000 }, { "h", 60L * 60 * 1000 } };
	char *unit = NULL;
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	long count = strtol(text, &unit, 10);
	for (size_t i = 0; errno == 0 && i < ARRAY_LEN(units); i++)
		if (strcmp(unit, units[i].name) == 0 && count <= LONG_MAX / units[i].ms) {
			*ms = count * units[i].ms;
			return true;
		}
	return false;
}

char *text_read_file(const char *path, size_t limit_bytes, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	struct stat about;
	struct buf text;
	buf_init(&text, limit_bytes);
	bool good = fstat(fd, &about) == 0;
	if (good && S_ISREG(about.st_mode) && (size_t)about.st_size > limit_bytes) {
		errno = EFBIG;
		good = false;
	}
	good = good && read_all(fd, &text);
	int why = errno;
	(void)close(fd);
	if (!good) {
		buf_release(&text);
		errno = why;
		return NULL;
	}
	*len = text.len;
	return text.data;
}
