/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <yaml.h>

#include "engine/base/text.h"
#include "engine/base/yaml_internal.h"
#include "engine/base/yaml_scalar.h"

/* A file with more errors than this is not read on. */
#define ERRORS_MOST 100

/* `value` is NULL while the anchored value is being read. */
struct anchor {
	json_t *value;
	size_t nodes, bytes;
	unsigned height;
};

struct reader {
	struct yaml *yaml;
	struct diags *diags;
	size_t errors_before;
	yaml_parser_t parser;
	bool stopped;
	struct anchor *anchors;
	size_t nanchors;
	json_t *anchor_names; /* to the index of the newest of that name */
	size_t nodes, bytes;  /* read so far, the aliased ones too */
	size_t aliased_nodes, aliased_bytes;
	unsigned height; /* levels of the value read last */
	bool has_question;
	size_t line, column, byte; /* how far before() has gone */
};

/* A mapping while it is read. */
struct mapping {
	json_t *object;
	struct yaml_node *node, **tail;
	unsigned depth, height; /* of its values */
};

static struct place place_of_mark(const struct yaml *y, const yaml_mark_t *mark)
{
	return yaml_place_at(y, mark->line + 1, mark->column, 1);
}

static uint32_t width_of(const yaml_event_t *event)
{
	if (event->start_mark.line != event->end_mark.line)
		return 0;
	size_t width = event->end_mark.column - event->start_mark.column;
	return width ? (uint32_t)width : 1;
}

static struct place place_of_event(const struct yaml *y, const yaml_event_t *event)
{
	return yaml_place_at(
		y, event->start_mark.line + 1, event->start_mark.column, width_of(event));
}

/* Whether a `${` outside quotes stands in the line, before byte `end`. */
static bool has_bare_expression(const char *line, size_t end)
{
	char quote = '\0';
	for (size_t i = 0; i < end && line[i]; i++) {
		bool opens = i == 0 || strchr(" \t[{,:", line[i - 1]);
		if (quote && line[i] == quote)
			quote = '\0';
		else if (quote)
			continue;
		else if ((line[i] == '"' || line[i] == '\'') && opens)
			quote = line[i];
		else if (line[i] == '$' && line[i + 1] == '{')
			return true;
	}
	return false;
}

/* The byte of the excerpt that a place points at. */
static size_t byte_at(const struct place *at)
{
	size_t len = strlen(at->excerpt), byte = 0;
	for (size_t i = 1, used; i < at->column && byte < len; i++, byte += used)
		(void)text_decode(at->excerpt + byte, len - byte, &used);
	return byte;
}

static void explain_syntax(struct reader *r, const struct place *at)
{
	const yaml_parser_t *parser = &r->parser;
	bool flow = parser->flow_level > 0 || (parser->context && strstr(parser->context, "flow"));
	size_t byte = byte_at(at);
	if (flow && has_bare_expression(at->excerpt, byte))
		diag_help(r->diags, "in flow style `${...}` must be quoted: \"${...}\"");
	else if (at->excerpt[byte] == '\t')
		diag_help(r->diags, "YAML is indented with spaces, not tabs");
	else if (parser->problem && strstr(parser->problem, "Unicode character escape"))
		diag_help(r->diags,
			"write the character itself, or all of it after \\U as in "
			"\\U0001F600, where JSON has two halves");
}

/* libyaml tells where bytes are wrong by their offset: of a character that is cut short, that of
 * the byte that does not continue it. */
static size_t wrong_byte(const struct reader *r)
{
	size_t byte = r->parser.problem_offset;
	const char *problem = r->parser.problem;
	if (problem && strstr(problem, "trailing"))
		while (byte > 0 && (unsigned char)r->yaml->text[--byte] < 0xc0)
			;
	return byte;
}

static void syntax_error(struct reader *r)
{
	const yaml_parser_t *parser = &r->parser;
	const char *problem = parser->problem ? parser->problem : "cannot be read";
	if (parser->error == YAML_READER_ERROR) {
		struct place at = yaml_place_at_byte(r->yaml, wrong_byte(r), 1);
		(void)yaml_error(r->diags, at, "yaml-syntax", "%s", problem);
		diag_help(r->diags, "the file must be UTF-8 without control characters");
		return;
	}
	const yaml_mark_t *mark = &parser->problem_mark, *context = &parser->context_mark;
	struct place at = place_of_mark(r->yaml, mark);
	(void)yaml_error(r->diags, at, "yaml-syntax", "%s%s%s", problem, parser->context ? " " : "",
		parser->context ? parser->context : "");
	explain_syntax(r, &at);
	if (parser->context && (context->line != mark->line || context->column != mark->column))
		diag_note(r->diags, place_of_mark(r->yaml, context), "it begins here");
}

