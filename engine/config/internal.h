/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - what the files of engine/config share
 *
 *   files.c      options -> texts            documents.c  texts -> one merged value
 *   variables.c  variable.c  environment.c   values of var. and env.
 *   scope.c      what a path in an expression means
 *   nodes.c      node sets, from sources.h   machines.c   sets read from Azure
 *   declare.c    sections -> resources with names and ids, without bodies
 *   shape.c      a flat value -> an ARM body, checked (check.c) with its references
 *   backend.c    where the state is kept
 *   resolve.c    all of it in order          node_routes.c, outputs.c, positions.c, findings.c,
 *   moved.c
 */
#ifndef WAYBILL_CONFIG_INTERNAL_H
#define WAYBILL_CONFIG_INTERNAL_H

#include <regex.h>

#include "engine/base/ip.h"
#include "engine/config/config.h"
#include "engine/config/expression.h"

struct variable;

#define CONFIG_FILES ((size_t)10000)
#define CONFIG_RESOURCES ((size_t)250000)
#define CONFIG_NODES ((size_t)100000) /* of one set */
#define NODE_FILE_BYTES ((size_t)256 << 20)
#define CONFIG_RECURSION 32 /* of expressions that lead to others */

struct text_file {
	const char *name, *text;
	size_t length;
	size_t layer; /* which -f; files of one layer are a folder */
};

/* All that a configuration is a function of. */
struct inputs {
	struct text_file *files;
	size_t nfiles;
	struct text_file *variable_files;
	size_t nvariable_files;
	const struct text_file **node_files; /* that node sets name */
	size_t nnode_files;
	const struct config_variable *variables;
	size_t nvariables;
	const char *const *environment; /* NULL-terminated NAME=VALUE */
	const char *const *allowed_environment;
	size_t nallowed_environment;
	bool (*default_subscription)(void *context, const char **out, struct diags *);
	void *default_context;
	const char *const *roots; /* each -f; NULL: of a saved plan, whose files are all here */
};

struct document {
	struct yaml *yaml;
	size_t layer;
};

/* A resource under construction. The public part, its first member, is what config_resolve()
 * hands out. */
struct declared {
	struct resource resource;
	const char *key, *section;
	const json_t *value; /* flat; NULL when it is empty */
	struct declared *parent;
	const char *group, *subscription;
	size_t order; /* as declared */
	/* Of the search for cycles. */
	unsigned visit;
	size_t edge;
};

struct name_rule {
	const struct schema *schema;
	regex_t regex;
	bool has_regex;
};

struct config_internal {
	struct inputs inputs;
	struct document *documents;
	size_t ndocuments;
	json_t *renamed;     /* pointer of a member whose key held ${}: the key as written */
	json_t *environment; /* what expressions read: name: value, or null for unset */
	struct declared **declared;
	size_t ndeclared;
	json_t *by_pointer;      /* pointer in the YAML: index of the declared resource there */
	struct resource **by_id; /* sorted by id without case */
	size_t nby_id;
	struct name_rule *name_rules;
	size_t nname_rules;
	const char **busy; /* pointers whose values are being worked out */
	size_t nbusy;
	struct variable *declared_variables;
	size_t ndeclared_variables;
	json_t *sensitive;                  /* names of the sensitive variables that have values */
	size_t nsensitive_reads;            /* how often an expression read one of them */
	const struct config_options *again; /* beside a saved plan, while it loads */
	bool is_shown;    /* only to be shown: sensitive variables have no values */
	json_t *in_cycle; /* pointers of a cycle that has been told */
};

/* ---- files.c, documents.c ---- */

bool files_gather(struct arena *, const struct config_options *, struct inputs *, struct diags *);
/* The file that a path in the YAML at `at` names: relative to that file, inside the root of its
 * -f; "-" is stdin. Read once. NULL with errors. */
const struct text_file *files_beside(
	struct config *, const char *path, struct place at, struct diags *);
bool documents_merge(struct config *, struct diags *);
/* Works out ${} in keys, once variables are known. */
bool documents_expand_keys(struct config *, struct diags *);

/* ---- environment.c, variables.c ---- */

/* NULL when it is not set; _read() keeps it for a saved plan; _secret() is what is never kept. */
const char *environment_value(const struct config *, const char *name);
const char *environment_read(struct config *, const char *name);
const char *environment_secret(const struct config *, const char *name);
/* The subscription of what names none in the YAML, kept for a saved plan; NULL: there is none, or
 * it could not be had, with errors. */
const char *environment_subscription(struct config *, struct diags *);

bool variables_load(struct config *, struct diags *);
enum expression_result variable_lookup(
	struct config *, const char *name, json_t **value, struct expression_failure *);
enum expression_result environment_lookup(
	struct config *, const char *name, json_t **value, struct expression_failure *);

/* ---- scope.c ---- */

/* What an expression may see. Zero and `config`: variables and the environment. */
struct scope {
	struct config *config;
	bool sees_resources;
	bool environment_only;     /* not even variables */
	bool is_plain;             /* what it makes is shown and stored: no secret may stand here */
	bool is_key;               /* the text is a key */
	const struct node *node;   /* node.* and vm.* */
	bool index_only;           /* node.index alone, while a range is made */
	const char *ip, *pod_cidr; /* of the family at hand */
	config_lookup_fn *live;    /* members of live resources, or NULL */
	void *live_context;
	struct declared *owner; /* whose member it is; collects references */
	struct diags *diags;
};

