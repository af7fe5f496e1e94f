/* SPDX-License-Identifier: Apache-2.0 */
/* clusters.h - the nodes of live clusters that node sets want
 *
 * One LIST for each context and selection, however many sets share it. Which nodes a set has is
 * decided by its labels as in a file: what the API server selects by them only spares the way.
 */
#ifndef WAYBILL_PLAN_CLUSTERS_H
#define WAYBILL_PLAN_CLUSTERS_H

#include "engine/plan/snapshot.h"

struct cluster_list {
	const char *context, *selector; /* or NULL */
	struct provider *provider;
	struct operation operation;
};

struct cluster_lists {
	struct cluster_list *items;
	size_t count;
};

/* Reads for all sets that want a cluster and are not read. False with errors, one for each list
 * that could not be had, at the YAML that asks for it. */
bool cluster_lists_read(struct arena *, const struct config *, const struct clusters *,
	struct cluster_lists *, struct diags *);
/* The nodes that were listed for the set; NULL when it wants none. */
const json_t *cluster_lists_nodes(
	struct arena *, const struct cluster_lists *, const struct node_set *);

#endif
