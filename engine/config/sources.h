/* SPDX-License-Identifier: Apache-2.0 */
/* sources.h - where the nodes of a set come from
 *
 * Each source appends its rows to the set: a range, a file of kubectl's, a CSV file; machines
 * and a live cluster's nodes follow when they were read. What stands under `nodes` is kept aside
 * (`own`): beside another source it overrides a row of that name or adds one. nodes_finish() makes
 * the set of them.
 */
#ifndef WAYBILL_CONFIG_SOURCES_H
#define WAYBILL_CONFIG_SOURCES_H

#include "engine/config/internal.h"

struct node_reader {
	struct config *config;
	struct diags *diags;
	struct scope scope;
};

/* `value` stands at `pointer`; false with errors. */
typedef bool source_read_fn(
	struct node_reader *, struct node_set *, const json_t *value, const char *pointer);

source_read_fn inline_read;     /* inline_nodes.c */
source_read_fn range_read;      /* range.c */
source_read_fn kubernetes_read; /* kubernetes.c */
source_read_fn csv_read;        /* csv.c */
source_read_fn machines_read;   /* machine_source.c */

/* The rows of a live cluster: what an API server lists. */
bool cluster_rows(struct config *, struct node_set *, const json_t *nodes, struct diags *);

/* ---- nodes.c ---- */

/* Where a node stands: in its source's file, or in the YAML. */
struct place node_place(const struct config *, const struct node *);
/* Puts addresses and CIDRs into the node, checked; `at` is where to complain. */
bool node_add_ip(struct config *, struct node *, const char *text, struct place at, struct diags *);
bool node_add_cidr(
	struct config *, struct node *, const char *text, struct place at, struct diags *);
/* From all rows to the set: exclusions, overrides, what is incomplete, order. */
bool nodes_finish(struct config *, struct node_set *, struct diags *);
/* `*` and `?`, without case; linear in the text for each star. */
bool glob_matches(const char *pattern, const char *text);
/* Whether each of the wanted labels or tags is there with its value; "*" is any value. */
bool labels_match(const json_t *labels, const json_t *wanted, bool any_case);

/* ---- what several sources need of their YAML ---- */

const char *source_text(
	struct node_reader *, const json_t *value, const char *pointer, const char *member);
/* A map of texts, as labels and tags are; NULL with errors. */
const json_t *source_labels(
	struct node_reader *, const json_t *value, const char *pointer, const char *member);
/* The text of the file that the member `file` names; NULL with errors. */
const struct text_file *source_file(struct node_reader *, const json_t *value, const char *pointer);

#endif