static bool next_event(struct reader *r, yaml_event_t *event)
{
	if (r->diags->nerrors - r->errors_before >= ERRORS_MOST)
		r->stopped = true;
	if (r->stopped)
		return false;
	if (yaml_parser_parse(&r->parser, event))
		return true;
	syntax_error(r);
	r->stopped = true;
	return false;
}

/* Ends the reading; NULL for the caller to return. */
static json_t *stop(struct reader *r)
{
	r->stopped = true;
	return NULL;
}

static size_t open_anchor(struct reader *r, const yaml_char_t *name)
{
	struct anchor *anchor = ARENA_PUSH(r->yaml->arena, r->anchors, r->nanchors);
	*anchor = (struct anchor){ .nodes = r->nodes, .bytes = r->bytes };
	size_t index = r->nanchors - 1;
	(void)json_object_set_new(
		r->anchor_names, (const char *)name, json_integer((json_int_t)index));
	return index;
}

static void close_anchor(struct reader *r, size_t index, json_t *value)
{
	struct anchor *anchor = &r->anchors[index];
	anchor->value = arena_json(r->yaml->arena, json_incref(value));
	anchor->nodes = r->nodes - anchor->nodes;
	anchor->bytes = r->bytes - anchor->bytes;
	anchor->height = r->height;
}

/* A wrong alias is null, so that the rest of the file is still checked. */
static json_t *read_alias(struct reader *r, const yaml_event_t *event, unsigned depth)
{
	struct place at = place_of_event(r->yaml, event);
	const char *name = (const char *)event->data.alias.anchor;
	const json_t *index = json_object_get(r->anchor_names, name);
	if (!index) {
		(void)yaml_error(
			r->diags, at, "yaml-alias", "no anchor `%s` stands before it", name);
		return json_null();
	}
	const struct anchor *anchor = &r->anchors[json_integer_value(index)];
	if (!anchor->value) {
		(void)yaml_error(r->diags, at, "yaml-alias", "`%s` would hold itself", name);
		return json_null();
	}
	if (depth - 1 + anchor->height > YAML_DEPTH) {
		(void)yaml_error(
			r->diags, at, "yaml-depth", "more than %d levels of nesting", YAML_DEPTH);
		return stop(r);
	}
	r->aliased_nodes += anchor->nodes;
	r->aliased_bytes += anchor->bytes;
	if (r->aliased_nodes > YAML_ALIASED_NODES || r->aliased_bytes > YAML_BYTES) {
		(void)yaml_error(r->diags, at, "yaml-alias",
			"aliases make the file larger by more than %zu values or %zu bytes",
			YAML_ALIASED_NODES, YAML_BYTES);
		return stop(r);
	}
	r->nodes += anchor->nodes;
	r->bytes += anchor->bytes;
	r->height = anchor->height;
	return json_deep_copy(anchor->value);
}

static bool has_nul(struct reader *r, const yaml_event_t *event)
{
	if (!memchr(event->data.scalar.value, '\0', event->data.scalar.length))
		return false;
	(void)yaml_error(r->diags, place_of_event(r->yaml, event), "yaml-syntax",
		"a NUL character stands in the text");
	return true;
}

static json_t *read_scalar(struct reader *r, const yaml_event_t *event)
{
	struct yaml_text text = {
		.text = (const char *)event->data.scalar.value,
		.len = event->data.scalar.length,
		.tag = (const char *)event->data.scalar.tag,
		.plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE,
	};
	r->bytes += text.len;
	if (has_nul(r, event))
		return json_null();
	const char *code = NULL, *what = NULL;
	json_t *value = yaml_scalar(&text, &code, &what);
	if (value)
		return value;
	(void)yaml_error(
		r->diags, place_of_event(r->yaml, event), code, "`%.80s` %s", text.text, what);
	return json_null();
}

static void check_tag(struct reader *r, const yaml_event_t *event)
{
	bool map = event->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *tag =
		map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
	const char *own = map ? YAML_CORE_TAG "map" : YAML_CORE_TAG "seq";
	if (!tag || strcmp((const char *)tag, "!") == 0 || strcmp((const char *)tag, own) == 0)
		return;
	(void)yaml_error(r->diags, place_of_event(r->yaml, event), "unknown-tag",
		"the tag `%.80s` is not one for a %s", (const char *)tag, map ? "map" : "list");
}

static json_t *read_node(
	struct reader *r, yaml_event_t *event, struct yaml_node *node, unsigned depth);

