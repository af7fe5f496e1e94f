/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/options.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/waybill/habits.h"
#include "engine/base/text.h"

#define HOUR_MS (60L * 60 * 1000)

const struct option_row option_rows[OPTION_COUNT] = {
	[OPTION_FILE] = { .name = "file",
		.letter = 'f',
		.kind = OPTION_TEXTS,
		.value = "FILE|DIR",
		.help = "configuration to read; a later one overrides an earlier one (default: .)",
		.names_file = true },
	[OPTION_VAR] = { .name = "var",
		.kind = OPTION_TEXTS,
		.value = "NAME=VALUE",
		.help = "value of a variable; WAYBILL_VAR_name also sets one" },
	[OPTION_VAR_FILE] = { .name = "var-file",
		.kind = OPTION_TEXTS,
		.value = "FILE",
		.help = "values of variables, in YAML or JSON",
		.names_file = true },
	[OPTION_ALLOW_ENV] = { .name = "allow-env",
		.kind = OPTION_TEXTS,
		.value = "NAME",
		.help = "let the configuration read this environment variable" },
	[OPTION_STATE] = { .name = "state",
		.kind = OPTION_TEXT,
		.value = "FILE",
		.help = "what Waybill knows (default: waybill.db)",
		.names_file = true },
	[OPTION_BACKEND_ACCOUNT] = { .name = "backend-account",
		.kind = OPTION_TEXT,
		.value = "NAME",
		.help = "the only storage account in which the state may be" },
	[OPTION_BACKEND_ENDPOINT] = { .name = "backend-endpoint",
		.kind = OPTION_TEXT,
		.value = "URL",
		.help = "an emulator of Azure Storage in place of the cloud's, on this machine" },
	[OPTION_CLOUD] = { .name = "cloud",
		.kind = OPTION_TEXT,
		.value = "CLOUD",
		.help = "public, usgovernment, china, emulator, or the URL of a cloud or of a "
			"running emulator (default: public)",
		.choices = "public usgovernment china emulator" },
	[OPTION_KUBECONFIG] = { .name = "kubeconfig",
		.kind = OPTION_TEXT,
		.value = "FILE",
		.help = "where node sets of live clusters find them (default: KUBECONFIG)",
		.names_file = true },
	[OPTION_ALLOW_EXEC] = { .name = "allow-exec",
		.kind = OPTION_SWITCH,
		.help = "let the kubeconfig run a plugin that signs in" },
	[OPTION_LOCK_TIMEOUT] = { .name = "lock-timeout",
		.kind = OPTION_DURATION,
		.value = "DURATION",
		.help = "how long to wait for another run to end (default: 0s)",
		.most = 24 * HOUR_MS },
	[OPTION_MERGED] = { .name = "merged",
		.kind = OPTION_SWITCH,
		.help = "print the merged configuration" },
	[OPTION_CHECK] = { .name = "check",
		.kind = OPTION_SWITCH,
		.help = "write nothing; exit with 3 when a file would be rewritten" },
	[OPTION_DIFF] = { .name = "diff",
		.kind = OPTION_SWITCH,
		.help = "write nothing; show what would be rewritten" },
	[OPTION_OUT] = { .name = "out",
		.kind = OPTION_TEXT,
		.value = "FILE",
		.help = "save the plan for `waybill apply FILE`",
		.names_file = true },
	[OPTION_DETAILED_EXITCODE] = { .name = "detailed-exitcode",
		.kind = OPTION_SWITCH,
		.help = "exit with 2 when there are changes" },
	[OPTION_DESTROY] = { .name = "destroy",
		.kind = OPTION_SWITCH,
		.help = "plan to delete all that is ours" },
	[OPTION_ADOPT] = { .name = "adopt",
		.kind = OPTION_TEXTS,
		.value = "ADDRESS",
		.help = "take over a declared resource that exists and is not ours" },
	[OPTION_TARGET] = { .name = "target",
		.kind = OPTION_TEXTS,
		.value = "ADDRESS",
		.help = "plan this alone, with what is inside it and what it needs" },
	[OPTION_REPLACE] = { .name = "replace",
		.kind = OPTION_TEXTS,
		.value = "ADDRESS",
		.help = "delete a resource and create it anew" },
	[OPTION_DELETE_FOREIGN] = { .name = "delete-foreign",
		.kind = OPTION_TEXTS,
		.value = "ADDRESS",
		.help = "delete this even with things of others inside" },
	[OPTION_REFRESH] = { .name = "refresh",
		.kind = OPTION_CHOICE,
		.value = "true|false|only",
		.help = "read what stands in the cloud; false trusts the state; only looks for "
			"drift (default: true)",
		.choices = "true false only" },
	[OPTION_MAX_DELETES] = { .name = "max-deletes",
		.kind = OPTION_NUMBER,
		.value = "N",
		.help = "allow a plan that deletes much, up to N",
		.most = 10000000 },
	[OPTION_ALL] = { .name = "all", .kind = OPTION_SWITCH, .help = "all there is" },
	[OPTION_ALLOW_UNREACHABLE] = { .name = "allow-unreachable",
		.kind = OPTION_SWITCH,
		.help = "allow a plan after which pods lose each other" },
	[OPTION_REGISTER_PROVIDERS] = { .name = "register-providers",
		.kind = OPTION_SWITCH,
		.help = "register the subscription for what it is not registered for, and go on" },
	[OPTION_LIMITS] = { .name = "limits",
		.kind = OPTION_SWITCH,
		.help = "ask Azure how many tables and routes there may be, and judge by it" },
	[OPTION_FORMAT] = { .name = "format",
		.kind = OPTION_TEXT,
		.value = "FORMAT",
		.help = "form of what is printed",
		.choices = "text json dot mermaid svg" },
	[OPTION_AUTO_APPROVE] = { .name = "auto-approve",
		.kind = OPTION_SWITCH,
		.help = "do not ask" },
	[OPTION_EXPECT] = { .name = "expect",
		.kind = OPTION_TEXT,
		.value = "ID",
		.help = "do not ask, and apply only the plan with this id" },
	[OPTION_PARALLELISM] = { .name = "parallelism",
		.kind = OPTION_NUMBER,
		.value = "N",
		.help = "writes at once (default: 10)",
		.least = 1,
		.most = 256 },
	[OPTION_GRACE] = { .name = "grace",
		.kind = OPTION_DURATION,
		.value = "DURATION",
		.help = "after an interrupt, how long what is under way may take to end "
			"(default: 5s)",
		.most = HOUR_MS },
	[OPTION_CONFIRM_WITHIN] = { .name = "confirm-within",
		.kind = OPTION_DURATION,
		.value = "DURATION",
		.help = "put the changed tables back unless somebody confirms so soon after the "
			"last write",
		.least = 1000,
		.most = 24 * HOUR_MS },
	[OPTION_FROM] = { .name = "from",
		.kind = OPTION_TEXT,
		.value = "NODE",
		.help = "the node that sends; SET/NODE where two have one name" },
	[OPTION_TO] = { .name = "to",
		.kind = OPTION_TEXT,
		.value = "NODE",
		.help = "the node whose pods are to be reached" },
	[OPTION_NOW] = { .name = "now",
		.kind = OPTION_SWITCH,
		.help = "judge what stands, not what an apply would leave" },
	[OPTION_EFFECTIVE] = { .name = "effective",
		.kind = OPTION_SWITCH,
		.help = "compare with the routes that Azure itself tells of running network "
			"interfaces" },
	[OPTION_FORCE] = { .name = "force",
		.kind = OPTION_SWITCH,
		.help = "restore or push over another state, or over writes that are not settled" },
	[OPTION_BODY] = { .name = "body",
		.kind = OPTION_TEXT,
		.value = "JSON|@FILE|@-",
		.help = "what is sent; @- is stdin" },
	[OPTION_HEADER] = { .name = "header",
		.letter = 'H',
		.kind = OPTION_TEXTS,
		.value = "NAME:VALUE",
		.help = "a header of the request; never one that signs in" },
	[OPTION_QUERY] = { .name = "query",
		.kind = OPTION_TEXTS,
		.value = "NAME=VALUE",
		.help = "one more parameter of the URL" },
	[OPTION_POLL] = { .name = "poll",
		.kind = OPTION_SWITCH,
		.help = "wait for the end of a long-running operation" },
	[OPTION_POLL_INTERVAL] = { .name = "poll-interval",
		.kind = OPTION_NUMBER,
		.value = "SECONDS",
		.help = "ask for the end so often, whatever Azure asks for",
		.least = 1,
		.most = 3600 },
	[OPTION_FINAL_STATE_VIA] = { .name = "final-state-via",
		.kind = OPTION_CHOICE,
		.value = "PLACE",
		.help = "where the result of a long-running operation is, if not in the usual "
			"place: azure-async-operation, location or original-uri",
		.choices = "azure-async-operation location original-uri" },
	[OPTION_ITEMS] = { .name = "items",
		.kind = OPTION_TEXT,
		.value = "MEMBER",
		.help = "where a page has its items (default: value)" },
	[OPTION_NEXT] = { .name = "next",
		.kind = OPTION_TEXT,
		.value = "MEMBER",
		.help = "where a page has the URL of the next (default: nextLink)" },
	[OPTION_INCLUDE] = { .name = "include",
		.kind = OPTION_SWITCH,
		.help = "show status and headers before the body" },
	[OPTION_JSON] = { .name = "json",
		.kind = OPTION_SWITCH,
		.help = "print one JSON document, diagnostics included" },
	[OPTION_NO_COLOR] = { .name = "no-color",
		.kind = OPTION_SWITCH,
		.help = "no colours; NO_COLOR does the same" },
	[OPTION_LOG_LEVEL] = { .name = "log-level",
		.kind = OPTION_CHOICE,
		.value = "LEVEL",
		.help = "what to tell of requests on stderr: error, warn, info, debug or trace "
			"(default: warn)",
		.choices = "error warn info debug trace" },
	[OPTION_RECORD] = { .name = "record",
		.kind = OPTION_TEXT,
		.value = "FILE",
		.help = "write all requests and answers as a HAR, without secrets and tokens",
		.names_file = true },
	[OPTION_HELP] = { .name = "help",
		.letter = 'h',
		.kind = OPTION_SWITCH,
		.help = "show this help" },
	[OPTION_VERSION] = { .name = "version",
		.kind = OPTION_SWITCH,
		.help = "print the version (in place of a command)" },
};

