/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/faults.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/base/yaml.h"
#include "providers/emulator/emulator.h"

struct fault {
	json_t *spec; /* as it was sent */
	json_int_t nth, every;
	json_int_t times; /* that it may spring still; -1: without end */
	json_int_t seen, sprung;
};

void faults_init(struct faults *faults)
{
	*faults = (struct faults){ NULL, 0, json_array() };
}

void faults_clear(struct faults *faults)
{
	for (size_t i = 0; i < faults->count; i++)
		json_decref(faults->items[i].spec);
	faults->count = 0;
}

void faults_release(struct faults *faults)
{
	faults_clear(faults);
	free(faults->items);
	json_decref(faults->refused);
}

static bool is_number(const json_t *value, json_int_t least, json_int_t most)
{
	return json_is_integer(value) && json_integer_value(value) >= least &&
		json_integer_value(value) <= most;
}

/* As a header may have it: nothing that ends it, nothing that is no text. */
static bool are_headers(const json_t *value)
{
	const char *name, *c;
	json_t *text;

	if (!json_is_object(value))
		return false;
	json_object_foreach ((json_t *)value, name, text) {
		if (name[0] == '\0' ||
			name[strspn(name,
				"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
				"mnopqrstuvwxyz0123456789-_")] != '\0')
			return false;
		if (!json_is_string(text) && !json_is_integer(text))
			return false;
		for (c = json_string_value(text); c != NULL && *c != '\0'; c++) {
			if ((unsigned char)*c < ' ' || *c == 0x7f)
				return false;
		}
	}
	return true;
}

static bool is_operation(const json_t *value)
{
	const char *state = json_text_at(value, "/state");
	const json_t *status = json_object_get(value, "status");

	return json_is_object(value) &&
		(state == NULL || strcmp(state, "Failed") == 0 || strcmp(state, "Canceled") == 0) &&
		(status == NULL || is_number(status, 400, 599));
}

static bool is_drop(const json_t *value)
{
	const char *when = json_string_value(value);

	return when != NULL && (strcmp(when, "before") == 0 || strcmp(when, "after") == 0);
}

static bool is_wait(const json_t *value)
{
	return is_number(value, 0, FAULT_WAIT_MAX_MS);
}

static bool is_status(const json_t *value)
{
	return is_number(value, 200, 599);
}

static bool is_count(const json_t *value)
{
	return is_number(value, 1, INT32_MAX);
}

static bool is_size(const json_t *value)
{
	return is_number(value, 0, INT32_MAX);
}

static bool is_process(const json_t *value)
{
	return is_number(value, 2, INT32_MAX);
}

static bool is_text(const json_t *value)
{
	return json_is_string(value);
}

static bool is_list(const json_t *value)
{
	return json_is_array(value);
}

static bool is_flag(const json_t *value)
{
	return json_is_boolean(value);
}

static bool is_any(const json_t *value)
{
	return value != NULL;
}

static const struct {
	const char *name;
	bool (*fits)(const json_t *);
	const char *must; /* what it must be */
	bool acts;        /* does something; the others say when */
} members[] = {
	{ "method", is_text, "a text", false },
	{ "path", is_text, "a text", false },
	{ "contains", is_text, "a text", false },
	{ "nth", is_count, "a number from 1", false },
	{ "every", is_count, "a number from 1", false },
	{ "times", is_count, "a number from 1", false },
	{ "delay", is_wait, "a number of milliseconds, an hour at most", true },
	{ "edits", is_list, "a list", true },
	{ "status", is_status, "a number from 200 to 599", true },
	{ "code", is_text, "a text", false },
	{ "message", is_text, "a text", false },
	{ "headers", are_headers, "a map from names to texts or numbers", false },
	{ "retry_after_ms", is_wait, "a number of milliseconds, an hour at most", false },
	{ "body", is_any, "given", false },
	{ "operation", is_operation, "a map: `state` Failed or Canceled, `status` from 400 to 599",
		true },
	{ "cut", is_size, "a number of bytes", true },
	{ "drop", is_drop, "`before` or `after`", true },
	{ "never", is_flag, "true or false", true },
	{ "kill", is_process, "the id of a process", true },
};

