/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cmd/waybill/document.h"
#include "cmd/waybill/render_plan.h"
#include "cmd/waybill/render_table.h"
#include "cmd/waybill/shape.h"
#include "cmd/waybill/terminal.h"
#include "engine/base/json.h"
#include "engine/base/text.h"

#define STEP_IN 4
#define KNOWN_AFTER_APPLY "(known after apply)"
#define DEFAULT_SENT " # the default, sent explicitly"

/* A change or a foreign thing, at its place under the resource that encloses it. */
struct entry {
	const char *group; /* address of the enclosing resource, or its own */
	bool is_child;
	const struct schema *schema;
	const char *address, *name;
	const struct change *change;
	const struct foreign *foreign;
};

struct look {
	const char *symbol; /* three columns */
	const char *paint;
	const char *verb;
};

static struct look look_of(const struct change *change)
{
	switch (change->action) {
	case ACTION_CREATE:
		return (struct look){ "  +", PAINT_GREEN, "will be created" };
	case ACTION_UPDATE:
		if (change->adopts)
			return (struct look){ "  ~", PAINT_YELLOW,
				"(adopt) will become ours and be updated in place" };
		return (struct look){ "  ~", PAINT_YELLOW, "will be updated in place" };
	case ACTION_REPLACE:
		return (struct look){ "-/+", PAINT_RED, "must be replaced" };
	case ACTION_DELETE:
		return (struct look){ "  -", PAINT_RED, "will be destroyed" };
	case ACTION_FORGET:
		return (struct look){ "  .", NULL, "will be forgotten, and stays as it is" };
	case ACTION_NONE:
		break;
	}
	if (change->moved_from && !change->adopts && !change->lets_go)
		return (struct look){ "  >", PAINT_YELLOW, "has moved in Azure" };
	return (struct look){ "  ~", PAINT_YELLOW, "(adopt) will become ours, as it is" };
}

static void paint(struct canvas *c, const char *escape)
{
	if (c->colour && escape)
		(void)buf_puts(c->out, escape);
}

static void indent(struct canvas *c, size_t columns)
{
	(void)buf_printf(c->out, "%*s", (int)columns, "");
}

static void escaped(struct canvas *c, const char *text)
{
	text_escape(c->out, text, false);
}

const char *render_position(struct canvas *c, const struct place *at)
{
	if (!at->file)
		return "";
	const char *file = text_escaped(c->arena, at->file);
	return at->line ? arena_printf(c->arena, " (%s:%zu)", file, at->line)
			: arena_printf(c->arena, " (%s)", file);
}

/* ---- values ---- */

static const char *address_of(const struct canvas *c, const char *id)
{
	const char *address = c->config ? config_address_of(c->config, id) : NULL;
	return address ? address : id;
}

static const char *inline_text(struct canvas *c, const json_t *flat)
{
	const char *text = json_string_value(flat);
	if (text && text_starts_nocase(text, "/subscriptions/")) {
		return text_escaped(c->arena, address_of(c, text));
	}
	struct buf line;
	buf_init(&line, BUF_OWN_TEXT);
	document_inline(&line, flat);
	const char *copy = arena_strndup(c->arena, line.data, line.len);
	buf_release(&line);
	return copy;
}

const char *render_value(
	struct canvas *c, const struct schema *schema, const char *pointer, const json_t *value)
{
	if (!value)
		return "(none)";
	json_auto_t *flat = shape_flat(schema_at(schema->root, pointer), value);
	return inline_text(c, flat);
}

const char *render_edit(
	struct canvas *c, const struct schema *schema, const struct edit *edit, const char *after)
{
	if (!after)
		after = render_value(c, schema, edit->pointer, edit->after);
	if (!edit->before)
		return after;
	const char *before = render_value(c, schema, edit->pointer, edit->before);
	return edit->after ? arena_printf(c->arena, "%s -> %s", before, after) : before;
}

static bool is_unknown(const struct change *change, const char *pointer)
{
	for (size_t i = 0; i < change->nunknown; i++) {
		if (strcmp(change->unknown[i], pointer) == 0)
			return true;
	}
	return false;
}

/* ---- blocks: one member a line ---- */

