/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/document.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "engine/base/arena.h"
#include "engine/base/text.h"

/* Outside strings neither format writes these pairs, so that an escape is always right. DEL is the
 * one control character that JSON lets stand. */
static void add_safely(struct buf *out, const char *text, const char *escape)
{
	for (size_t i = 0; text[i]; i++) {
		bool pair = i && text[i] == text[i - 1] && (text[i] == ':' || text[i] == '#') &&
			!text_is_in_address(text, i);
		if (pair || text[i] == '\x7f')
			(void)buf_printf(out, "%s%02x", escape, (unsigned)text[i]);
		else
			(void)buf_putc(out, text[i]);
	}
}

static void add_json(struct buf *out, const json_t *json, size_t flags)
{
	char *text = json_dumps(json, flags | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	assert(text);
	add_safely(out, text, "\\u00");
	free(text);
}

void document_json(struct buf *out, const json_t *json)
{
	add_json(out, json, JSON_INDENT(2));
	(void)buf_putc(out, '\n');
}

void document_inline(struct buf *out, const json_t *json)
{
	add_json(out, json, 0);
}

/* Whether YAML 1.2 core (or 1.1, which others read) would take the text for something else. */
static bool needs_quotes(const char *text)
{
	static const char *const words[] = { "true", "false", "null", "yes", "no", "on", "off", "y",
		"n" };
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._/-";
	if (*text == '\0' || text[strspn(text, safe)] || *text == '-' || *text == '.')
		return true;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return true;
	}
	/* Numbers, 0x10, 1_000 and dates begin with a digit; addresses of ours hold two dots or a
	 * slash, which none of those does. */
	bool digits = *text >= '0' && *text <= '9';
	const char *dot = strchr(text, '.');
	return digits && !strchr(text, '/') && !(dot && strchr(dot + 1, '.'));
}

static int append(void *context, unsigned char *bytes, size_t len)
{
	return buf_add(context, bytes, len);
}

static void emit(yaml_emitter_t *emitter, yaml_event_t *event)
{
	/* Fails only without memory, or for a sequence of events that we do not make. */
	if (!yaml_emitter_emit(emitter, event))
		abort();
}

static void emit_scalar(yaml_emitter_t *emitter, const char *text, bool quoted)
{
	yaml_event_t event;
	yaml_scalar_style_t style =
		quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE;
	if (!yaml_scalar_event_initialize(
		    &event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1, style))
		abort();
	emit(emitter, &event);
}

static void emit_value(yaml_emitter_t *emitter, const json_t *json);

static void emit_object(yaml_emitter_t *emitter, const json_t *json)
{
	yaml_event_t event;
	const char *key;
	json_t *value;
	yaml_mapping_style_t style =
		json_object_size(json) ? YAML_BLOCK_MAPPING_STYLE : YAML_FLOW_MAPPING_STYLE;
	if (!yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, style))
		abort();
	emit(emitter, &event);
	json_object_foreach ((json_t *)(uintptr_t)json, key, value) {
		emit_scalar(emitter, key, needs_quotes(key));
		emit_value(emitter, value);
	}
	if (!yaml_mapping_end_event_initialize(&event))
		abort();
	emit(emitter, &event);
}

static void emit_array(yaml_emitter_t *emitter, const json_t *json)
{
	yaml_event_t event;
	size_t i;
	json_t *value;
	yaml_sequence_style_t style =
		json_array_size(json) ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE;
	if (!yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, style))
		abort();
	emit(emitter, &event);
	json_array_foreach (json, i, value)
		emit_value(emitter, value);
	if (!yaml_sequence_end_event_initialize(&event))
		abort();
	emit(emitter, &event);
}

static void emit_value(yaml_emitter_t *emitter, const json_t *json)
{
	if (json_is_object(json)) {
		emit_object(emitter, json);
	} else if (json_is_array(json)) {
		emit_array(emitter, json);
	} else if (json_is_string(json)) {
		const char *text = json_string_value(json);
		emit_scalar(emitter, text, needs_quotes(text));
	} else {
		char *text = json_dumps(json, JSON_ENCODE_ANY);
		assert(text);
		emit_scalar(emitter, text, false);
		free(text);
	}
}

void document_yaml(struct buf *out, const json_t *json)
{
	yaml_emitter_t emitter;
	yaml_event_t event;
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	if (!yaml_emitter_initialize(&emitter))
		abort();
	yaml_emitter_set_output(&emitter, append, &text);
	yaml_emitter_set_unicode(&emitter, 0);
	yaml_emitter_set_width(&emitter, -1);
	yaml_emitter_set_indent(&emitter, 2);
	if (!yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING))
		abort();
	emit(&emitter, &event);
	if (!yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1))
		abort();
	emit(&emitter, &event);
	emit_value(&emitter, json);
	if (!yaml_document_end_event_initialize(&event, 1))
		abort();
	emit(&emitter, &event);
	if (!yaml_stream_end_event_initialize(&event))
		abort();
	emit(&emitter, &event);
	yaml_emitter_delete(&emitter);
	add_safely(out, text.data, "\\x");
	buf_release(&text);
}
