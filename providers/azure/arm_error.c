/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/azure/arm_error.h"

#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/text.h"

#define DEPTH_MOST 6
#define DETAILS_MOST 16 /* of one error */
#define CODE_BYTES 128
#define TARGET_BYTES 512
#define MESSAGE_BYTES 4000

/* Codes that only say that there are details. */
static const char *const empty_codes[] = { "BadRequest", "Canceled", "Conflict", "RetryableError",
	"InvalidRequestFormat", "PreconditionFailed", "MultipleErrorsOccurred", "Failed" };

static const char *const absent_codes[] = { "ResourceNotFound", "NotFound", "ResourceGroupNotFound",
	"ParentResourceNotFound" };

static const struct {
	const char *code;
	enum contention contention;
} contentions[] = {
	{ "AnotherOperationInProgress", CONTENTION_WAIT },
	{ "RetryableError", CONTENTION_WAIT },
	{ "TooManyRequests", CONTENTION_WAIT },
	{ "RetryableErrorDueToAnotherOperation", CONTENTION_WAIT },
	{ "ReferencedResourceNotProvisioned", CONTENTION_WAIT },
	{ "ConflictingConcurrentWriteNotAllowed", CONTENTION_WAIT },
	{ "CanceledAndSupersededDueToAnotherOperation", CONTENTION_WAIT },
	{ "InUseRouteTableCannotBeDeleted", CONTENTION_BRIEF },
	{ "InUseSubnetCannotBeDeleted", CONTENTION_BRIEF },
	{ "InvalidResourceReference", CONTENTION_FEW },
};

struct reading {
	struct arena *arena;
	struct arm_error *error;
	struct buf message;
	const char *detail_code; /* the first code found below the top */
};

/* The value as text: strings, and numbers where a service writes its codes so. */
static const char *as_text(struct arena *arena, const json_t *value, size_t most)
{
	if (json_is_string(value))
		return arena_strndup(arena, json_string_value(value),
			json_string_length(value) < most ? json_string_length(value) : most);
	if (json_is_integer(value))
		return arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return NULL;
}

/* Member names vary in case between services ("Code", "code"). */
static const json_t *member(const json_t *object, const char *name)
{
	json_t *exact = json_object_get(object, name);
	if (exact)
		return exact;
	const char *key = NULL;
	json_t *value = NULL;
	json_object_foreach ((json_t *)object, key, value) {
		if (text_same_nocase(key, name))
			return value;
	}
	return NULL;
}

static bool is_one_of(const char *code, const char *const *codes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text_same_nocase(code, codes[i]))
			return true;
	return false;
}

static void note_code(struct arm_error *error, const char *code)
{
	if (code && *code && error->ncodes < ARM_ERROR_CODES)
		error->codes[error->ncodes++] = code;
}

static void note_message(struct reading *reading, const char *message)
{
	if (!message || !*message || strstr(reading->message.data, message))
		return;
	if (reading->message.len)
		(void)buf_puts(&reading->message, " ");
	(void)buf_puts(&reading->message, message);
}

static void read_details(struct reading *reading, const json_t *details, unsigned depth);

static void read_detail(struct reading *reading, const json_t *detail, unsigned depth)
{
	if (!json_is_object(detail))
		return;
	const char *code = as_text(reading->arena, member(detail, "code"), CODE_BYTES);
	note_code(reading->error, code);
	if (!reading->detail_code && code && *code)
		reading->detail_code = code;
	note_message(reading, as_text(reading->arena, member(detail, "message"), MESSAGE_BYTES));
	if (!reading->error->failure.target)
		reading->error->failure.target =
			as_text(reading->arena, member(detail, "target"), TARGET_BYTES);
	read_details(reading, member(detail, "details"), depth + 1);
}

static void read_details(struct reading *reading, const json_t *details, unsigned depth)
{
	if (depth > DEPTH_MOST)
		return;
	if (json_is_object(details)) {
		read_detail(reading, details, depth);
		return;
	}
	size_t count = json_array_size(details);
	for (size_t i = 0; i < count && i < DETAILS_MOST; i++)
		read_detail(reading, json_array_get(details, i), depth);
}

static void read_inner(struct reading *reading, const json_t *error)
{
	const json_t *inner = member(error, "innererror");
	if (json_is_object(inner))
		read_detail(reading, inner, DEPTH_MOST);
	else if (!reading->message.len)
		note_message(reading, as_text(reading->arena, inner, MESSAGE_BYTES));
}

/* The object that holds code and message: inside `error`, or the body itself. */
static const json_t *find_error(const json_t *body)
{
	const json_t *error = member(body, "error");
	if (json_is_object(error))
		return error;
	if (json_is_object(body) && (member(body, "code") || member(body, "message")))
		return body;
	return NULL;
}

/* Some services put their JSON error into a string, and OAuth's `error` is a bare code. */
static const char *bare_code(struct arena *arena, const json_t *body)
{
	const json_t *error = member(body, "error");
	return json_is_string(error) ? as_text(arena, error, CODE_BYTES) : NULL;
}