/* NULL when it is one. */
static const char *why_not(struct arena *arena, const json_t *spec)
{
	bool acts = false;
	const char *name;
	json_t *value;

	if (!json_is_object(spec))
		return "a fault is a map";
	json_object_foreach ((json_t *)spec, name, value) {
		size_t i = 0;

		while (i < ARRAY_LEN(members) && strcmp(members[i].name, name) != 0)
			i++;
		if (i == ARRAY_LEN(members))
			return arena_printf(arena, "`%s` is no member of a fault", name);
		if (!members[i].fits(value))
			return arena_printf(arena, "`%s` must be %s", name, members[i].must);
		acts = acts || members[i].acts;
	}
	return acts ? NULL : "the fault does nothing";
}

static json_int_t number_of(const json_t *spec, const char *name, json_int_t usual)
{
	const json_t *value = json_object_get(spec, name);

	return value != NULL ? json_integer_value(value) : usual;
}

const char *faults_add(struct faults *faults, struct arena *arena, const json_t *spec)
{
	const char *why = why_not(arena, spec);
	bool counted = json_object_get(spec, "nth") != NULL;

	if (why == NULL && faults->count == FAULTS_MAX)
		why = "there are too many faults";
	if (why != NULL)
		return why;
	faults->items = mem_realloc(faults->items, (faults->count + 1) * sizeof(*faults->items));
	faults->items[faults->count++] = (struct fault){
		.spec = json_deep_copy(spec),
		.nth = number_of(spec, "nth", 1),
		.every = number_of(spec, "every", 1),
		.times = number_of(spec, "times", counted ? 1 : -1),
	};
	return NULL;
}

bool faults_load(struct faults *faults, const char *path, struct diags *diags)
{
	struct yaml *yaml = yaml_load(diags->arena, path, diags);
	const json_t *list = yaml != NULL ? yaml_value(yaml) : NULL;
	bool good = yaml != NULL;
	json_t *spec;
	size_t i;

	if (good && !json_is_array(list))
		return diag_error(
			diags, yaml_place(yaml, "", YAML_VALUE), "bad-fault", "faults are a list");
	json_array_foreach ((json_t *)list, i, spec) {
		const char *why = faults_add(faults, diags->arena, spec);

		if (why == NULL && json_object_get(spec, "kill") != NULL)
			why = "a file ends no process";
		if (why != NULL)
			good = diag_error(diags,
				yaml_place(
					yaml, pointer_add_index(diags->arena, "", i), YAML_VALUE),
				"bad-fault", "%s", why);
	}
	return good;
}

json_t *faults_told(const struct faults *faults)
{
	json_t *out = json_array();

	for (size_t i = 0; i < faults->count; i++) {
		const struct fault *fault = &faults->items[i];
		json_t *told = json_copy(fault->spec);

		json_object_set_new(told, "seen", json_integer(fault->seen));
		json_object_set_new(told, "sprung", json_integer(fault->sprung));
		json_array_append_new(out, told);
	}
	return out;
}

bool faults_edit(
	struct emulator *emulator, struct arena *arena, const json_t *edits, json_t *results)
{
	bool good = true;
	json_t *edit;
	size_t i;

