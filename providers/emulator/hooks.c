/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/hooks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/emulator.h"
#include "providers/emulator/environment.h"

void hooks_init(struct hooks *hooks)
{
	*hooks = (struct hooks){ .began_ms = emulator_clock_ms() };
}

void hooks_release(struct hooks *hooks)
{
	free(hooks->recorded);
	free(hooks->texts);
}

static struct hooks_record *record_at(const struct hooks *hooks, size_t index)
{
	return &hooks->recorded[index % HOOKS_RECORDED_MAX];
}

static char *text_at(const struct hooks *hooks, size_t position)
{
	return &hooks->texts[position % HOOKS_RECORDED_BYTES];
}

/* Makes room for `wanted` items, or for the `most` that a ring has. */
static void *grown(void *ring, size_t *room, size_t wanted, size_t most, size_t item_bytes)
{
	size_t needed = wanted < most ? wanted : most;

	if (needed <= *room)
		return ring;
	*room = needed < most / 2 ? 2 * needed : most;
	return mem_realloc(ring, *room * item_bytes);
}

/* Where a text of that size begins: all in one piece, where the oldest make room. */
static size_t text_room(struct hooks *hooks, size_t size)
{
	size_t begins = hooks->texts_end;
	size_t left = HOOKS_RECORDED_BYTES - begins % HOOKS_RECORDED_BYTES;

	if (size > left)
		begins += left;
	hooks->texts_end = begins + size;
	while (hooks->first < hooks->end &&
		record_at(hooks, hooks->first)->begins + HOOKS_RECORDED_BYTES < hooks->texts_end)
		hooks->first++;
	hooks->texts =
		grown(hooks->texts, &hooks->texts_room, hooks->texts_end, HOOKS_RECORDED_BYTES, 1);
	return begins;
}

void hooks_record(
	struct hooks *hooks, const struct request *request, const struct response *response)
{
	uint64_t now = emulator_clock_ms();
	bool unanswered = response->dropped || response->never;
	const char *text = arena_printf(request->arena, "%s %s", request->method, request->url);
	size_t size = strlen(text) + 1;

	if (size > HOOKS_RECORDED_BYTES)
		return;
	if (hooks->end - hooks->first == HOOKS_RECORDED_MAX)
		hooks->first++;
	hooks->recorded = grown(hooks->recorded, &hooks->recorded_room, hooks->end + 1,
		HOOKS_RECORDED_MAX, sizeof(*hooks->recorded));
	struct hooks_record *record = record_at(hooks, hooks->end);

	*record = (struct hooks_record){
		.begins = text_room(hooks, size),
		.status = unanswered ? 0 : response->status,
		.took_ms = now - request->arrived_ms,
		.at_ms = now - hooks->began_ms,
	};
	memcpy(text_at(hooks, record->begins), text, size);
	hooks->end++;
}

static json_t *told_records(const struct hooks *hooks)
{
	json_t *out = json_array();

	for (size_t i = hooks->first; i < hooks->end; i++) {
		const struct hooks_record *record = record_at(hooks, i);
		const char *text = text_at(hooks, record->begins);
		int method = (int)strcspn(text, " ");

		json_array_append_new(out,
			json_pack("{s:o,s:s,s:i,s:I,s:I}", "method",
				json_sprintf("%.*s", method, text), "path", text + method + 1,
				"status", (int)record->status, "ms", (json_int_t)record->took_ms,
				"at", (json_int_t)record->at_ms));
	}
	return out;
}

static void move_member(json_t *to, const char *name, const json_t *from, const char *as)
{
	json_t *value = json_object_get(from, as);

	if (value != NULL)
		json_object_set(to, name, value);
}

/* What the short forms have in common. New. */
static json_t *fault_of(const json_t *spec, const json_t *filter)
{
	json_t *fault = json_pack("{s:i}", "nth", 1);

	move_member(fault, "nth", spec, "nth");
	move_member(fault, "method", filter, "method");
	move_member(fault, "contains", filter, "path");
	return fault;
}