static json_t *read_sequence(struct reader *r, struct yaml_node *node, unsigned depth)
{
	json_t *array = json_array();
	struct yaml_node **tail = &node->child;
	unsigned height = 0;
	yaml_event_t event;
	while (next_event(r, &event)) {
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			r->height = height + 1;
			yaml_index_add(r->yaml, node, array);
			return array;
		}
		struct yaml_node *item = ARENA_NEW(r->yaml->arena, struct yaml_node);
		json_t *value = read_node(r, &event, item, depth + 1);
		if (!value)
			break;
		(void)json_array_append_new(array, value);
		*tail = item;
		tail = &item->next;
		height = r->height > height ? r->height : height;
	}
	json_decref(array);
	return NULL;
}

static void duplicate_key(struct reader *r, const struct mapping *map, const yaml_event_t *event)
{
	const char *key = (const char *)event->data.scalar.value;
	(void)yaml_error(r->diags, place_of_event(r->yaml, event), "duplicate-key",
		"the key `%s` is given twice", key);
	const struct yaml_node *first = yaml_member(map->object, map->node->child, key);
	if (first)
		diag_note(r->diags,
			yaml_place_at(
				r->yaml, first->key_line, first->key_column, first->key_width),
			"first given here");
}

/* The character before a mark in its line, or NUL. Marks come in the order of the file, so that all
 * calls together go through it once. */
static char before(struct reader *r, const yaml_mark_t *mark)
{
	const struct yaml *y = r->yaml;
	if (mark->line >= y->nlines)
		return '\0';
	if (mark->line != r->line || mark->column < r->column) {
		r->line = mark->line;
		r->column = 0;
		r->byte = y->starts[mark->line];
	}
	for (size_t used; r->column < mark->column && r->byte < y->len; r->column++) {
		(void)text_decode(y->text + r->byte, y->len - r->byte, &used);
		r->byte += used;
	}
	if (r->byte <= y->starts[mark->line])
		return '\0';
	return y->text[r->byte - 1];
}

/* `?x` in flow style is text to YAML 1.2, and the key `x` to libyaml. */
static bool is_question(struct reader *r, const yaml_event_t *event)
{
	bool is_empty = event->start_mark.index == event->end_mark.index;
	if (!r->has_question || is_empty || before(r, &event->start_mark) != '?')
		return false;
	yaml_mark_t at = event->start_mark;
	at.column--;
	(void)yaml_error(r->diags, place_of_mark(r->yaml, &at), "yaml-syntax",
		"text that begins with `?` must be quoted in flow style");
	return true;
}

/* False, with an error, when the key can be no member's name. */
static bool check_key(struct reader *r, const struct mapping *map, const yaml_event_t *event)
{
	struct place at = place_of_event(r->yaml, event);
	if (is_question(r, event))
		return false;
	if (event->type != YAML_SCALAR_EVENT)
		return yaml_error(r->diags, at, "yaml-key", "a key must be written as plain text");
	const char *key = (const char *)event->data.scalar.value;
	const char *tag = (const char *)event->data.scalar.tag;
	size_t len = event->data.scalar.length;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (has_nul(r, event))
		return false;
	if (tag && strcmp(tag, "!") != 0 && strcmp(tag, YAML_CORE_TAG "str") != 0)
		return yaml_error(
			r->diags, at, "unknown-tag", "the tag `%.80s` is not one for a key", tag);
	if (plain && !tag && len == 0)
		return yaml_error(r->diags, at, "yaml-key", "a key is missing before the colon");
	if (plain && !tag && strcmp(key, "<<") == 0) {
		(void)yaml_error(r->diags, at, "merge-key", "merge keys are not supported");
		diag_help(r->diags, "write the members out, or use an alias for a whole value");
		return false;
	}
	if (json_object_getn(map->object, key, len)) {
		duplicate_key(r, map, event);
		return false;
	}
	return true;
}

/* Reads the key's value; a key that is wrong is skipped with its value. False when stopped. */
static bool read_member(struct reader *r, struct mapping *map, yaml_event_t *key)
{
	struct yaml_node *item = ARENA_NEW(r->yaml->arena, struct yaml_node);
	item->key_line = (uint32_t)key->start_mark.line + 1;
	item->key_column = (uint32_t)key->start_mark.column;
	item->key_width = width_of(key);
	bool usable = check_key(r, map, key);
	if (key->type != YAML_SCALAR_EVENT) {
		json_decref(read_node(r, key, &(struct yaml_node){ 0 }, map->depth));
	} else {
		r->bytes += key->data.scalar.length;
		if (key->data.scalar.anchor) {
			size_t anchor = open_anchor(r, key->data.scalar.anchor);
			r->nodes++;
			r->height = 0;
			json_t *text = json_string_nocheck((const char *)key->data.scalar.value);
			close_anchor(r, anchor, text);
			json_decref(text);
		}
	}
	yaml_event_t event;
	json_t *value = next_event(r, &event) ? read_node(r, &event, item, map->depth) : NULL;
	bool good = value != NULL;
	if (good && usable) {
		(void)json_object_setn_new_nocheck(map->object,
			(const char *)key->data.scalar.value, key->data.scalar.length, value);
		*map->tail = item;
		map->tail = &item->next;
		map->height = r->height > map->height ? r->height : map->height;
	} else {
		json_decref(value);
	}
	yaml_event_delete(key);
	return good;
}