const char *environment_get(const char *const *environment, const char *name)
{
	size_t len = strlen(name);
	for (; environment && *environment; environment++) {
		if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
			return (*environment)[len + 1] ? *environment + len + 1 : NULL;
	}
	return NULL;
}

char *option_variable(struct arena *a, const struct option_row *row)
{
	char *name = arena_printf(a, "WAYBILL_%s", row->name);
	for (char *c = name; *c; c++) {
		if (*c == '-')
			*c = '_';
		else if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	}
	return name;
}

/* A decimal number, and what stands behind it in *rest; false for none, or one out of long. */
static bool read_number(const char *text, long *out, const char **rest)
{
	if (*text < '0' || *text > '9')
		return false;
	char *end = NULL;
	errno = 0;
	*out = strtol(text, &end, 10);
	*rest = end;
	return errno == 0;
}

static bool is_choice(const char *choices, const char *text)
{
	size_t len = strlen(text);
	for (const char *at = choices; *at && len; at += strcspn(at, " "), at += *at == ' ') {
		if (strcspn(at, " ") == len && strncmp(at, text, len) == 0)
			return true;
	}
	return false;
}

static const char see_help[] = "`waybill COMMAND --help` shows what each option takes";

static bool refuse(struct diags *diags, const char *called, const char *text, const char *wants)
{
	(void)diag_error(
		diags, PLACE_NONE, "option-value", "`%s` takes %s, not `%s`", called, wants, text);
	diag_help(diags, "%s", see_help);
	return false;
}

