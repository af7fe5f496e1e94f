/* SPDX-License-Identifier: Apache-2.0 */
/* cloud.h - what the emulated cloud holds
 *
 * ARM bodies of the root types by lower-cased id, as they are answered; children stand in their
 * root. A removed item leaves a null behind, so that a page of a LIST can go on after it. Members
 * that Azure computes from elsewhere (a table's `subnets`, a subnet's `ipConfigurations`, a NIC's
 * `virtualMachine`, most of a peering) are kept up to date by cloud_set() and cloud_remove(), which
 * therefore change other bodies than the one they are given, but not their etags. With a lag,
 * readers see for so long what a write has replaced; writers never do.
 */
#ifndef WAYBILL_EMULATOR_CLOUD_H
#define WAYBILL_EMULATOR_CLOUD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/diag.h"
#include "providers/emulator/target.h"

#define CLOUD_SUBSCRIPTION "00000000-0000-0000-0000-000000000001"
#define CLOUD_TENANT "00000000-0000-0000-0000-000000000002"

struct cloud {
	char *subscription, *tenant;
	json_t *more;               /* ids of other subscriptions of the tenant */
	json_t *items[TYPE_COUNT];  /* of root types: key to body */
	json_t *directory;          /* who may sign in: directory.h */
	json_t *limits;             /* name of a usage to a number, where it is not the usual one */
	json_t *providers;          /* by namespace: providers.h */
	json_t *times;              /* of each root since it started: key to {created, changed} */
	json_t *before[TYPE_COUNT]; /* of what was written lately: key to {until, body} */
	uint64_t now_ms, lag_ms;    /* how long a read sees what was before a write */
	size_t holes;               /* nulls that removed items have left */
	bool changed;               /* since the last cloud_save() */
};

void cloud_init(struct cloud *);
void cloud_release(struct cloud *);
void cloud_name(struct cloud *, const char *subscription, const char *tenant); /* NULL: keep */

void cloud_add_subscription(struct cloud *, const char *id);
/* The subscription as the cloud spells it, or NULL when there is none. */
const char *cloud_subscription(const struct cloud *, const char *id);

/* Borrowed; NULL when there is none. */
json_t *cloud_find(const struct cloud *, const struct resource_type *root_type, const char *key);
/* The same as a reader sees it, who may be behind. */
json_t *cloud_seen(const struct cloud *, const struct resource_type *root_type, const char *key);
/* The item that an ARM id names, a child included; *of (may be NULL) tells what it names. */
json_t *cloud_by_id(const struct cloud *, struct arena *, const char *id, struct target *of);
/* The child of a root, and its place in the array; NULL when there is none. */
json_t *cloud_child(const struct resource_type *child_type, const json_t *root, const char *name,
	size_t *index);

/* Stores a body in the place of the one before it. Steals `body_new`. */
void cloud_set(
	struct cloud *, const struct resource_type *root_type, const char *key, json_t *body_new);
void cloud_remove(struct cloud *, const struct resource_type *root_type, const char *key);

/* By the clock of requests, in milliseconds; false when it is of before this start. */
bool cloud_times(const struct cloud *, const char *key, uint64_t *created, uint64_t *changed);

/* A new etag for a root and all in it: they share one, as recorded. */
void cloud_stamp(const struct resource_type *root_type, json_t *root);
/* Sets provisioningState of the root and of all its children. */
void cloud_set_state(const struct resource_type *root_type, json_t *root, const char *state);

/* Whether a key lies in the group. */
bool cloud_in_group(const char *key, const char *group_key);

/* The file: JSON, written beside and renamed. Loading ends what was in progress. */
bool cloud_save(struct cloud *, const char *path, struct diags *);
bool cloud_load(struct cloud *, const char *path, struct diags *);

/* Everything by id, without etags and provisioningState. New. */
json_t *cloud_dump(const struct cloud *);

#endif
