/* SPDX-License-Identifier: Apache-2.0 */
/* reach_report.h - what `waybill reach` found, before it is shown
 *
 * Counts of all paths, the flows between subnets, the causes of broken and unknown paths, and for
 * small networks each pair. A cause is one hop at fault with one fault, however many paths meet it.
 */
#ifndef WAYBILL_CMD_REACH_REPORT_H
#define WAYBILL_CMD_REACH_REPORT_H

#include <jansson.h>

#include "cmd/waybill/session.h"
#include "engine/network/survey.h"

#define REACH_MATRIX 40 /* nodes at most of which each pair is shown */

/* The paths from the nodes of one subnet to those of another. */
struct reach_flow {
	const struct topology_subnet *from, *to; /* NULL: not known */
	struct survey_counts counts;
};

struct reach_cause {
	enum reach_verdict verdict;
	enum reach_fault fault;
	const void *where; /* tells causes of one fault apart */
	size_t npaths, ndestinations;
	const char *from, *to, *pods; /* the first path that meets it */
	const char *text, *remedy;
	struct place at;
};

struct reach_report {
	struct session *session;
	struct survey survey;
	bool shows_now; /* the network as it stands is judged, not the planned one */
	struct survey_counts after, now;
	int *cells; /* verdict + 1 of [source * nnodes + destination]; 0: no path. NULL: too many */
	struct reach_flow *flows; /* NULL: too many subnets */
	size_t nflows;
	size_t *flow_of; /* index + 1 of [source subnet * (nsubnets + 1) + destination subnet] */
	struct reach_cause *causes;
	size_t ncauses;
	size_t nuntold; /* paths of causes beyond those kept */
	json_t *paths;  /* array; NULL without --json, or when there are too many nodes */
};

/* Reads, plans and surveys. False with errors. */
bool reach_report_make(struct reach_report *, struct session *);
/* reach_text.c, reach_json.c */
void reach_report_render(const struct reach_report *);
void reach_report_document(const struct reach_report *);
/* One path, hop by hop. */
void reach_report_path(const struct reach_report *, const struct reach_path *);
/* One path; new. */
json_t *reach_path_json(
	const struct reach_report *, const struct reach_path *after, const struct reach_path *now);
json_t *reach_hops_json(const struct reach_report *, const struct reach_path *);
/* The node `word` means ("NAME" or "SET/NAME"), or NULL with an error. */
const struct topology_node *reach_node(const struct reach_report *, const char *word);

#endif
