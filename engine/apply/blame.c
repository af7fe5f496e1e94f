/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/apply/blame.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"

#define SHOWN_VALUE 200 /* characters of a value in a message */

struct place blame_place(const struct step *step)
{
	if (step->change)
		return step->change->at;
	return step->nchildren > 0 ? step->children[0].change->at : PLACE_NONE;
}

static bool is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_' || c == '-' || c == '.';
}

/* Whether `text` holds `name` as a whole word, as ARM's messages quote names. A period may also
 * end a sentence. */
static bool names(const char *text, const char *name)
{
	size_t len = strlen(name);
	for (const char *c = text; *c; c++) {
		if ((c > text && is_name_character(c[-1])) || !text_starts_nocase(c, name))
			continue;
		const char *end = c + len;
		if (*end == '.')
			end++;
		if (!is_name_character(*end))
			return true;
	}
	return false;
}

static const struct step_child *named_child(const struct step *step, const struct failure *failure)
{
	const struct step_child *found = NULL;
	for (size_t i = 0; i < step->nchildren; i++) {
		const struct step_child *child = &step->children[i];
		bool named = (failure->target && names(failure->target, child->name)) ||
			(failure->message && names(failure->message, child->name));
		if (named && (!found || strlen(child->name) > strlen(found->name)))
			found = child;
	}
	return found;
}

/* ARM's `target` as a pointer in the body, or NULL: "properties.addressPrefix" or a pointer. */
static const char *target_pointer(struct arena *a, const char *target)
{
	if (!target)
		return NULL;
	if (strncmp(target, "/properties", strlen("/properties")) == 0)
		return target;
	if (strncmp(target, "properties.", strlen("properties.")) != 0)
		return NULL;
	char *pointer = arena_printf(a, "/%s", target);
	for (char *c = pointer; *c; c++)
		if (*c == '.')
			*c = '/';
	return pointer;
}

static const char *verb_words(const struct step *step, const struct operation *op)
{
	if (op->verb == VERB_GET || op->verb == VERB_LIST)
		return "read";
	switch (step->verb) {
	case STEP_CREATE:
		return "create";
	case STEP_DELETE:
		return "delete";
	case STEP_TAGS:
		return "tag";
	case STEP_UPDATE:
		break;
	}
	return "update";
}

void blame_failure(const struct config *config, const struct step *step, const struct operation *op,
	struct diags *diags)
{
	const struct failure *f = &op->failure;
	const struct step_child *child = named_child(step, f);
	const char *pointer = target_pointer(diags->arena, f->target);
	struct place at = blame_place(step);
	if (child)
		at = child->change->at;
	else if (pointer && config && step->change && step->change->resource)
		at = config_member_place(config, step->change->resource, pointer, YAML_VALUE);
	const char *code = f->code ? f->code : "unknown";
	if (f->status != 0)
		code = arena_printf(diags->arena, "arm:%s", code);
	const char *message = f->message ? f->message : "no reason was given";
	const char *request = f->request_id ? f->request_id : op->request_id;
	bool passes = f->status == 408 || f->status == 429 || f->status >= 500;
	const char *who = f->status != 0 && !passes ? "Azure refused to" : "it was not possible to";
	(void)diag_error(diags, at, code, "%s %s %s: %s (request id %s)", who, verb_words(step, op),
		step->address, message, request[0] ? request : "none");
	diag_about(diags, child ? child->change->address : step->address);
	diag_help(diags, "%s",
		f->help ? f->help
			: "mend the cause and apply again: it goes on from what was done");
}

static const char *shown(struct arena *a, const json_t *value)
{
	if (!value)
		return "absent";
	const char *text = json_canonical(a, value);
	if (strlen(text) <= SHOWN_VALUE)
		return text;
	return arena_printf(a, "%.*s...", SHOWN_VALUE, text);
}

void blame_conflicts(
	const struct step *step, const struct merged *merged, const char *code, struct diags *diags)
{
	for (size_t i = 0; i < merged->nconflicts; i++) {
		const struct conflict *c = &merged->conflicts[i];
		struct place at = c->change ? c->change->at : blame_place(step);
		const char *member =
			c->member ? arena_printf(diags->arena, "`%s` of ", c->member) : "";
		(void)diag_error(diags, at, code, "%s%s is %s now, and was %s when it was planned",
			member, c->address, shown(diags->arena, c->now),
			shown(diags->arena, c->planned));
		diag_about(diags, c->address);
		diag_help(
			diags, "somebody else changed it; nothing was written over it: plan again");
	}
}