static json_t *edit_fault(const json_t *spec)
{
	json_t *fault = fault_of(spec, json_object_get(spec, "before"));

	move_member(fault, "edits", spec, "edits");
	if (json_is_true(json_object_get(spec, "abort")))
		json_object_set_new(fault, "drop", json_string("before"));
	return fault;
}

static json_t *drop_fault(const json_t *spec)
{
	json_t *fault = fault_of(spec, spec);

	json_object_set_new(fault, "drop", json_string("before"));
	move_member(fault, "drop", spec, "when");
	return fault;
}

static json_t *kill_fault(const json_t *spec)
{
	json_t *fault = drop_fault(spec);

	/* Without one it would be no kill, but a drop. */
	json_object_set_new(fault, "kill", json_null());
	move_member(fault, "kill", spec, "pid");
	return fault;
}

static json_t *fail_fault(const json_t *spec)
{
	static const char *const names[] = { "status", "code", "message" };
	json_t *fault = fault_of(spec, spec);
	json_t *says = fault;

	if (json_is_true(json_object_get(spec, "async"))) {
		says = json_object();
		json_object_set_new(fault, "operation", says);
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		move_member(says, names[i], spec, names[i]);
	move_member(fault, "retry_after_ms", spec, "retry_after_ms");
	return fault;
}

static const struct {
	const char *name;
	json_t *(*make)(const json_t *);
} short_forms[] = {
	{ "edit", edit_fault },
	{ "drop", drop_fault },
	{ "kill", kill_fault },
	{ "fail", fail_fault },
};

/* Steals `fault_new`. */
static void add_fault(struct emulator *emulator, const struct request *request, json_t *fault_new,
	struct response *response)
{
	bool kills = json_object_get(fault_new, "kill") != NULL;
	const char *why = kills && emulator->options.remote
		? "there is no such process to kill from here"
		: faults_add(&emulator->faults, request->arena, fault_new);

	json_decref(fault_new);
	if (why != NULL)
		refuse(response, 400, "BadFault", "%s", why);
	else if (response->status != 400)
		response_json(response, 200, json_object());
}

static void edit_now(struct emulator *emulator, const json_t *spec, const struct request *request,
	struct response *response)
{
	const json_t *edits = json_object_get(spec, "edits");

	if (!json_is_array(edits)) {
		refuse(response, 400, "BadEdit", "`edits` must be a list");
		return;
	}
	json_t *results = json_array();
	bool made = faults_edit(emulator, request->arena, edits, results);

	response_json(response, made ? 200 : 400, json_pack("{s:o}", "edits", results));
}

static void serve_faults(struct emulator *emulator, const json_t *spec,
	const struct request *request, struct response *response)
{
	json_t *item;
	size_t i;

	if (strcmp(request->method, "GET") == 0) {
		response_json(response, 200,
			json_pack("{s:o}", "faults", faults_told(&emulator->faults)));
		return;
	}
	if (strcmp(request->method, "DELETE") != 0 && !json_is_object(spec) &&
		!json_is_array(spec)) {
		refuse(response, 400, "BadFault", "faults are a list");
		return;
	}
	if (strcmp(request->method, "POST") != 0)
		faults_clear(&emulator->faults);
	response_json(response, 200, json_object());
	if (json_is_object(spec))
		add_fault(emulator, request, json_incref((json_t *)spec), response);
	json_array_foreach ((json_t *)spec, i, item)
		add_fault(emulator, request, json_incref(item), response);
}

static void serve_clock(struct emulator *emulator, const json_t *spec,
	const struct request *request, struct response *response)
{
	const json_t *advance = json_object_get(spec, "advance_ms");
	json_int_t ms = json_integer_value(advance);
	bool put = strcmp(request->method, "PUT") == 0;
	struct request then = *request;

	if (put &&
		(!json_is_integer(advance) || ms < 0 ||
			(uint64_t)ms > HOOKS_CLOCK_MAX_MS - emulator->ahead_ms)) {
		refuse(response, 400, "BadClock",
			"advance_ms is a number of milliseconds, of 100 years in all at most.");
		return;
	}
	emulator->ahead_ms += (uint64_t)ms;
	then.now_ms += (uint64_t)ms;
	operations_settle(&emulator->operations, &emulator->cloud, then.now_ms);
	response_json(response, 200,
		json_pack("{s:s,s:I}", "now",
			identity_time(request->arena, identity_now_s(&emulator->identity, &then)),
			"ahead_ms", (json_int_t)emulator->ahead_ms));
}

/* False when there is nothing by that name to be read. */
static bool tell(struct emulator *emulator, const char *name, struct response *response)
{
	json_t *body = NULL;

	if (strcmp(name, "requests") == 0)
		body = json_pack("{s:o}", "requests", told_records(&emulator->hooks));
	else if (strcmp(name, "cloud") == 0)
		body = cloud_dump(&emulator->cloud);
	else if (strcmp(name, "armed") == 0)
		body = json_pack("{s:I,s:O}", "armed", (json_int_t)emulator->faults.count,
			"refused", emulator->faults.refused);
	else if (strcmp(name, "environment") == 0)
		body = environment_tell(emulator);
	return body != NULL && response_json(response, 200, body);
}

static bool set_up(struct emulator *emulator, const char *name, const json_t *spec,
	const struct request *request, struct response *response)
{
	if (strcmp(name, "revoke") == 0)
		return response_json(response, 200,
			json_pack("{s:I}", "revoked",
				(json_int_t)environment_revoke(emulator, request)));
	for (size_t i = 0; i < ARRAY_LEN(short_forms); i++) {
		if (strcmp(name, short_forms[i].name) != 0)
			continue;
		if (!json_is_object(spec))
			refuse(response, 400, "BadBody", "a map is expected");
		else if (strcmp(name, "edit") == 0 && json_object_get(spec, "before") == NULL)
			edit_now(emulator, spec, request, response);
		else
			add_fault(emulator, request, short_forms[i].make(spec), response);
		return true;
	}
	return false;
}

/* A page of any site may send requests to this machine, and one of them may name a process to end.
 * Browsers say from where such a page is. */
static bool refuses_page(const struct request *request, struct response *response)
{
	if (strcmp(request->method, "GET") == 0 || request_header(request, "origin") == NULL)
		return false;
	refuse(response, 403, "NotFromPages", "Faults are not made from web pages.");
	return true;
}

void hooks_serve(struct emulator *emulator, const char *name, const struct request *request,
	struct response *response)
{
	const char *method = request->method;
	char *why = NULL;
	json_auto_t *spec = json_parse(
		request->arena, request->body, request->body_len, request->body_len, &why);

	operations_settle(&emulator->operations, &emulator->cloud, request->now_ms);
	if (refuses_page(request, response))
		return;
	if (request->body_len > 0 && why != NULL)
		refuse(response, 400, "BadBody", "the body is no JSON: %s", why);
	else if (strcmp(name, "faults") == 0)
		serve_faults(emulator, spec, request, response);
	else if (strcmp(name, "clock") == 0)
		serve_clock(emulator, spec, request, response);
	else if (strcmp(method, "GET") == 0 && tell(emulator, name, response))
		return;
	else if (strcmp(method, "PUT") == 0 && set_up(emulator, name, spec, request, response))
		return;
	else if (strcmp(method, "DELETE") == 0 && strcmp(name, "requests") == 0) {
		emulator->hooks.first = emulator->hooks.end;
		response_json(response, 200, json_object());
	} else {
		refuse(response, 404, "NoSuchHook", "Nothing is known by that name.");
	}
}
