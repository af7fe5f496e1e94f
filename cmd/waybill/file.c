/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t sent = write(fd, text, len);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		text += sent;
		len -= (size_t)sent;
	}
	return fsync(fd) == 0;
}

bool file_write(struct arena *a, const char *path, const char *text, size_t len, mode_t mode)
{
	char *beside = arena_printf(a, "%s.XXXXXX", path);
	int fd = mkstemp(beside);
	if (fd < 0)
		return false;
	bool good = write_all(fd, text, len) && fchmod(fd, mode) == 0;
	int why = errno;
	if (close(fd) != 0 && good) {
		why = errno;
		good = false;
	}
	if (good && rename(beside, path) == 0)
		return true;
	if (good)
		why = errno;
	(void)unlink(beside);
	errno = why;
	return false;
}