struct block {
	struct canvas *canvas;
	const struct change *change;
	char symbol;
	const json_t *unknown; /* stands for what only the cloud will tell; found by identity */
};

/* Whether the member, by its flat path, is sent although the configuration leaves it out. */
static bool is_explicit_default(struct block *block, const char *path)
{
	const struct change *change = block->change;
	for (size_t i = 0; block->symbol == '+' && i < change->nexplicit_defaults; i++)
		if (strcmp(path,
			    shape_member(block->canvas->arena, change->schema,
				    change->explicit_defaults[i])) == 0)
			return true;
	return false;
}

static bool is_plain(const json_t *value)
{
	return !json_is_object(value) || json_object_size(value) == 0;
}

static void render_members(struct block *block, json_t *flat, const char *inside, size_t column)
{
	struct canvas *c = block->canvas;
	const char *key;
	json_t *value;
	json_object_foreach (flat, key, value) {
		indent(c, column);
		(void)buf_printf(c->out, "%c ", block->symbol);
		escaped(c, key);
		(void)buf_puts(c->out, ":");
		const char *path = arena_printf(c->arena, "%s%s", inside, key);
		if (is_plain(value)) {
			(void)buf_printf(c->out, " %s%s\n",
				value == block->unknown ? KNOWN_AFTER_APPLY : inline_text(c, value),
				is_explicit_default(block, path) ? DEFAULT_SENT : "");
			continue;
		}
		(void)buf_puts(c->out, "\n");
		render_members(block, value, arena_printf(c->arena, "%s.", path), column + STEP_IN);
	}
}

/* All members of a body that appears or goes. */
static void render_body(struct canvas *c, const struct change *change, char symbol, size_t column)
{
	bool appears = symbol == '+';
	json_auto_t *body = json_deep_copy(appears ? change->after : change->before);
	json_auto_t *unknown = json_string(KNOWN_AFTER_APPLY);
	for (size_t i = 0; appears && i < change->nunknown; i++)
		(void)json_put(body, change->unknown[i], json_incref(unknown));
	json_auto_t *flat = shape_flat(change->schema->root, body);
	struct block block = {
		.canvas = c, .change = change, .symbol = symbol, .unknown = unknown
	};
	if (json_is_object(flat))
		render_members(&block, flat, "", column);
}

static void render_edits(struct canvas *c, const struct change *change, size_t column)
{
	for (size_t i = 0; i < change->edits.count; i++) {
		const struct edit *edit = &change->edits.items[i];
		bool forces = edit->replaces ||
			(change->replaced_by && strcmp(change->replaced_by, edit->pointer) == 0);
		const char *after = is_unknown(change, edit->pointer) ? KNOWN_AFTER_APPLY : NULL;
		char symbol = '~';
		if (!edit->before)
			symbol = '+';
		else if (!edit->after)
			symbol = '-';
		indent(c, column);
		(void)buf_printf(c->out, "%c ", symbol);
		escaped(c, shape_member(c->arena, change->schema, edit->pointer));
		(void)buf_printf(c->out, ": %s%s\n", render_edit(c, change->schema, edit, after),
			forces ? " # forces replacement" : "");
	}
}

/* Of what is made anew the other members are not shown: what this makes of it, if it was otherwise.
 */
static void render_explicit_defaults(struct canvas *c, const struct change *change, size_t column)
{
	for (size_t i = 0; i < change->nexplicit_defaults; i++) {
		const char *pointer = change->explicit_defaults[i];
		const struct edit edit = { .pointer = pointer,
			.before = json_at(change->before, pointer),
			.after = json_at(change->after, pointer) };
		if (edit.before && json_equal(edit.before, edit.after))
			continue;
		indent(c, column);
		(void)buf_printf(c->out, "%c %s: %s" DEFAULT_SENT "\n", edit.before ? '~' : '+',
			shape_member(c->arena, change->schema, pointer),
			render_edit(c, change->schema, &edit, NULL));
	}
}

static void render_comment(struct canvas *c, const char *text, size_t column)
{
	indent(c, column + STEP_IN + 2);
	(void)buf_puts(c->out, "# ");
	escaped(c, text);
	(void)buf_puts(c->out, "\n");
}

