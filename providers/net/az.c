/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/az.h"

#include <string.h>

#include "engine/base/json.h"
#include "providers/net/aadsts.h"
#include "providers/net/process.h"

#define OUT_BYTES ((size_t)1 << 20)
#define ERROR_BYTES ((size_t)64 << 10)
#define ERROR_TOLD 600
#define WORDS_MOST 12

/* Its last line that says something; what comes before are warnings. */
static const char *last_line(struct arena *a, const char *text)
{
	const char *last = "";
	size_t last_len = 0;
	while (*text) {
		size_t len = strcspn(text, "\r\n");
		if (strspn(text, " \t") < len) {
			last = text;
			last_len = len;
		}
		text += len;
		text += strspn(text, "\r\n");
	}
	return arena_strndup(a, last, last_len < ERROR_TOLD ? last_len : ERROR_TOLD);
}

static void clear(struct buf *text)
{
	explicit_bzero(text->data, text->len);
	buf_release(text);
}

/* True with its answer in `process->out`, which is to be cleared either way. */
static bool run(struct arena *a, const char *const *words, const char *const *environment,
	struct process *process, const char **problem)
{
	*process = (struct process){
		.words = words, .environment = environment, .limit_ms = AZ_LIMIT_MS
	};
	buf_init(&process->out, OUT_BYTES);
	buf_init(&process->errors, ERROR_BYTES);
	bool good = process_run(a, process, problem);
	const char *said = last_line(a, process->errors.data);
	clear(&process->errors);
	if (!good)
		*problem = arena_printf(
			a, "az gives no answer: %s%s%s", *problem, *said ? ": " : "", said);
	return good;
}

void az_token(struct arena *a, const struct credential *credential, const char *scope,
	struct token_answer *out)
{
	const char *words[WORDS_MOST] = { credential->az, "account", "get-access-token", "--output",
		"json", "--resource", token_resource(a, scope) };
	if (credential->tenant) {
		words[7] = "--tenant";
		words[8] = credential->tenant;
	}
	struct process process;
	const char *problem = NULL;
	*out = (struct token_answer){ 0 };
	if (run(a, words, credential->environment, &process, &problem)) {
		token_az_read(a, process.out.data, process.out.len, out);
	} else {
		/* A machine without an identity comes here, too. */
		const struct credential az = { .kind = CREDENTIAL_AZ,
			.tenant = credential->tenant };
		out->problem = problem;
		out->help = aadsts_help(a, aadsts_number(problem), &az, NULL);
	}
	clear(&process.out);
}

const char *az_subscription(
	struct arena *a, const char *file, const char *const *environment, const char **problem)
{
	const char *words[] = { file, "account", "show", "--output", "json", NULL };
	struct process process;
	const char *id = NULL;
	char *why = NULL;
	if (run(a, words, environment, &process, problem)) {
		json_auto_t *answer =
			json_parse(a, process.out.data, process.out.len, OUT_BYTES, &why);
		const char *told = json_text_at(answer, "/id");
		id = told ? arena_strdup(a, told) : NULL;
		*problem = id ? NULL : "az names no subscription";
	}
	clear(&process.out);
	return id;
}
