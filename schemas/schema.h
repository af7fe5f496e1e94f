/* SPDX-License-Identifier: Apache-2.0 */
/* schema.h - resource types as data, and the few questions one may ask of them
 *
 * A type is one file in schemas/: a JSON Schema of its ARM body with Azure's x-ms-* words and ours
 * (schemas/README.md). Code above asks a schema; it never names a type. A node is a subschema,
 * borrowed from the catalog; NULL as a node means that the schema does not know the member, and
 * every question may be asked of NULL.
 */
#ifndef WAYBILL_SCHEMAS_SCHEMA_H
#define WAYBILL_SCHEMAS_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"

enum role {
	ROLE_NONE,
	ROLE_GROUP,
	ROLE_NETWORK,
	ROLE_SUBNET,
	ROLE_TABLE,
	ROLE_ROUTE,
	ROLE_PEERING,
	ROLE_NIC,
	ROLE_MACHINE,
	ROLE_SCALE_SET,
	ROLE_COUNT,
};

/* How a child reaches the cloud. */
enum written {
	WRITTEN_ALONE,           /* by requests of its own, always */
	WRITTEN_WITH_NEW_PARENT, /* inside its parent's body when that is created, else alone */
	WRITTEN_WITH_PARENT,     /* inside its parent's body, always: many changes are one PUT */
};

/* A member whose default depends on the API version: a resource that is created and does not have
 * it is sent with it all the same, so that what it means does not depend on which one is used. */
struct explicit_default {
	const char *pointer; /* in the body */
	const json_t *value;
};

struct schema {
	const char *type;    /* "Microsoft.Network/routeTables/routes" */
	const char *section; /* ARM's collection: "routeTables"; of a child, its key: "routes" */
	const char *title;   /* for people: "route" */
	const char *api_version; /* of a child, its own or its parent's */
	enum role role;
	bool declarable;      /* may stand in the YAML; else it is only read */
	bool in_subscription; /* its parent is the subscription, not a group (groups) */
	bool has_tags;
	const struct schema *parent; /* the enclosing type, or NULL */
	const struct schema **children;
	size_t nchildren;
	const char
		*child_pointer; /* where the parent's body holds its kind: "/properties/routes" */
	enum written written;
	const char *const *holds; /* pointers in its body: what a write of it also holds ("parent"
				     is the enclosing resource) */
	size_t nholds;
	const struct explicit_default *explicit_defaults;
	size_t nexplicit_defaults;
	const char *name_pattern; /* POSIX extended, or NULL */
	const char *name_rule;    /* the same for people */
	size_t name_min, name_max;
	const json_t *root;  /* node of the whole body */
	const json_t *facts; /* the `x-arm` object, for facts that only one place asks */
};

struct catalog;

/* All embedded types, parsed; in the arena. Faults in our own files are assertions. */
struct catalog *catalog_new(struct arena *);
const struct schema *catalog_section(const struct catalog *, const char *section); /* or NULL */
const struct schema *catalog_type(const struct catalog *, const char *type); /* without case */
const struct schema *catalog_nth(const struct catalog *, size_t n); /* NULL: there are no more */
/* By the name of its collection, a child's too. */
const struct schema *catalog_named(const struct catalog *, const char *section); /* or NULL */
const struct schema *catalog_role(const struct catalog *, enum role);
/* Names of all declarable top-level sections, for suggestions. */
const char *const *catalog_sections(const struct catalog *, size_t *count);
const struct schema *schema_child(const struct schema *, const char *section); /* or NULL */

/* ---- nodes ---- */

enum kind {
	KIND_ANY,
	KIND_STRING,
	KIND_INTEGER,
	KIND_NUMBER,
	KIND_BOOLEAN,
	KIND_OBJECT,
	KIND_ARRAY
};

enum kind schema_kind(const json_t *node);
const json_t *schema_at(const json_t *root, const char *pointer);
const json_t *schema_member(const json_t *node, const char *name); /* also of a free-form map */
/* The member as the YAML writes it: beside the envelope (`*is_inner` false) or one level down, in
 * what ARM nests under `properties`. NULL: no such member. */
const json_t *schema_flat_member(const json_t *node, const char *name, bool *is_inner);
const json_t *schema_items(const json_t *node); /* of an array */
/* The member that holds what ARM nests under `properties` at this level, or NULL. */
const json_t *schema_properties_level(const json_t *node);
bool schema_is_closed(const json_t *node);       /* no members but those listed */
bool schema_is_read_only(const json_t *node);    /* filled in by the server */
bool schema_is_updatable(const json_t *node);    /* false: changing it replaces the resource */
bool schema_is_child_list(const json_t *node);   /* an array of child resources */
const char *schema_list_key(const json_t *node); /* array known by this member, or NULL */
bool schema_is_set(const json_t *node);          /* an array whose order means nothing */
/* The member that says the same in another form (addressPrefixes of addressPrefix), or NULL. */
const char *schema_same_as(const json_t *node);
const char *schema_reference_type(const json_t *node); /* {id} of this type, or NULL */
const char *schema_linked_action(
	const json_t *node); /* that a write needs on what is referred to */
const json_t *schema_unmanaged(
	const json_t *node); /* array of names that ARM has and the YAML has not, or NULL */
const json_t *schema_default(const json_t *node);  /* what the server fills in, or NULL */
bool schema_sends_default(const json_t *node);     /* it depends on the API version */
const json_t *schema_enum(const json_t *node);     /* array, or NULL */
const char *schema_format(const json_t *node);     /* "cidr", "ip", "cidr-or-tag", or NULL */
const json_t *schema_required(const json_t *node); /* array of names, or NULL */

/* Whether two scalars (or id references) mean the same to ARM: case, location spelling, canonical
 * CIDRs, ids. */
bool schema_same_scalar(const json_t *node, const json_t *a, const json_t *b);

#endif
