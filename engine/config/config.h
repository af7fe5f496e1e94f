/* SPDX-License-Identifier: Apache-2.0 */
/* config.h - the configuration: YAML in, desired resources out
 *
 *   config_load()     files -> one merged value, variables, node sets; nothing is read from Azure
 *   config_set_nodes()  the rows of a node set that was read
 *   config_resolve()  expressions, node routes, references -> resources, checked against schemas
 *
 * All of it lives in the arena given to config_load(). Values are plain json_t; places are found
 * again by pointer with config_place(). Names data, never authority: DESIGN.md section 2.
 */
#ifndef WAYBILL_CONFIG_CONFIG_H
#define WAYBILL_CONFIG_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "engine/base/secrets.h"
#include "engine/base/yaml.h"
#include "schemas/schema.h"

struct config_variable {
	const char *name;
	const char *value; /* text; the variable's declared type decides how it is read */
};

/* What a configuration is made of. Arrays and strings are borrowed. */
struct config_options {
	const char *const *paths; /* -f; none: the folder "." */
	size_t npaths;
	const struct config_variable *variables; /* --var; later wins */
	size_t nvariables;
	const char *const
		*variable_files; /* --var-file, YAML or JSON; later wins, --var over all */
	size_t nvariable_files;
	const char *const *environment;         /* NULL-terminated NAME=VALUE, as environ */
	const char *const *allowed_environment; /* --allow-env names */
	size_t nallowed_environment;
	/* Whose subscription is meant when neither the YAML nor AZURE_SUBSCRIPTION_ID says: asked
	 * at most once. *out NULL: nobody's. False with errors. May be NULL. */
	bool (*default_subscription)(void *context, const char **out, struct diags *);
	void *default_context;
};

/* The files that a configuration is made of, with their texts; other YAML of a folder is left out.
 * Each must be YAML, and need not be valid. False with errors, also when there is none. */
struct config_file {
	const char *name, *text;
	size_t length;
};
bool config_files(struct arena *, const struct config_options *, struct config_file **,
	size_t *count, struct diags *);

struct node {
	const char *name;
	const char **ips; /* canonical text, at most one a family */
	size_t nips;
	const char **pod_cidrs;
	size_t npod_cidrs;
	const char *subnet;    /* id of the subnet its address is in, or NULL when not known */
	int ip_forwarding;     /* 1, 0, or -1: not read */
	size_t index;          /* 0-based, in the set's order */
	const json_t *vm_tags; /* or NULL */
	const json_t *labels;  /* of Kubernetes, or NULL */
	const char *pointer;   /* of its row in the YAML, or of its source or node set */
	struct place at;       /* of its row in its source's file; `file` NULL: see the pointer */
};

enum node_source {
	NODES_INLINE,
	NODES_RANGE,
	NODES_CSV,
	NODES_KUBERNETES,
	NODES_MACHINES
};

struct node_set {
	const char *name;
	enum node_source source; /* of several, machines before all else */
	const char *pointer;     /* in the YAML */
	/* Rows are known: always, but of a set that wants machines or a cluster, which wait for
	 * config_set_nodes(). */
	bool is_read;
	bool wants_machines, wants_cluster;
	struct node *nodes; /* sorted by name without case; a range in its own order */
	size_t nnodes;
	/* Of a live cluster: its context in the kubeconfig, NULL for the current one; the labels
	 * that a node must have, or NULL; and where that stands in the YAML. */
	const char *context, *cluster_pointer;
	const json_t *node_labels;
	/* Of machines: which. `name` may hold * and ?. */
	const char *subscription, *resource_group, *name_pattern, *pod_cidr_tag;
	const char *scale_set; /* its name, which may hold * and ?, too; or NULL */
	const json_t *tags;    /* tag: value pairs a machine must have, or NULL */
	bool skip_incomplete;
	const json_t *ignored; /* code of a finding: why it stands; or NULL */
	/* Of all rows: which are left out, and those that override them. */
	const char **exclude_names;
	size_t nexclude_names;
	const json_t *exclude_labels, *exclude_tags;
	struct node *own;
	size_t nown;
	struct node *given; /* of other sources, beside machines and cluster */
	size_t ngiven;
};

/* Node sets whose pods have to reach each other, by index. */
struct config_join {
	size_t *sets;
	size_t nsets;
};

struct reference {
	const char *pointer; /* in the body; NULL: from dependsOn, containment or an expression */
	const char *id;
	struct resource *target; /* NULL: not declared here */
};

/* An object that somebody moved in Azure, with all inside it: never a child, and never renamed. */
struct config_move {
	const char *from, *to; /* ids; of a chain of moves, `to` is its end */
	const char *pointer;   /* of its entry in the YAML */
};

/* One ARM object that the configuration declares. */
struct resource {
	const char *address, *id, *name;
	const struct schema *schema;
	struct resource *parent; /* the enclosing network or table, or NULL */
	const char *pointer; /* of its value in the YAML; of a node route, its nodeRoutes entry */
	json_t *body;   /* desired, in ARM's shape: members written and inherited defaults, without
			   child resources, without id/name/type */
	json_t *expect; /* the same shape, or NULL */
	bool existing, adopt, prevent_destroy;
	bool removes_foreign;        /* foreignRoutes: remove */
	bool removes_foreign_tags;   /* foreignTags: remove */
	const char **ignore_changes; /* pointers in the body */
	size_t nignore_changes;
	struct reference *references;
	size_t nreferences;
	const char **unknown; /* pointers in the body that still hold ${...}: known after apply */
	size_t nunknown;
	const char *node, *node_set; /* of a node route, else NULL */
	const json_t *ignored;       /* code of a finding: why it stands; or NULL */
};

