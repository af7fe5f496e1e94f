/* SPDX-License-Identifier: Apache-2.0 */
/* variables.h - what the sign-in reads of an environment
 *
 * Variables come in families: AZURE_ as Azure's SDKs read them, ARM_ as Terraform does. A
 * credential is of one family; members of two are never put together.
 */
#ifndef WAYBILL_PROVIDERS_NET_VARIABLES_H
#define WAYBILL_PROVIDERS_NET_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"

#define VARIABLE_FILE_BYTES ((size_t)64 << 10)

/* The value, borrowed; an empty one counts as absent: NULL. */
const char *variable_get(const char *const *environment, const char *name);
/* Whether it is set to what means yes; the reverse is not the same: it may be absent. */
bool variable_is_true(const char *const *environment, const char *name);
bool variable_is_false(const char *const *environment, const char *name);

/* A copy without the white space around it: files and CI systems add line ends. free() it. */
char *text_trimmed(const char *text);
/* Only letters, digits and `more`. */
bool text_is_plain(const char *text, const char *more);

/* A file's text, trimmed, free() it. NULL with `sign-in`, which names `variable`. */
char *variable_file(const char *variable, const char *path, struct diags *);

struct family {
	const char *tenant, *client_id, *client_id_file;
};

enum {
	FAMILY_AZURE,
	FAMILY_ARM,
	FAMILY_PIPELINES, /* what the tasks of Azure Pipelines set for a service connection */
	FAMILY_COUNT
};
extern const struct family families[FAMILY_COUNT];

/* Names which of the family's tenant and client id are not set, "A, B"; NULL: both are. */
const char *family_missing(struct arena *, const char *const *environment, const struct family *);
/* Copies of both, to be freed. False with `sign-in` when one cannot be what it should be; then
 * there is nothing to free. Neither may be missing. */
bool family_read(const char *const *environment, const struct family *, char **tenant,
	char **client_id, struct diags *);

#endif
