/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BEGINNING_BYTES 64

static bool begins(const char *path, const char *ours)
{
	char text[BEGINNING_BYTES];
	size_t len = strlen(ours);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, len < sizeof text ? len : sizeof text);
	if (fd >= 0)
		(void)close(fd);
	return got == 0 || (got == (ssize_t)len && memcmp(text, ours, len) == 0);
}

bool file_may_replace(const char *path, const char *ours, const char *what, struct diags *diags)
{
	struct stat info;
	if (stat(path, &info) != 0 || (S_ISREG(info.st_mode) && begins(path, ours)))
		return true;
	(void)diag_error(diags, (struct place){ .file = path }, "file-exists",
		"this is there already, and is no %s", what);
	diag_help(diags, "name another file, or delete this one first");
	return false;
}

bool file_begin(struct arena *a, const char *path, struct file_pieces *out)
{
	char *beside = arena_printf(a, "%s.XXXXXX", path);
	*out = (struct file_pieces){ .path = path, .beside = beside, .fd = mkstemp(beside) };
	return out->fd >= 0;
}

bool file_add(struct file_pieces *pieces, const char *text, size_t len)
{
	while (len) {
		ssize_t sent = write(pieces->fd, text, len);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		text += sent;
		len -= (size_t)sent;
	}
	return true;
}

bool file_end(struct file_pieces *pieces, mode_t mode, bool good)
{
	int why = errno;
	if (good && (fsync(pieces->fd) != 0 || fchmod(pieces->fd, mode) != 0)) {
		why = errno;
		good = false;
	}
	if (close(pieces->fd) != 0 && good) {
		why = errno;
		good = false;
	}
	if (good && rename(pieces->beside, pieces->path) == 0)
		return true;
	if (good)
		why = errno;
	(void)unlink(pieces->beside);
	errno = why;
	return false;
}

bool file_write(struct arena *a, const char *path, const char *text, size_t len, mode_t mode)
{
	struct file_pieces pieces;
	return file_begin(a, path, &pieces) &&
		file_end(&pieces, mode, file_add(&pieces, text, len));
}