static void render_heading(
	struct canvas *c, const struct change *change, const char *name, size_t column)
{
	struct look look = look_of(change);
	indent(c, column);
	paint(c, look.paint);
	(void)buf_puts(c->out, look.symbol);
	paint(c, PAINT_PLAIN);
	(void)buf_puts(c->out, " ");
	paint(c, PAINT_BOLD);
	escaped(c, name);
	paint(c, PAINT_PLAIN);
	(void)buf_printf(c->out, " %s%s\n", look.verb, render_position(c, &change->at));
	if (change->moved_from)
		render_comment(c,
			arena_printf(c->arena, "moved from %s", address_of(c, change->moved_from)),
			column);
	if (change->why)
		render_comment(c, change->why, column);
}

static void render_block(
	struct canvas *c, const struct change *change, const char *name, size_t column)
{
	render_heading(c, change, name, column);
	size_t inside = column + STEP_IN + 2;
	switch (change->action) {
	case ACTION_CREATE:
		render_body(c, change, '+', inside);
		break;
	case ACTION_DELETE:
		render_body(c, change, '-', inside);
		break;
	default:
		render_edits(c, change, inside);
		render_explicit_defaults(c, change, inside);
	}
}

/* ---- routes: one row each ---- */

static const char *plain_text(struct canvas *c, const json_t *value)
{
	if (!value)
		return NULL;
	const char *text = json_string_value(value);
	return text ? text : inline_text(c, value);
}

static const char *route_cell(struct canvas *c, const struct entry *entry, const char *pointer)
{
	const struct change *change = entry->change;
	if (!change)
		return plain_text(c, json_at(entry->foreign->body, pointer));
	const char *before = plain_text(c, json_at(change->before, pointer));
	const char *after = plain_text(c, json_at(change->after, pointer));
	if (is_unknown(change, pointer))
		after = KNOWN_AFTER_APPLY;
	if (change->action == ACTION_CREATE || !change->before)
		return after;
	if (change->action == ACTION_DELETE || !change->after)
		return before;
	for (size_t i = 0; i < change->edits.count; i++) {
		const struct edit *edit = &change->edits.items[i];
		if (strcmp(edit->pointer, pointer) != 0)
			continue;
		before = plain_text(c, edit->before);
		after = is_unknown(change, pointer) ? KNOWN_AFTER_APPLY
						    : plain_text(c, edit->after);
		return arena_printf(
			c->arena, "%s -> %s", before ? before : "(none)", after ? after : "(none)");
	}
	return after ? after : before;
}

static const char *route_why(struct canvas *c, const struct entry *entry)
{
	const struct change *change = entry->change;
	if (!change)
		return "foreign";
	const char *why = render_position(c, &change->at);
	why += *why == ' ';
	if (change->adopts)
		why = arena_printf(c->arena, "%s (adopt)", why);
	if (change->action == ACTION_FORGET)
		why = arena_printf(c->arena, "%s (forget)", why);
	if (change->replaced_by)
		why = arena_printf(c->arena, "%s # %s forces replacement", why,
			shape_member(c->arena, change->schema, change->replaced_by));
	if (change->why)
		why = arena_printf(c->arena, "%s # %s", why, change->why);
	return why + (*why == ' ');
}

static void render_routes(
	struct canvas *c, const struct entry *entries, size_t count, size_t column)
{
	static const char *const heading[] = { "", "name", "addressPrefix", "nextHopType",
		"nextHopIpAddress", "" };
	struct table table;
	table_init(&table, c->arena, ARRAY_LEN(heading));
	table_add(&table, heading, PAINT_GREY);
	for (size_t i = 0; i < count; i++) {
		const struct entry *entry = &entries[i];
		struct look look = { "   ", PAINT_GREY, "" };
		if (entry->change)
			look = look_of(entry->change);
		const char *cells[] = { look.symbol, entry->name,
			route_cell(c, entry, "/properties/addressPrefix"),
			route_cell(c, entry, "/properties/nextHopType"),
			route_cell(c, entry, "/properties/nextHopIpAddress"), route_why(c, entry) };
		table_add(&table, cells, look.paint);
	}
	table_render(&table, c->out, column, c->colour);
}

/* ---- groups ---- */

