/* SPDX-License-Identifier: Apache-2.0 */
/* types.h - the resource types of the emulator, as a table
 *
 * A type stands alone in its group (a root) or inside a root (a child: subnets and peerings in
 * networks, routes in tables). What differs between types is data here; what cannot be data is one
 * `check`, which sees the root as it would be stored.
 */
#ifndef WAYBILL_EMULATOR_TYPES_H
#define WAYBILL_EMULATOR_TYPES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum type_index {
	TYPE_GROUP,
	TYPE_TABLE,
	TYPE_ROUTE,
	TYPE_NETWORK,
	TYPE_SUBNET,
	TYPE_PEERING,
	TYPE_NIC,
	TYPE_VM,
	TYPE_SCALE_SET,
	TYPE_INSTANCE,
	TYPE_INSTANCE_NIC,
	TYPE_COUNT,
};

#define TYPE_CHILDREN_MAX 2

struct write;

struct resource_type {
	enum type_index index;
	enum type_index parent; /* TYPE_GROUP for a root */
	enum type_index children[TYPE_CHILDREN_MAX];
	size_t nchildren;
	const char *provider; /* "Microsoft.Network" */
	const char *segment;  /* "routeTables": in paths, and of a child also in its root */
	const char *name;     /* "Microsoft.Network/routeTables" */
	size_t name_min, name_max;
	const char *defaults; /* JSON: what the server fills into `properties` */
	/* What it fills into new ones from an api-version on; both NULL for most. */
	const char *newer, *newer_defaults;
	const char
		*read_only; /* members of `properties` that a writer cannot set, space-separated */
	const char *guid;   /* member that holds an id of the server's making, or NULL */
	bool numbered_etag; /* "3", as in Compute, not W/"uuid" */
	bool patched;       /* a PATCH sets any member, not only tags */
	bool stays_unsaid;  /* a child: a PUT of its root without the list leaves it */
	const char *new_state;       /* provisioningState while it is made */
	bool new_waits, again_waits; /* PUT of a new or an old one is a long-running operation */
	unsigned again_status;       /* of a PUT of an old one */
	unsigned delete_status;
	size_t page;   /* items of a LIST's page */
	bool filtered; /* a LIST takes $filter and $top */
	bool (*check)(struct write *, json_t *root);
	json_t *(*told)(const json_t *); /* the body as a client sees it, new; NULL: as it is */
	/* Of a child that no client writes: all of them, made of the root; new. */
	json_t *(*derive)(const json_t *root);
};

const struct resource_type *type_at(enum type_index);
/* By names as they stand in a path; `parent` TYPE_GROUP and the provider, or a root's type. NULL
 * when there is none. */
const struct resource_type *type_root(const char *provider, const char *segment);
const struct resource_type *type_child(const struct resource_type *root, const char *segment);

/* A body of that type as a client sees it. New. */
json_t *type_told(const struct resource_type *, json_t *body);

/* The array of a root's children of that type; NULL when there is none. */
json_t *type_children(const struct resource_type *child_type, const json_t *root);

#endif