/* Where the state is kept: a blob. Each is a part of a URL as it stands. */
struct config_backend {
	const char *account, *container, *key;
	struct place at; /* of the account */
};

struct config {
	struct arena *arena;
	const struct catalog *catalog;
	json_t *merged; /* the whole document, as validate --merged prints it */
	const char *subscription, *resource_group, *location; /* defaults, or NULL */
	json_t *variables;                                    /* name: value */
	json_t *checks;          /* code of a finding: "error", "warning" or "off" */
	long settle_ms;          /* that an effect takes to arrive once ARM says so; 0: none */
	struct secrets *secrets; /* values of sensitive variables, and what was made of them */
	struct node_set *node_sets;
	size_t nnode_sets;
	const json_t *nics; /* all that were listed for the node sets; NULL: none */
	struct config_join *joins;
	size_t njoins;
	const struct config_backend *backend; /* NULL: the state is a local file */
	const char **forget;                  /* ids */
	size_t nforget;
	struct config_move *moves; /* no two from or to one place, and no circle */
	size_t nmoves;
	/* After config_resolve(): sorted by address; children behind their parent. */
	struct resource **resources;
	size_t nresources;
	struct resource **by_id; /* the same, sorted by id without case */
	bool whole; /* all of them have their bodies: the network can be looked at, errors or not */
	struct config_internal *internal;
};

/* NULL with errors; all of them, not the first. */
struct config *config_load(
	struct arena *, const struct catalog *, const struct config_options *, struct diags *);

/* Where the state is kept, by a configuration of which nothing else is looked at; *out NULL: in a
 * local file, or there is no configuration. */
bool config_backend(struct arena *, const struct config_options *,
	const struct config_backend **out, struct diags *);

/* Everything config_load() read, as one value for a saved plan: texts of files, variables, the
 * environment values used, all but what is sensitive. New. And a configuration from such a value,
 * equal in all respects: `again` gives the sensitive variables anew (variables and environment);
 * NULL: it is only to be shown. */
json_t *config_inputs(const struct config *);
struct config *config_load_inputs(struct arena *, const struct catalog *, const json_t *inputs,
	const struct config_options *again, struct diags *);

/* What was read for a set: arrays of machines and of NICs as ARM lists them, and of nodes as an
 * API server does. NULL for a source that the set does not have. */
struct node_rows {
	const json_t *machines, *nics, *nodes;
};
/* Gives a set that is not read its rows. False with `node-incomplete`, `node-duplicate`,
 * `node-set-empty`, `nodes-unreadable`. */
bool config_set_nodes(struct config *, struct node_set *, const struct node_rows *, struct diags *);
/* Whether the node set reads machines of a scale set that was listed. */
bool config_wants_scale_set(const struct node_set *, const json_t *scale_set);
/* Whether its machines and NICs stand inside it, in lists of their own. */
bool config_holds_machines(const struct config *, const json_t *scale_set);
/* Gives the machines listed inside a scale set those of its tags that they lack. */
void config_inherit_tags(json_t *machines, const json_t *scale_set);
/* Ids of the NICs of the machines that the set matches, so that only their groups are listed;
 * those that stand inside a scale set are left out. */
const char **config_nic_ids(
	struct config *, const struct node_set *, const json_t *machines, size_t *count);

/* Fills `resources`. Routes of sets not yet read are left out (validate). False with errors; those
 * of names and of values that exclude each other leave the configuration whole. */
bool config_resolve(struct config *, struct diags *);

/* The subscriptions in which something is declared: known after config_resolve(). */
const char *const *config_subscriptions(const struct config *, size_t *count);
/* The resource at an address or id (as --adopt, --replace and import take them), or NULL. */
struct resource *config_find(const struct config *, const char *address_or_id);
/* The ARM id that an address means, declared or not, or NULL with an error. */
const char *config_id_of(struct config *, const char *address, struct diags *);
/* Why ARM cannot have moved the one id to the other; NULL: it can. */
const char *move_impossible(
	struct arena *, const struct catalog *, const char *from, const char *to);
/* The short form of an id for people. In the arena. */
const char *config_address_of(const struct config *, const char *id);

/* The value of a member of a live resource, or NULL when it is not known (yet). Borrowed. */
typedef json_t *config_lookup_fn(void *context, const char *id, const char *pointer);
/* The outputs: {name: value}, null for what is not known. New. */
json_t *config_outputs(struct config *, config_lookup_fn *, void *context, struct diags *);
/* Replaces ${...} at the resource's unknown pointers in `body` by what is now known. False with
 * an error if one is still not known. */
bool config_fill_unknown(struct config *, const struct resource *, json_t *body, config_lookup_fn *,
	void *context, struct diags *);

/* Where something stands: by pointer in the YAML, or by pointer in a resource's body. */
struct place config_place(const struct config *, const char *pointer, enum yaml_side);
struct place config_member_place(
	const struct config *, const struct resource *, const char *body_pointer, enum yaml_side);
/* The same of what stands under `expect`. */
struct place config_expect_place(
	const struct config *, const struct resource *, const char *body_pointer);

#endif
