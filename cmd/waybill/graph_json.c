/* SPDX-License-Identifier: Apache-2.0 */
/* graph_json.c - the drawing for programs, with a layout of their own */
#include "cmd/waybill/graph.h"
#include "engine/base/json.h"

static json_t *boxes_json(struct drawing_box *const *boxes, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++) {
		const struct drawing_box *box = boxes[i];
		json_t *lines = json_array();
		for (size_t n = 0; n < box->nlines; n++)
			(void)json_array_append_new(lines, json_string(box->lines[n]));
		(void)json_array_append_new(list,
			json_pack("{s:I,s:s,s:s,s:s,s:s?,s:I,s:o,s:o}", "box",
				(json_int_t)box->number, "kind", drawing_kind_name(box->kind),
				"change", drawing_mark_name(box->mark), "name", box->name,
				"address", box->address, "count", (json_int_t)box->count, "details",
				lines, "inside", boxes_json(box->inside, box->ninside)));
	}
	return list;
}

static json_t *lines_json(const struct drawing_line *lines, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list,
			json_pack("{s:I,s:I,s:s}", "from", (json_int_t)lines[i].from->number, "to",
				(json_int_t)lines[i].to->number, "change",
				drawing_mark_name(lines[i].mark)));
	return list;
}

json_t *graph_json(const struct drawing *d)
{
	return json_pack("{s:o,s:o,s:o,s:o}", "boxes", boxes_json(d->boxes, d->ntop), "attachments",
		lines_json(d->attachments, d->nattachments), "peerings",
		lines_json(d->peerings, d->npeerings), "next_hops",
		lines_json(d->leads, d->nleads));
}