void arm_error_read(struct arena *arena, int status, const json_t *body, const char *header_code,
	struct arm_error *out)
{
	*out = (struct arm_error){ .failure.status = status };
	struct reading reading = { .arena = arena, .error = out };
	buf_init(&reading.message, MESSAGE_BYTES);
	const json_t *error = find_error(body);
	const char *code = as_text(arena, member(error, "code"), CODE_BYTES);
	if (!code || !*code)
		code = header_code && *header_code
			? arena_strndup(arena, header_code, strnlen(header_code, CODE_BYTES))
			: bare_code(arena, body);
	note_code(out, code);
	out->failure.target = as_text(arena, member(error, "target"), TARGET_BYTES);
	note_message(&reading, as_text(arena, member(error, "message"), MESSAGE_BYTES));
	read_details(&reading, member(error, "details"), 1);
	read_inner(&reading, error);

	bool says_nothing = !code || !*code || is_one_of(code, empty_codes, ARRAY_LEN(empty_codes));
	if (says_nothing && reading.detail_code)
		code = reading.detail_code;
	if (!code || !*code)
		code = arena_printf(arena, "HTTP%d", status);
	out->failure.code = code;
	if (!reading.message.len)
		(void)buf_printf(&reading.message, "Azure answered %d without saying why", status);
	out->failure.message = arena_strdup(arena, reading.message.data);
	buf_release(&reading.message);
}

bool arm_error_has(const struct arm_error *error, const char *code)
{
	return is_one_of(code, error->codes, error->ncodes);
}

bool arm_error_is_absent(const struct arm_error *error)
{
	return error->failure.status == 404 && error->ncodes > 0 &&
		is_one_of(error->codes[0], absent_codes, ARRAY_LEN(absent_codes));
}

enum contention arm_error_contention(const struct arm_error *error)
{
	for (size_t i = 0; i < ARRAY_LEN(contentions); i++)
		if (arm_error_has(error, contentions[i].code))
			return contentions[i].contention;
	return CONTENTION_NONE;
}

/* The next text in quotes, at most to the end; *text is set behind it. */
static const char *quoted(struct arena *arena, const char **text)
{
	const char *start = strchr(*text, '\'');
	const char *end = start ? strchr(start + 1, '\'') : NULL;
	if (!end)
		return NULL;
	*text = end + 1;
	return arena_strndup(arena, start + 1, (size_t)(end - start - 1));
}

/* The action and scope that stand behind these words of ARM's text; false: they do not. */
static bool told_right(struct arena *arena, const char *text, const char *words,
	const char **action, const char **scope)
{
	const char *at = text ? strstr(text, words) : NULL;
	*action = at ? quoted(arena, &at) : NULL;
	*scope = *action ? quoted(arena, &at) : NULL;
	return *scope != NULL;
}

/* Of a managed application or a deployment stack, as a rule (the text as in Azure's pages). */
static const char *deny_help(struct arena *arena, const struct failure *failure)
{
	const char *action, *scope;
	if (!told_right(arena, failure->message, "permission to perform action", &action, &scope))
		return "a deny assignment forbids it, whatever the roles: ask who made it";
	return arena_printf(arena,
		"a deny assignment forbids `%s` on `%s`, whatever the roles: ask who made it",
		action, scope);
}

/* Which action on which scope is lacking, as ARM's text tells it. NULL when the code is none of a
 * missing right. */
static const char *right_help(struct arena *arena, const struct failure *failure)
{
	static const char *const starts[] = { "not have authorization to perform action",
		"not have permission to perform action" };
	if (failure->code && strcmp(failure->code, "DenyAssignmentAuthorizationFailed") == 0)
		return deny_help(arena, failure);
	bool linked = failure->code && strcmp(failure->code, "LinkedAuthorizationFailed") == 0;
	if (!failure->code || (!linked && strcmp(failure->code, "AuthorizationFailed") != 0))
		return NULL;
	const char *action = NULL, *scope = NULL;
	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (told_right(arena, failure->message, starts[i], &action, &scope))
			break;
	if (scope)
		return arena_printf(arena,
			"give the principal a role with `%s` on `%s`, or wait a few minutes when "
			"it was just given",
			action, scope);
	return linked ? "the principal also needs rights on the resource that is referred to"
		      : "give the principal a role that allows it, or wait a few minutes when it "
			"was just given";
}

const char *arm_error_help(struct arena *arena, const struct failure *failure)
{
	const char *code = failure->code;
	static const struct {
		const char *code, *help;
	} known[] = {
		{ "foreign-url", "tokens go to the configured cloud alone: check --cloud" },
		{ "SubscriptionNotFound", "check the subscription, and that we may see it" },
		{ "ScopeLocked", "a management lock forbids it: remove the lock first" },
	};
	for (size_t i = 0; code && i < ARRAY_LEN(known); i++)
		if (strcmp(code, known[i].code) == 0)
			return known[i].help;
	return right_help(arena, failure);
}
