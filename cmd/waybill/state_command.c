/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cmd/waybill/document.h"
#include "cmd/waybill/program.h"
#include "cmd/waybill/shape.h"
#include "engine/base/text.h"
#include "schemas/arm_id.h"

static int compare(const void *left, const void *right)
{
	const struct record *a = left, *b = right;
	int order = strcmp(a->address, b->address);
	return order ? order : strcmp(a->id, b->id);
}

static bool read_records(struct session *s, struct record **records, size_t *count)
{
	if (!session_state_alone(s) ||
		!state_records(s->state, s->arena, records, count, &s->diags))
		return false;
	if (*count)
		qsort(*records, *count, sizeof **records, compare);
	return true;
}

int state_list_command(struct session *s)
{
	struct record *records;
	size_t count;
	if (!read_records(s, &records, &count))
		return EXIT_ERROR;
	json_auto_t *array = json_array();
	for (size_t i = 0; i < count; i++) {
		const struct record *record = &records[i];
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
	return EXIT_DONE;
}

static const struct record *find(
	const struct record *records, size_t count, const char *address_or_id)
{
	for (size_t i = 0; i < count; i++) {
		if (text_same_nocase(records[i].address, address_or_id) ||
			arm_id_same(records[i].id, address_or_id))
			return &records[i];
	}
	return NULL;
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
	struct record *records;
	size_t count;
	if (!read_records(s, &records, &count))
		return EXIT_ERROR;
	const struct record *record = find(records, count, s->words[0]);
	if (!record) {
		const char **addresses = NULL;
		size_t n = 0;
		for (size_t i = 0; i < count; i++)
			*ARENA_PUSH(s->arena, addresses, n) = records[i].address;
		const char *nearest = text_nearest(s->words[0], addresses, n);
		(void)diag_error(&s->diags, PLACE_NONE, "unknown-address",
			"the state knows nothing of `%s`", s->words[0]);
		if (nearest)
			diag_help(&s->diags, "did you mean `%s`?", nearest);
		else
			diag_help(&s->diags, "`waybill state list` shows what it knows");
		return EXIT_ERROR;
	}
	json_auto_t *json = record_json(record);
	if (s->json)
		(void)json_object_set(s->document, "resource", json);
	else
		document_yaml(&s->out, json);
	return EXIT_DONE;
}
