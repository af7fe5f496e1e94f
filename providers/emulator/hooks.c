/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/hooks.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/emulator.h"
#include "providers/emulator/environment.h"

#define TRAPS_MAX 1000

struct trap {
	const struct trap_kind *kind;
	json_int_t left; /* matching requests until it springs; 0 when it has */
	json_t *spec;    /* as it was sent */
};

typedef void spring_fn(struct emulator *, const json_t *spec, const struct request *,
	struct response *, struct hooks_verdict *);

struct trap_kind {
	const char *name;
	const char *filter; /* where "method" and "path" stand */
	spring_fn *spring;
};

void hooks_init(struct hooks *hooks)
{
	*hooks = (struct hooks){ json_array(), json_array(), NULL, 0, emulator_clock_ms() };
}

static void hooks_clear(struct hooks *hooks)
{
	for (size_t i = 0; i < hooks->ntraps; i++)
		json_decref(hooks->traps[i].spec);
	hooks->ntraps = 0;
}

void hooks_release(struct hooks *hooks)
{
	hooks_clear(hooks);
	free(hooks->traps);
	json_decref(hooks->recorded);
	json_decref(hooks->refused);
}

/* Makes the edits; false and in *results what was answered when one is refused. */
static bool make_edits(
	struct emulator *emulator, struct arena *arena, const json_t *spec, json_t *results)
{
	bool good = true;
	json_t *edit;
	size_t i;

	json_array_foreach (json_object_get(spec, "edits"), i, edit) {
		const char *method = json_text_at(edit, "/method");
		const char *id = json_text_at(edit, "/id");
		struct response response;
		bool made = emulator_change(emulator, arena, method != NULL ? method : "PUT",
			id != NULL ? id : "", json_object_get(edit, "body"), &response);

		json_array_append_new(results,
			json_pack("{s:i,s:O*}", "status", (int)response.status, "body",
				response.body));
		good = good && made;
	}
	return good;
}

static void cut(struct response *response, struct hooks_verdict *verdict)
{
	response->dropped = true;
	verdict->serve = false;
}

static void spring_edit(struct emulator *emulator, const json_t *spec,
	const struct request *request, struct response *response, struct hooks_verdict *verdict)
{
	json_t *results = json_array();

	if (!make_edits(emulator, request->arena, spec, results))
		json_array_append(emulator->hooks.refused, results);
	json_decref(results);
	if (json_is_true(json_object_get(spec, "abort")))
		cut(response, verdict);
}

static bool is_after(const json_t *spec)
{
	const char *when = json_text_at(spec, "/when");

	return when != NULL && strcmp(when, "after") == 0;
}

static void spring_drop(struct emulator *emulator, const json_t *spec,
	const struct request *request, struct response *response, struct hooks_verdict *verdict)
{
	(void)emulator;
	(void)request;
	if (is_after(spec))
		verdict->drop_after = true;
	else
		cut(response, verdict);
}

static void spring_kill(struct emulator *emulator, const json_t *spec,
	const struct request *request, struct response *response, struct hooks_verdict *verdict)
{
	pid_t pid = (pid_t)json_integer_value(json_object_get(spec, "pid"));

	if (is_after(spec))
		verdict->kill_after = pid;
	else
		(void)kill(pid, SIGKILL);
	spring_drop(emulator, spec, request, response, verdict);
}

static void spring_fail(struct emulator *emulator, const json_t *spec,
	const struct request *request, struct response *response, struct hooks_verdict *verdict)
{
	struct scripted_failure *failure = ARENA_NEW(request->arena, struct scripted_failure);
	const char *code = json_text_at(spec, "/code"), *message = json_text_at(spec, "/message");
	json_int_t status = json_integer_value(json_object_get(spec, "status"));
	const json_t *retry = json_object_get(spec, "retry_after_ms");

	(void)emulator;
	failure->status = status >= 400 && status < 600 ? (unsigned)status : 500;
	failure->code = arena_strdup(request->arena, code != NULL ? code : "InternalServerError");
	failure->message =
		arena_strdup(request->arena, message != NULL ? message : "Made by a test.");
	if (json_is_true(json_object_get(spec, "async"))) {
		verdict->failure = failure;
		return;
	}
	refuse(response, failure->status, failure->code, "%s", failure->message);
	if (json_is_integer(retry))
		operation_retry_headers(response, (uint64_t)json_integer_value(retry));
	verdict->serve = false;
}

static const struct trap_kind trap_kinds[] = {
	{ "edit", "before", spring_edit },
	{ "drop", NULL, spring_drop },
	{ "kill", NULL, spring_kill },
	{ "fail", NULL, spring_fail },
};

static bool trap_matches(const struct trap *trap, const struct request *request)
{
	const json_t *filter = trap->kind->filter != NULL
		? json_object_get(trap->spec, trap->kind->filter)
		: trap->spec;
	const char *method = json_text_at(filter, "/method"), *path = json_text_at(filter, "/path");

	if (method != NULL && strcmp(method, request->method) != 0)
		return false;
	return path == NULL ||
		strstr(text_lower(request->arena, request->url),
			text_lower(request->arena, path)) != NULL;
}

