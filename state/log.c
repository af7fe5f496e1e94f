/* SPDX-License-Identifier: Apache-2.0 */
#include "state/log.h"

#include <string.h>

#include "engine/base/json.h"
#include "state/store.h"

#define PARAMETERS_MOST 32 /* as many as SQLite takes of us */

/* ---- writing ---- */

static bool add_value(struct buf *out, struct arena *scratch, const struct value *value)
{
	if (value->kind == VALUE_NUMBER)
		return buf_printf(out, "%lld", (long long)value->number);
	if (value->kind == VALUE_JSON && value->json)
		return buf_printf(out, "[%s]", json_canonical(scratch, value->json));
	if (value->kind == VALUE_JSON || !value->text)
		return buf_puts(out, "null");
	json_t *text = arena_json(scratch, json_string(value->text));
	return text && buf_puts(out, json_canonical(scratch, text));
}

bool log_add(struct buf *writes, const char *name, const struct value *values, size_t count)
{
	struct arena *scratch = arena_new();
	bool ok = buf_printf(writes, "%s[\"%s\"", writes->len ? "," : "", name);
	for (size_t i = 0; ok && i < count; i++)
		ok = buf_puts(writes, ",") && add_value(writes, scratch, &values[i]);
	ok = ok && buf_puts(writes, "]");
	arena_free(scratch);
	return ok;
}

void log_line(struct buf *out, int64_t number, const char *run, const struct buf *writes)
{
	(void)buf_printf(out, "{\"format\":%d,\"n\":%lld,\"run\":\"%s\",\"writes\":[", STATE_FORMAT,
		(long long)number, run);
	(void)buf_add(out, writes->data, writes->len);
	(void)buf_puts(out, "]}\n");
}

/* ---- playing ---- */

static bool find_statement(const char *name, enum statement *out)
{
	for (int i = 0; name && i < STATEMENT_COUNT; i++)
		if (state_logged[i] && strcmp(state_logged[i], name) == 0) {
			*out = (enum statement)i;
			return true;
		}
	return false;
}

static bool read_value(const json_t *json, struct value *out)
{
	if (json_is_string(json))
		*out = (struct value){ .kind = VALUE_TEXT, .text = json_string_value(json) };
	else if (json_is_integer(json))
		*out = (struct value){ .kind = VALUE_NUMBER, .number = json_integer_value(json) };
	else if (json_is_null(json))
		*out = (struct value){ .kind = VALUE_TEXT };
	else if (json_array_size(json) == 1)
		*out = (struct value){ .kind = VALUE_JSON, .json = json_array_get(json, 0) };
	else
		return false;
	return true;
}

static bool play_write(struct state *s, const json_t *write, struct diags *diags)
{
	enum statement which;
	struct value values[PARAMETERS_MOST];
	size_t size = json_array_size(write);
	if (size == 0 || size > PARAMETERS_MOST ||
		!find_statement(json_string_value(json_array_get(write, 0)), &which))
		return state_unreadable(s, "its log holds a write that is not known", diags);
	for (size_t i = 1; i < size; i++)
		if (!read_value(json_array_get(write, i), &values[i - 1]))
			return state_unreadable(
				s, "its log holds a value that is not known", diags);
	/* What SQLite says of it speaks of a disk, and there is none. */
	struct arena *scratch = arena_new();
	struct diags ignored;
	diags_init(&ignored, scratch);
	bool ok = state_write(s, which, values, size - 1, NULL, &ignored);
	arena_free(scratch);
	return ok || state_unreadable(s, "its log holds a write that does not fit", diags);
}

static bool play_group(struct state *s, const json_t *group, struct diags *diags)
{
	size_t i;
	const json_t *write;
	json_array_foreach (json_object_get(group, "writes"), i, write)
		if (!play_write(s, write, diags))
			return false;
	return state_play_end(s, diags);
}

static bool check_group(
	struct state *s, const json_t *group, int64_t last, bool *out_known, struct diags *diags)
{
	const json_t *number = json_object_get(group, "n");
	const json_t *format = json_object_get(group, "format");
	if (!json_is_integer(number) || !json_is_integer(format) ||
		!json_is_array(json_object_get(group, "writes")) || json_integer_value(format) < 1)
		return state_unreadable(s, "its log holds a line that is no group", diags);
	if (json_integer_value(format) > STATE_FORMAT)
		return state_newer(s, json_integer_value(format), diags);
	*out_known = json_integer_value(number) <= last;
	if (json_integer_value(number) > last + 1)
		return state_unreadable(s, "its log has a gap", diags);
	return true;
}

static bool play_line(
	struct state *s, const char *line, size_t len, struct log_end *end, struct diags *diags)
{
	struct arena *scratch = arena_new();
	char *why = NULL;
	bool known = false;
	json_auto_t *group = json_parse(scratch, line, len, STORE_LOG_BYTES, &why);
	bool ok = group ? check_group(s, group, end->sequence, &known, diags)
			: state_unreadable(s, arena_printf(scratch, "its log: %s", why), diags);
	if (ok && !known) {
		ok = play_group(s, group, diags);
		end->sequence++;
		end->groups++;
	}
	arena_free(scratch);
	return ok;
}

bool log_play(
	struct state *s, const char *log, size_t len, struct log_end *end, struct diags *diags)
{
	end->groups = 0;
	end->is_torn = false;
	while (len) {
		const char *stop = memchr(log, '\n', len);
		if (!stop) {
			end->is_torn = true;
			break;
		}
		if (!play_line(s, log, (size_t)(stop - log), end, diags))
			return false;
		len -= (size_t)(stop + 1 - log);
		log = stop + 1;
	}
	return true;
}