static const char *enclosing(struct arena *a, const char *address)
{
	const char *end = address + strlen(address);
	for (int slashes = 0; end > address && slashes < 2;)
		slashes += *--end == '/';
	return arena_strndup(a, address, (size_t)(end - address));
}

static int compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = strcmp(a->group, b->group);
	if (order == 0)
		order = a->is_child - b->is_child;
	if (order == 0)
		order = strcmp(a->schema->section, b->schema->section);
	if (order == 0)
		order = strcmp(a->address, b->address);
	return order ? order : (a->foreign != NULL) - (b->foreign != NULL);
}

static struct entry *collect(struct canvas *c, const struct plan *plan, size_t *count)
{
	struct entry *entries = NULL;
	*count = 0;
	for (size_t i = 0; i < plan->nchanges; i++) {
		const struct change *change = &plan->changes[i];
		bool is_child = change->schema->parent != NULL;
		*ARENA_PUSH(c->arena, entries, *count) = (struct entry){
			.group = is_child ? enclosing(c->arena, change->address) : change->address,
			.is_child = is_child,
			.schema = change->schema,
			.address = change->address,
			.name = change->name,
			.change = change,
		};
	}
	for (size_t i = 0; i < plan->nforeigns; i++) {
		const struct foreign *foreign = &plan->foreigns[i];
		*ARENA_PUSH(c->arena, entries, *count) = (struct entry){
			.group = foreign->parent_address ? foreign->parent_address
							 : enclosing(c->arena, foreign->address),
			.is_child = true,
			.schema = foreign->schema,
			.address = foreign->address,
			.name = foreign->name,
			.foreign = foreign,
		};
	}
	if (*count)
		qsort(entries, *count, sizeof *entries, compare);
	return entries;
}

static void render_tags(struct canvas *c, const json_t *body, size_t column)
{
	const char *name;
	json_t *value;
	json_object_foreach (json_object_get(body, "tags"), name, value) {
		indent(c, column + STEP_IN);
		paint(c, PAINT_GREY);
		escaped(c, arena_printf(c->arena, "tags.%s: ", name));
		document_inline(c->out, value);
		(void)buf_puts(c->out, " foreign");
		paint(c, PAINT_PLAIN);
		(void)buf_puts(c->out, "\n");
	}
}

static void render_child(struct canvas *c, const struct entry *entry, size_t column)
{
	if (entry->foreign && entry->foreign->is_tags) {
		render_tags(c, entry->foreign->body, column);
		return;
	}
	const char *name = arena_printf(c->arena, "%s/%s", entry->schema->section, entry->name);
	if (entry->change) {
		render_block(c, entry->change, name, column);
		return;
	}
	indent(c, column + STEP_IN);
	paint(c, PAINT_GREY);
	escaped(c, name);
	(void)buf_puts(c->out, " foreign");
	paint(c, PAINT_PLAIN);
	(void)buf_puts(c->out, "\n");
}

static void render_group(struct canvas *c, const struct entry *entries, size_t count)
{
	size_t i = 0;
	if (entries[0].is_child) {
		indent(c, STEP_IN + 2);
		paint(c, PAINT_BOLD);
		escaped(c, entries[0].group);
		paint(c, PAINT_PLAIN);
		(void)buf_puts(c->out, "\n");
	} else {
		render_block(c, entries[0].change, entries[0].address, 2);
		i = 1;
	}
	while (i < count) {
		size_t end = i + 1;
		if (entries[i].schema->role != ROLE_ROUTE) {
			render_child(c, &entries[i], STEP_IN + 2);
			i = end;
			continue;
		}
		while (end < count && entries[end].schema == entries[i].schema)
			end++;
		render_routes(c, entries + i, end - i, STEP_IN + 2);
		i = end;
	}
	(void)buf_puts(c->out, "\n");
}

void render_changes(struct canvas *c, const struct plan *plan)
{
	size_t count;
	const struct entry *entries = collect(c, plan, &count);
	for (size_t i = 0, end; i < count; i = end) {
		end = i + 1;
		while (end < count && strcmp(entries[end].group, entries[i].group) == 0)
			end++;
		render_group(c, entries + i, end - i);
	}
}
