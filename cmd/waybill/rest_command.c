/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/waybill/document.h"
#include "cmd/waybill/program.h"
#include "cmd/waybill/rest_request.h"
#include "engine/base/text.h"

/* Status and headers as a member of the document. */
static json_t *answer_head_new(struct session *s, const struct raw_request *raw)
{
	json_t *headers = json_object();
	for (size_t i = 0; i < raw->nlines; i++) {
		const char *line = raw->lines[i];
		size_t len = strcspn(line, ":");
		const char *name = text_lower(s->arena, arena_strndup(s->arena, line, len));
		const char *value = line[len] ? line + len + 1 + strspn(line + len + 1, " ") : "";
		/* A name that comes twice says as much as one with both values: RFC 9110. */
		const char *before = json_string_value(json_object_get(headers, name));
		if (before)
			value = arena_printf(s->arena, "%s, %s", before, value);
		(void)json_object_set_new(headers, name, json_string(value));
	}
	return headers;
}

static void render_head(struct session *s, const struct raw_request *raw)
{
	(void)buf_printf(&s->out, "HTTP %d\n", raw->status);
	for (size_t i = 0; i < raw->nlines; i++) {
		text_escape(&s->out, raw->lines[i], false);
		(void)buf_putc(&s->out, '\n');
	}
	(void)buf_putc(&s->out, '\n');
}

static void render_answer(struct session *s, const struct rest_request *request, json_t *reply)
{
	bool include = session_switch(s, OPTION_INCLUDE, false);
	if (include && s->json) {
		json_auto_t *whole = json_pack("{s:i, s:o, s:O?}", "status", request->raw.status,
			"headers", answer_head_new(s, &request->raw), "body", reply);
		document_json(&s->out, whole);
		return;
	}
	if (include)
		render_head(s, &request->raw);
	if (reply)
		document_json(&s->out, reply);
	else if (s->json)
		(void)buf_puts(&s->out, "null\n");
}

static void put_text(json_t *object, const char *name, const char *text)
{
	if (text)
		(void)json_object_set_new(object, name, json_string(text));
}

static const char *kind_of(enum outcome outcome)
{
	static const char *const kinds[] = { [OUTCOME_DONE] = "done",
		[OUTCOME_ABSENT] = "absent",
		[OUTCOME_STALE] = "stale",
		[OUTCOME_FAILED] = "failed",
		[OUTCOME_UNKNOWN] = "unknown" };
	return kinds[outcome];
}

/* What to do, or NULL where the code's page has to say it. What may have been done matters more
 * than why nobody knows. */
static const char *known_help(struct session *s, const struct operation *op)
{
	static const char first[] =
		"it may have been done or not: read what stands before it is sent again";
	const char *help = op->failure.help;
	if (op->outcome != OUTCOME_UNKNOWN)
		return help;
	return help ? arena_printf(s->arena, "%s; %s", first, help) : first;
}

static void render_failure(
	struct session *s, const struct rest_request *request, const struct operation *op)
{
	const struct failure *f = &op->failure;
	json_auto_t *object = json_pack("{s:s, s:o, s:s, s:s}", "kind", kind_of(op->outcome),
		"status", f->status ? json_integer(f->status) : json_null(), "code",
		f->code ? f->code : "unknown", "message", f->message ? f->message : "");
	put_text(object, "target", f->target);
	put_text(object, "request_id", f->request_id);
	put_text(object, "help", known_help(s, op));
	if (session_switch(s, OPTION_INCLUDE, false) && request->raw.status)
		(void)json_object_set_new(object, "headers", answer_head_new(s, &request->raw));
	document_json(&s->out, object);
}

static const char *help_of(struct session *s, const struct operation *op, const char *code)
{
	const char *help = known_help(s, op);
	if (help)
		return help;
	if (op->outcome == OUTCOME_STALE)
		return "read it again: the etag that was given is no longer its own";
	return arena_printf(s->arena, "see `waybill explain %s`", code);
}

static void tell_failure(
	struct session *s, const struct rest_request *request, const struct operation *op)
{
	const struct failure *f = &op->failure;
	const char *code = f->code ? f->code : "unknown";
	if (session_switch(s, OPTION_INCLUDE, false) && request->raw.status)
		render_head(s, &request->raw);
	/* Azure's codes begin with a capital, ours do not. */
	if (f->status && *code >= 'A' && *code <= 'Z')
		code = arena_printf(s->arena, "arm:%s", code);
	const char *status = f->status ? arena_printf(s->arena, " (%d)", f->status) : "";
	const char *id =
		f->request_id ? arena_printf(s->arena, " (request id %s)", f->request_id) : "";
	(void)diag_error(&s->diags, PLACE_NONE, code, "%s %s%s: %s%s", request->raw.method,
		op->outcome == OUTCOME_UNKNOWN ? "may have been done or not" : "failed", status,
		f->message ? f->message : "no message", id);
	diag_help(&s->diags, "%s", help_of(s, op, code));
}

int rest_command(struct session *s)
{
	struct rest_request request;
	if (!rest_read(s, &request) || !session_cloud(s, true) || !rest_locate(s, &request) ||
		!session_provider(s))
		return EXIT_ERROR;
	struct operation op = { .verb = request.verb,
		.raw = &request.raw,
		.path = request.raw.url,
		.body = request.body,
		.arena = s->arena };
	s->provider->submit(s->provider, &op);
	while (!s->provider->reap(s->provider, -1))
		continue;
	if (op.outcome == OUTCOME_DONE) {
		render_answer(s, &request, op.reply);
		return EXIT_DONE;
	}
	if (s->json)
		render_failure(s, &request, &op);
	else
		tell_failure(s, &request, &op);
	return EXIT_ERROR;
}
