/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "state/internal.h"

static bool write_all(int fd, const unsigned char *bytes, size_t len)
{
	while (len) {
		ssize_t written = write(fd, bytes, len);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		bytes += written;
		len -= (size_t)written;
	}
	return fsync(fd) == 0;
}

bool state_save(struct state *s, const char *path, struct diags *diags)
{
	struct state file = { .path = (char *)path };
	size_t len = 0;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return state_fail_errno(&file, errno, "create", diags);
	unsigned char *bytes = state_bytes(s, &len, diags);
	bool ok = bytes &&
		(write_all(fd, bytes, len) || state_fail_errno(&file, errno, "write", diags));
	sqlite3_free(bytes);
	(void)close(fd);
	if (!ok)
		(void)unlink(path);
	return ok;
}
