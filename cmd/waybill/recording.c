/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/recording.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/waybill/file.h"

#define HEAD "{\"log\":{\"version\":"
#define BYTES_MOST ((size_t)256 << 20)

bool recording_open(
	struct recording *recording, struct arena *a, const char *path, struct diags *diags)
{
	struct file_pieces pieces;
	*recording = (struct recording){ 0 };
	if (!file_may_replace(path, HEAD, "record", diags))
		return false;
	if (file_begin(a, path, &pieces)) {
		(void)unlink(pieces.beside);
		recording->waiting = fdopen(pieces.fd, "w+");
	}
	if (recording->waiting) {
		recording->path = path;
		return true;
	}
	(void)diag_error(diags, (struct place){ .file = path }, "record-write",
		"the record cannot be written: %s", strerror(errno));
	diag_help(diags, "name a file in a folder that exists and that you may write to");
	return false;
}

void recording_add(struct recording *recording, const struct secrets *secrets, const char *entry)
{
	if (!recording->path || recording->broken)
		return;
	size_t len = strlen(entry) + 1;
	if (len > BYTES_MOST - recording->bytes) {
		recording->left_out++;
		return;
	}
	struct arena *scratch = arena_new();
	const char *masked = secrets_mask_text(secrets, scratch, entry);
	if (fputs(masked, recording->waiting) == EOF || fputc('\n', recording->waiting) == EOF) {
		recording->broken = true;
		recording->why = errno;
	}
	recording->bytes += len;
	arena_free(scratch);
}

static bool add_text(struct file_pieces *out, const char *text)
{
	return file_add(out, text, strlen(text));
}

static bool add_entries(
	struct recording *recording, const struct secrets *secrets, struct file_pieces *out)
{
	char *line = NULL;
	size_t room = 0;
	const char *between = "\n";
	bool good = true;
	for (ssize_t len; good && (len = getline(&line, &room, recording->waiting)) > 0;) {
		struct arena *scratch = arena_new();
		line[len - 1] = '\0';
		good = add_text(out, between) &&
			add_text(out, secrets_mask_text(secrets, scratch, line));
		between = ",\n";
		arena_free(scratch);
	}
	free(line);
	return good && !ferror(recording->waiting);
}

static bool write_all(struct recording *recording, struct arena *a, const struct secrets *secrets,
	struct file_pieces *out)
{
	static const char head[] = HEAD "\"1.2\",\"creator\":{\"name\":"
					"\"waybill\",\"version\":\"" WAYBILL_VERSION "\"},";
	const char *comment = recording->left_out
		? arena_printf(a,
			  "\"comment\":\"%u more exchanges are left out: the record is full\",",
			  recording->left_out)
		: "";
	return fflush(recording->waiting) == 0 && fseek(recording->waiting, 0, SEEK_SET) == 0 &&
		add_text(out, head) && add_text(out, comment) && add_text(out, "\"entries\":[") &&
		add_entries(recording, secrets, out) && add_text(out, "\n]}}\n");
}

bool recording_close(struct recording *recording, struct arena *a, const struct secrets *secrets)
{
	struct file_pieces out;
	if (!recording->path)
		return true;
	bool good = !recording->broken && file_begin(a, recording->path, &out) &&
		file_end(&out, S_IRUSR | S_IWUSR, write_all(recording, a, secrets, &out));
	int why = recording->broken ? recording->why : errno;
	(void)fclose(recording->waiting);
	recording->path = NULL;
	errno = why;
	return good;
}