	json_array_foreach ((json_t *)edits, i, edit) {
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

/* One way on from each star is enough: the last one may always take what an earlier one would. */
static bool glob_matches(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static bool matches(const struct fault *fault, const struct request *request)
{
	const char *method = json_text_at(fault->spec, "/method");
	const char *path = json_text_at(fault->spec, "/path");
	const char *part = json_text_at(fault->spec, "/contains");
	struct arena *arena = request->arena;

	if (method != NULL && strcmp(method, request->method) != 0)
		return false;
	if (path != NULL &&
		!glob_matches(text_lower(arena, path), text_lower(arena, request->path)))
		return false;
	return part == NULL ||
		strstr(text_lower(arena, request->url), text_lower(arena, part)) != NULL;
}

static void answer(const json_t *spec, const struct request *request, struct response *response)
{
	const json_t *body = json_object_get(spec, "body");
	const char *code = json_text_at(spec, "/code"), *message = json_text_at(spec, "/message");
	unsigned status = (unsigned)json_integer_value(json_object_get(spec, "status"));
	const char *name;
	json_t *value;

	if (json_is_string(body)) {
		response_json(response, status, NULL);
		response->raw = arena_strdup(request->arena, json_string_value(body));
	} else if (body != NULL) {
		response_json(response, status, json_deep_copy(body));
	} else {
		refuse(response, status, code != NULL ? code : "InternalServerError", "%s",
			message != NULL ? message : "Made by a test.");
	}
	json_object_foreach (json_object_get(spec, "headers"), name, value) {
		const char *kept = arena_strdup(request->arena, name);

		if (json_is_string(value))
			response_header(response, kept, "%s", json_string_value(value));
		else
			response_header(
				response, kept, "%lld", (long long)json_integer_value(value));
	}
	if (json_object_get(spec, "retry_after_ms") != NULL)
		operation_retry_headers(response,
			(uint64_t)json_integer_value(json_object_get(spec, "retry_after_ms")));
}

static const struct scripted_failure *failure_of(struct arena *arena, const json_t *operation)
{
	struct scripted_failure *failure = ARENA_NEW(arena, struct scripted_failure);
	const char *state = json_text_at(operation, "/state");
	const char *code = json_text_at(operation, "/code");
	const char *message = json_text_at(operation, "/message");

	failure->canceled = state != NULL && strcmp(state, "Canceled") == 0;
	failure->status = (unsigned)number_of(operation, "status", failure->canceled ? 409 : 500);
	failure->code = arena_strdup(arena,
		code != NULL                ? code
			: failure->canceled ? "Canceled"
					    : "InternalServerError");
	failure->message = arena_strdup(arena, message != NULL ? message : "Made by a test.");
	return failure;
}

static void spring(struct emulator *emulator, const json_t *spec, const struct request *request,
	struct response *response, struct faults_verdict *verdict)
{
	const json_t *edits = json_object_get(spec, "edits"), *cut = json_object_get(spec, "cut");
	const json_t *operation = json_object_get(spec, "operation");
	const char *drop = json_text_at(spec, "/drop");
	bool after = drop != NULL && strcmp(drop, "after") == 0;
	pid_t pid = (pid_t)number_of(spec, "kill", 0);
	uint64_t delay_ms = (uint64_t)number_of(spec, "delay", 0);
	json_auto_t *results = json_array();

	if (delay_ms > 0)
		response->until_ms =
			delay_ms + (response->until_ms > 0 ? response->until_ms : request->now_ms);
	if (edits != NULL && !faults_edit(emulator, request->arena, edits, results))
		json_array_append(emulator->faults.refused, results);
	if (operation != NULL)
		verdict->failure = failure_of(request->arena, operation);
	if (json_object_get(spec, "status") != NULL) {
		answer(spec, request, response);
		verdict->serve = false;
	}
	if (cut != NULL) {
		response->cut = true;
		response->cut_bytes = (size_t)json_integer_value(cut);
	}
	response->never = response->never || json_is_true(json_object_get(spec, "never"));
	if (pid > 0 && after)
		verdict->kill_after = pid;
	else if (pid > 0)
		(void)kill(pid, SIGKILL);
	verdict->drop_after = verdict->drop_after || after;
	if (drop != NULL && !after) {
		response->dropped = true;
		verdict->serve = false;
	}
}

/* Whether it springs at this match of it. */
static bool is_due(struct fault *fault)
{
	fault->seen++;
	if (fault->times == 0 || fault->seen < fault->nth ||
		(fault->seen - fault->nth) % fault->every != 0)
		return false;
	fault->sprung++;
	if (fault->times > 0)
		fault->times--;
	return true;
}

struct faults_verdict faults_before(
	struct emulator *emulator, const struct request *request, struct response *response)
{
	struct faults_verdict verdict = { .serve = true };
	struct faults *faults = &emulator->faults;
	size_t left = 0;

	for (size_t i = 0; i < faults->count; i++) {
		struct fault *fault = &faults->items[i];

		if (matches(fault, request) && is_due(fault))
			spring(emulator, fault->spec, request, response, &verdict);
		if (fault->times != 0)
			faults->items[left++] = *fault;
		else
			json_decref(fault->spec);
	}
	faults->count = left;
	return verdict;
}

void faults_after(const struct faults_verdict *verdict, struct response *response)
{
	if (verdict->drop_after)
		response->dropped = true;
	if (verdict->kill_after > 0)
		(void)kill(verdict->kill_after, SIGKILL);
}
