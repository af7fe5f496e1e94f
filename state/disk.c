/* SPDX-License-Identifier: Apache-2.0 */
#include "state/disk.h"

#include <libgen.h>
#include <mntent.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define FUSE 0x65735546
#define MOUNT_BYTES 4096

const char *disk_network_name(uint32_t type)
{
	static const struct {
		uint32_t type;
		const char *name;
	} known[] = {
		{ 0x6969, "NFS" },
		{ 0x517B, "SMB" },
		{ 0xFE534D42, "SMB" },
		{ 0xFF534D42, "CIFS" },
		{ 0x00C36400, "Ceph" },
		{ 0x5346414F, "AFS" },
		{ 0x6B414653, "AFS" },
		{ 0x73757245, "Coda" },
		{ 0x0BD00BD0, "Lustre" },
		{ 0x01021997, "9P" },
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].type == type)
			return known[i].name;
	return NULL;
}

const char *disk_user_network_name(const char *type, const char *source)
{
	static const char *const known[] = { "blobfuse", "blobfuse2", "ceph-fuse", "gcsfuse",
		"glusterfs", "goofys", "rclone", "s3fs", "sshfs" };
	static const char prefix[] = "fuse.";
	bool has_name = strncmp(type, prefix, sizeof prefix - 1) == 0;
	if (!has_name && strcmp(type, "fuse") != 0)
		return NULL;
	const char *name = has_name ? type + sizeof prefix - 1 : source;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(name, known[i]) == 0)
			return known[i];
	return NULL;
}

/* Only mounts of a known name are asked for their device: others may hang. */
static const char *user_network_name(const char *folder)
{
	struct stat here, there;
	struct mntent entry;
	char text[MOUNT_BYTES];
	const char *found = NULL;
	FILE *mounts = stat(folder, &here) == 0 ? setmntent("/proc/self/mounts", "re") : NULL;
	while (mounts && !found && getmntent_r(mounts, &entry, text, sizeof text)) {
		const char *name = disk_user_network_name(entry.mnt_type, entry.mnt_fsname);
		if (name && stat(entry.mnt_dir, &there) == 0 && there.st_dev == here.st_dev)
			found = name;
	}
	if (mounts)
		(void)endmntent(mounts);
	return found;
}

static const char *name_of(const char *folder)
{
	struct statfs info;
	/* A folder that cannot be asked is told of by whoever opens the file. */
	if (statfs(folder, &info) != 0)
		return NULL;
	return (uint32_t)info.f_type == FUSE ? user_network_name(folder)
					     : disk_network_name((uint32_t)info.f_type);
}

bool disk_check(const char *path, struct diags *diags)
{
	const char *name = name_of(dirname(arena_strdup(diags->arena, path)));
	if (!name)
		return true;
	(void)diag_error(diags, (struct place){ .file = arena_strdup(diags->arena, path) },
		"state-network-disk",
		"the state stands on a network file system (%s), where no lock is sure", name);
	diag_help(diags,
		"keep it on a local disk, or in Azure Blob Storage with `backend: {azureBlob: "
		"...}`");
	return false;
}