static json_t *read_mapping(struct reader *r, struct yaml_node *node, unsigned depth)
{
	struct mapping map = {
		.object = json_object(),
		.node = node,
		.tail = &node->child,
		.depth = depth + 1,
	};
	yaml_event_t event;
	while (next_event(r, &event)) {
		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			r->height = map.height + 1;
			yaml_index_add(r->yaml, node, map.object);
			return map.object;
		}
		if (!read_member(r, &map, &event))
			break;
	}
	json_decref(map.object);
	return NULL;
}

static json_t *read_collection(
	struct reader *r, const yaml_event_t *event, struct yaml_node *node, unsigned depth)
{
	if (depth > YAML_DEPTH) {
		(void)yaml_error(r->diags, place_of_event(r->yaml, event), "yaml-depth",
			"more than %d levels of nesting", YAML_DEPTH);
		return stop(r);
	}
	check_tag(r, event);
	if (event->type == YAML_MAPPING_START_EVENT)
		return read_mapping(r, node, depth);
	return read_sequence(r, node, depth);
}

static const yaml_char_t *anchor_of(const yaml_event_t *event)
{
	if (event->type == YAML_SCALAR_EVENT)
		return event->data.scalar.anchor;
	if (event->type == YAML_MAPPING_START_EVENT)
		return event->data.mapping_start.anchor;
	if (event->type == YAML_SEQUENCE_START_EVENT)
		return event->data.sequence_start.anchor;
	return NULL;
}

/* Reads the value that begins with `event`, and deletes the event. New; NULL when stopped. */
static json_t *read_node(
	struct reader *r, yaml_event_t *event, struct yaml_node *node, unsigned depth)
{
	node->line = (uint32_t)event->start_mark.line + 1;
	node->column = (uint32_t)event->start_mark.column;
	node->width = width_of(event);
	const yaml_char_t *name = anchor_of(event);
	size_t anchor = name ? open_anchor(r, name) : 0;
	r->nodes++;
	r->height = 0;
	json_t *value = NULL;
	if (event->type == YAML_SCALAR_EVENT)
		value = read_scalar(r, event);
	else if (event->type == YAML_ALIAS_EVENT)
		value = read_alias(r, event, depth);
	else
		value = read_collection(r, event, node, depth);
	if (value && r->nodes > YAML_NODES && !r->stopped) {
		(void)yaml_error(r->diags, place_of_event(r->yaml, event), "file-too-large",
			"the file holds more than %zu values", YAML_NODES);
		r->stopped = true;
	}
	if (value && name)
		close_anchor(r, anchor, value);
	yaml_event_delete(event);
	return value;
}

/* The next event's type, when only that matters; YAML_NO_EVENT when stopped. */
static yaml_event_type_t skip_event(struct reader *r)
{
	yaml_event_t event;
	if (!next_event(r, &event))
		return YAML_NO_EVENT;
	yaml_event_type_t type = event.type;
	if (type == YAML_DOCUMENT_START_EVENT && r->yaml->value)
		(void)yaml_error(r->diags, place_of_event(r->yaml, &event),
			"yaml-multiple-documents", "a second document begins here");
	yaml_event_delete(&event);
	return type;
}

static json_t *read_stream(struct reader *r)
{
	(void)skip_event(r);
	yaml_event_type_t type = skip_event(r);
	if (type == YAML_STREAM_END_EVENT)
		return json_null();
	yaml_event_t event;
	if (type != YAML_DOCUMENT_START_EVENT || !next_event(r, &event))
		return NULL;
	return read_node(r, &event, &r->yaml->root, 1);
}

bool yaml_read(struct yaml *y, const char *text, size_t len, struct diags *diags)
{
	y->root = (struct yaml_node){ .line = 1, .width = 1 };
	struct reader r = {
		.yaml = y,
		.diags = diags,
		.errors_before = diags->nerrors,
		.anchor_names = json_object(),
		.has_question = memchr(text, '?', len) != NULL,
	};
	if (yaml_parser_initialize(&r.parser)) {
		yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
		yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
		y->value = arena_json(y->arena, read_stream(&r));
		if (y->value && skip_event(&r) == YAML_DOCUMENT_END_EVENT)
			(void)skip_event(&r);
		yaml_parser_delete(&r.parser);
	} else {
		(void)yaml_error(diags, (struct place){ .file = y->name }, "file-unreadable",
			"out of memory");
	}
	json_decref(r.anchor_names);
	yaml_index_sort(y);
	return diags->nerrors == r.errors_before;
}