struct hooks_verdict hooks_before(
	struct emulator *emulator, const struct request *request, struct response *response)
{
	struct hooks_verdict verdict = { .serve = true };
	struct hooks *hooks = &emulator->hooks;
	size_t left = 0;

	for (size_t i = 0; i < hooks->ntraps; i++) {
		struct trap *trap = &hooks->traps[i];

		if (trap_matches(trap, request) && --trap->left == 0)
			trap->kind->spring(emulator, trap->spec, request, response, &verdict);
		if (trap->left > 0)
			hooks->traps[left++] = *trap;
		else
			json_decref(trap->spec);
	}
	hooks->ntraps = left;
	return verdict;
}

void hooks_after(const struct hooks_verdict *verdict, struct response *response)
{
	if (verdict->drop_after)
		response->dropped = true;
	if (verdict->kill_after > 0)
		(void)kill(verdict->kill_after, SIGKILL);
}

void hooks_record(
	struct hooks *hooks, const struct request *request, const struct response *response)
{
	uint64_t now = emulator_clock_ms();

	if (json_array_size(hooks->recorded) >= HOOKS_RECORDED_MAX)
		json_array_remove(hooks->recorded, 0);
	json_array_append_new(hooks->recorded,
		json_pack("{s:s,s:s,s:i,s:I,s:I}", "method", request->method, "path", request->url,
			"status", response->dropped ? 0 : (int)response->status, "ms",
			(json_int_t)(now - request->arrived_ms), "at",
			(json_int_t)(now - hooks->began_ms)));
}

static void arm_trap(struct emulator *emulator, const struct trap_kind *kind, json_t *spec,
	struct response *response)
{
	struct hooks *hooks = &emulator->hooks;
	const json_t *nth = json_object_get(spec, "nth");
	json_int_t left = json_is_integer(nth) ? json_integer_value(nth) : 1;

	if (left < 1 || hooks->ntraps >= TRAPS_MAX) {
		refuse(response, 400, "BadTrap",
			"nth is not positive, or there are too many traps.");
		return;
	}
	hooks->traps = mem_realloc(hooks->traps, (hooks->ntraps + 1) * sizeof(*hooks->traps));
	hooks->traps[hooks->ntraps++] = (struct trap){ kind, left, json_incref(spec) };
	response_json(response, 200, json_object());
}

/* Whether the body says what its kind needs; makes edits that wait for nothing at once. */
static void set_trap(struct emulator *emulator, const struct trap_kind *kind, json_t *spec,
	const struct request *request, struct response *response)
{
	json_int_t pid = json_integer_value(json_object_get(spec, "pid"));

	if (kind->spring == spring_kill && (pid <= 1 || emulator->options.remote)) {
		refuse(response, 400, "BadTrap", "There is no such process to kill from here.");
	} else if (kind->spring == spring_edit && json_object_get(spec, "before") == NULL) {
		json_t *results = json_array();
		bool made = make_edits(emulator, request->arena, spec, results);

		response_json(response, made ? 200 : 400, json_pack("{s:o}", "edits", results));
	} else {
		arm_trap(emulator, kind, spec, response);
	}
}

void hooks_serve(struct emulator *emulator, const char *name, const struct request *request,
	struct response *response)
{
	struct hooks *hooks = &emulator->hooks;
	bool get = strcmp(request->method, "GET") == 0;
	char *why = NULL;

	operations_settle(&emulator->operations, &emulator->cloud, request->now_ms);
	if (strcmp(name, "requests") == 0 && get) {
		response_json(response, 200, json_pack("{s:O}", "requests", hooks->recorded));
		return;
	}
	if (strcmp(name, "requests") == 0 && strcmp(request->method, "DELETE") == 0) {
		json_array_clear(hooks->recorded);
		response_json(response, 200, json_object());
		return;
	}
	if (strcmp(name, "cloud") == 0 && get) {
		response_json(response, 200, cloud_dump(&emulator->cloud));
		return;
	}
	if (strcmp(name, "armed") == 0 && get) {
		response_json(response, 200,
			json_pack("{s:I,s:O}", "armed", (json_int_t)hooks->ntraps, "refused",
				hooks->refused));
		return;
	}
	if (strcmp(name, "environment") == 0 && get) {
		response_json(response, 200, environment_tell(emulator));
		return;
	}
	if (strcmp(name, "revoke") == 0 && strcmp(request->method, "PUT") == 0) {
		response_json(response, 200,
			json_pack("{s:I}", "revoked",
				(json_int_t)environment_revoke(emulator, request)));
		return;
	}
	json_auto_t *spec = json_parse(
		request->arena, request->body, request->body_len, request->body_len, &why);
	for (size_t i = 0; i < ARRAY_LEN(trap_kinds); i++) {
		if (strcmp(name, trap_kinds[i].name) == 0 && json_is_object(spec)) {
			set_trap(emulator, &trap_kinds[i], spec, request, response);
			return;
		}
	}
	refuse(response, 404, "NoSuchHook", "%s",
		why != NULL ? why : "Nothing is known by that name.");
}
