/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cmd/waybill/document.h"
#include "cmd/waybill/program.h"
#include "cmd/waybill/records.h"
#include "cmd/waybill/shape.h"
#include "engine/base/text.h"

static int compare(const void *left, const void *right)
{
	const struct record *a = left, *b = right;
	int order = strcmp(a->address, b->address);
	return order ? order : strcmp(a->id, b->id);
}

static bool read_by_address(struct session *s, struct records *records)
{
	if (!session_state_alone(s, STATE_READ) || !records_read(s, records))
		return false;
	if (records->count)
		qsort(records->items, records->count, sizeof *records->items, compare);
	return true;
}

int state_list_command(struct session *s)
{
	struct records records;
	if (!read_by_address(s, &records))
		return EXIT_ERROR;
	json_auto_t *array = json_array();
	for (size_t i = 0; i < records.count; i++) {
		const struct record *record = &records.items[i];
		if (s->json) {
			(void)json_array_append_new(array,
				json_pack("{s:s,s:s,s:s,s:s}", "address", record->address, "id",
					record->id, "type", record->type, "origin",
					record->origin));
			continue;
		}
		text_escape(&s->out, record->address, false);
		(void)buf_puts(&s->out, "\n");
	}
	if (s->json)
		(void)json_object_set(s->document, "resources", array);
	else if (!records.count)
		tell("The state is empty.\n");
	return EXIT_DONE;
}

static json_t *value_or_null(json_t *value)
{
	return value ? value : json_null();
}

static json_t *record_json(const struct record *record)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s?,s:O,s:O,s:O}", "address", record->address, "id",
		record->id, "type", record->type, "origin", record->origin, "parent",
		record->parent, "depends_on", value_or_null(record->depends_on), "before",
		value_or_null(record->before), "values", value_or_null(record->body));
}

int state_show_command(struct session *s)
{
	struct records records;
	if (!read_by_address(s, &records))
		return EXIT_ERROR;
	const struct record *record = records_find(&records, s->words[0]);
	if (!record) {
		(void)records_unknown(s, &records, s->words[0]);
		return EXIT_ERROR;
	}
	json_auto_t *json = record_json(record);
	if (s->json)
		(void)json_object_set(s->document, "resource", json);
	else
		document_yaml(&s->out, json);
	return EXIT_DONE;
}
