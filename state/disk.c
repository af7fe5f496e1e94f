/* SPDX-License-Identifier: Apache-2.0 */
#include "state/disk.h"

#include <libgen.h>
#include <stddef.h>
#include <sys/vfs.h>

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

bool disk_check(const char *path, struct diags *diags)
{
	struct statfs info;
	const char *folder = dirname(arena_strdup(diags->arena, path));
	/* A folder that cannot be asked is told of by whoever opens the file. */
	const char *name =
		statfs(folder, &info) == 0 ? disk_network_name((uint32_t)info.f_type) : NULL;
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