/* The value of a text at a pointer, new for VALUE. FAILED: reported. */
enum expression_result scope_evaluate(
	struct scope *, const char *pointer, const char *text, json_t **value_new);
/* The same of a parsed text. */
enum expression_result scope_evaluate_template(struct scope *, const struct text_template *,
	const char *pointer, const char *text, json_t **value_new);
const struct text_template *scope_parse(struct scope *, const char *pointer, const char *text);
/* A whole value with all texts in it worked out, new; NULL: reported, or *unknown. */
json_t *scope_value(struct scope *, const char *pointer, const json_t *value, bool *unknown);
/* A text that must be known at once; NULL: reported. `what` names it in messages. In the arena. */
const char *scope_text(struct scope *, const char *pointer, const json_t *value, const char *what);
void declared_refer(struct config *, struct declared *, const char *pointer, const char *id,
	struct resource *target);

/* ---- nodes.c, and its sources: sources.h ---- */

bool nodes_load(struct config *, struct diags *);

/* ---- config.c, backend.c ---- */

struct config *config_new(struct arena *, const struct catalog *);
bool backend_load(struct config *, struct diags *);

/* ---- joins.c ---- */

bool joins_load(struct config *, struct diags *);

/* ---- declare.c, references.c ---- */

bool declare_all(struct config *, struct diags *);
struct declared *declare_node_route(struct config *, struct declared *table, const struct schema *,
	const char *name, const char *pointer);
/* `pointer` is of the resource, or of its `name`. */
bool name_check(struct config *, const struct schema *, const char *name, const char *pointer,
	struct diags *);
/* Sorts by_id over the resources known so far. */
void index_ids(struct config *, struct resource **, size_t count);
struct resource *find_id(const struct config *, const char *id);
const char *address_id(struct config *, const char *address, struct place at, struct diags *);
/* What a reference to `type` means (key, address or id), or NULL with an error. */
const char *reference_id(
	struct config *, const char *type, const char *text, struct place at, struct diags *);
bool references_check_cycles(struct config *, struct diags *);

/* ---- shape.c, check.c ---- */

struct shape {
	struct config *config;
	struct declared *owner;
	bool is_expect;      /* members are only compared: read-only ones may stand, none must */
	bool is_literal;     /* values are worked out already */
	bool allows_unknown; /* inside tags */
	struct diags *diags;
};

/* Builds the body and collects references; NULL with errors. New. */
json_t *shape_body(struct config *, struct declared *, const json_t *flat, const char *pointer,
	bool is_expect, struct diags *);
/* Checks a scalar and returns it as ARM takes it, new; NULL with an error. */
json_t *check_scalar(const struct shape *, const json_t *node, const json_t *value,
	const char *pointer, const char *member);
/* Rules between members of one object: required, one of, required-when, family. `flat` false:
 * nothing is required of it. */
bool check_object(
	const struct shape *, const json_t *node, const json_t *body, const char *pointer);
bool has_value(const json_t *);

/* ---- node_routes.c ---- */

/* The type among the children that node routes are made of, or NULL. */
const struct schema *node_route_type(const struct schema *table);
bool node_routes_make(struct config *, struct declared *table, struct diags *);

/* ---- findings.c ---- */

/* `checks` on top: which severity a finding has here. */
bool findings_read_severities(struct config *, struct diags *);
/* `ignore` of a resource or node set: NULL in *out when there is none. */
bool findings_read_ignored(struct config *, const json_t *owner, const char *pointer,
	const json_t **out, struct diags *);

/* ---- moved.c ---- */

bool moved_read(struct config *, struct diags *);

/* ---- outputs.c ---- */

bool outputs_check(struct config *, struct diags *);

/* ---- help.c ---- */

/* Says what to do about each diagnostic from `first` on that does not say so itself, and takes
 * secrets out of them. */
void help_add(const struct config *, struct diags *, size_t first);

/* ---- positions.c ---- */

struct place place_key(const struct config *, const char *pointer);
struct place place_value(const struct config *, const char *pointer);
/* The part of the text at the pointer that begins `offset` bytes in: yaml_place_within(). */
struct place place_within(const struct config *, const char *pointer, enum yaml_side,
	const char *text, size_t offset, size_t length);
/* A pointer in a resource's flat value -> in its body, by the schema; NULL: no such member. */
const char *flat_to_body(
	struct config *, const struct schema *, const struct expression_path *, size_t first);
/* Our own words that may stand in a resource, beside the schema's members. */
bool is_own_word(const char *key);

/* Says that `key` does not belong to `what`; suggests the nearest of the candidates. */
bool unknown_member(struct diags *, struct place, const char *key, const char *what,
	const char *const *candidates, size_t count);
/* Members of an object must be among these; the names end with NULL. */
bool only_members(struct config *, const json_t *object, const char *pointer, const char *what,
	const char *const *names, struct diags *);
bool wrong_type(
	struct diags *, struct place, const char *member, const char *wanted, const json_t *got);

#endif