static bool set_bounded(struct option_value *value, const struct option_row *row,
	const char *called, const char *text, struct diags *diags)
{
	const char *rest = "";
	bool duration = row->kind == OPTION_DURATION;
	bool good = duration ? text_duration(text, &value->number)
			     : read_number(text, &value->number, &rest);
	if (!good || *rest || value->number < row->least || value->number > row->most) {
		(void)refuse(diags, called, text,
			duration ? "a duration such as 500ms, 30s or 5m" : "a number");
		if (!duration)
			diag_help(diags, "a number from %ld to %ld", row->least, row->most);
		return false;
	}
	return true;
}

/* `called` is what the user wrote: the option or its variable. */
static bool set(struct arena *a, struct option_value *value, enum option_id id, const char *called,
	const char *text, struct diags *diags)
{
	const struct option_row *row = &option_rows[id];
	value->given = true;
	switch (row->kind) {
	case OPTION_SWITCH:
		value->on = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
		if (!value->on && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
			return refuse(diags, called, text, "true or false");
		return true;
	case OPTION_TEXT:
		value->text = text;
		return *text || refuse(diags, called, text, row->value);
	case OPTION_TEXTS:
		*ARENA_PUSH(a, value->texts, value->ntexts) = text;
		return *text || refuse(diags, called, text, row->value);
	case OPTION_CHOICE:
		value->text = text;
		if (!is_choice(row->choices, text)) {
			(void)refuse(diags, called, text, "one of a few words");
			diag_help(diags, "one of: %s", row->choices);
			return false;
		}
		return true;
	case OPTION_NUMBER:
	case OPTION_DURATION:
		return set_bounded(value, row, called, text, diags);
	}
	return false;
}

/* Of a word such as "--name=value" or "-f"; OPTION_COUNT when there is no such option. */
static enum option_id find(const char *word, size_t len)
{
	for (int id = 0; id < OPTION_COUNT; id++) {
		const struct option_row *row = &option_rows[id];
		if (word[1] != '-' && len == 2 && row->letter && word[1] == row->letter)
			return (enum option_id)id;
		size_t dashes = word[1] == '-' ? 2 : 1;
		if (len > dashes && strlen(row->name) == len - dashes &&
			strncmp(word + dashes, row->name, len - dashes) == 0)
			return (enum option_id)id;
	}
	return OPTION_COUNT;
}

static bool unknown(struct arena *a, const char *word, size_t len, struct diags *diags)
{
	const char *names[OPTION_COUNT];
	for (size_t id = 0; id < OPTION_COUNT; id++)
		names[id] = option_rows[id].name;
	const char *called = arena_strndup(a, word, len);
	const char *name = called + strspn(called, "-");
	const char *habit = habit_of_option(name);
	const char *nearest = text_nearest(name, names, OPTION_COUNT);
	(void)diag_error(diags, PLACE_NONE, "unknown-option", "`%s` is not an option", called);
	if (habit)
		diag_help(diags, "%s", habit);
	else if (nearest)
		diag_help(diags, "did you mean `--%s`?", nearest);
	else
		diag_help(diags, "%s", see_help);
	return false;
}

/* Reads the option at argv[*at] and moves *at to its last word. */
static bool read_option(struct arena *a, const char *const *argv, size_t *at, struct arguments *out,
	struct diags *diags)
{
	const char *word = argv[*at];
	size_t len = strcspn(word, "=");
	enum option_id id = find(word, len);
	if (id == OPTION_COUNT)
		return unknown(a, word, len, diags);
	const char *called = arena_strndup(a, word, len);
	const char *text = word[len] == '=' ? word + len + 1 : NULL;
	if (!text && option_rows[id].kind == OPTION_SWITCH)
		text = "true";
	if (!text)
		text = argv[*at + 1];
	if (!text) {
		(void)diag_error(diags, PLACE_NONE, "option-value", "`%s` needs a value", called);
		diag_help(diags, "%s %s", called, option_rows[id].value);
		return false;
	}
	if (text == argv[*at + 1])
		(*at)++;
	out->typed |= OPTION_BIT(id);
	return set(a, &out->values[id], id, called, text, diags);
}

bool options_parse(
	struct arena *a, const char *const *argv, struct arguments *out, struct diags *diags)
{
	*out = (struct arguments){ 0 };
	size_t errors = diags->nerrors;
	bool options_end = false;
	for (size_t i = 0; argv[i]; i++) {
		const char *word = argv[i];
		if (options_end || word[0] != '-' || word[1] == '\0')
			*ARENA_PUSH(a, out->words, out->nwords) = word;
		else if (strcmp(word, "--") == 0)
			options_end = true;
		else
			(void)read_option(a, argv, &i, out, diags);
	}
	return diags->nerrors == errors;
}

static bool set_from_environment(
	struct arena *a, struct option_value *value, enum option_id id, struct diags *diags)
{
	const char *called = option_variable(a, &option_rows[id]);
	const char *text = getenv(called);
	if (!text || !*text)
		return true;
	if (option_rows[id].kind != OPTION_TEXTS)
		return set(a, value, id, called, text, diags);
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");
		if (len && !set(a, value, id, called, arena_strndup(a, line, len), diags))
			return false;
		line += len;
		line += *line == '\n';
	}
	return true;
}

/* One variable serves all commands, and each has forms of its own. */
static bool check_format(const struct option_value *value, const char *formats, struct diags *diags)
{
	if (!value->given || !value->text || is_choice(formats, value->text))
		return true;
	(void)refuse(diags, "--format", value->text, "one of a few words");
	diag_help(diags, "one of: %s", formats);
	return false;
}

bool options_settle(struct arena *a, struct arguments *arguments, uint64_t allowed,
	const char *formats, const char *command, struct diags *diags)
{
	size_t errors = diags->nerrors;
	for (int i = 0; i < OPTION_COUNT; i++) {
		enum option_id id = (enum option_id)i;
		struct option_value *value = &arguments->values[id];
		if (!(allowed & OPTION_BIT(id))) {
			if (value->given) {
				(void)diag_error(diags, PLACE_NONE, "unknown-option",
					"`waybill %s` has no option `--%s`", command,
					option_rows[id].name);
				diag_help(diags, "see `waybill %s --help`", command);
			}
			continue;
		}
		if (!value->given)
			(void)set_from_environment(a, value, id, diags);
	}
	if (formats)
		(void)check_format(&arguments->values[OPTION_FORMAT], formats, diags);
	return diags->nerrors == errors;
}
