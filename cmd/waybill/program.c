/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/program.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd/waybill/document.h"
#include "cmd/waybill/habits.h"
#include "engine/base/text.h"

/* The command that the words begin with, and in *used how many of them; or NULL. */
static const struct command *find(struct arena *a, const struct arguments *arguments, size_t *used)
{
	for (size_t words = arguments->nwords < 2 ? arguments->nwords : 2; words; words--) {
		const char *name = arguments->words[0];
		if (words == 2)
			name = arena_printf(a, "%s %s", name, arguments->words[1]);
		for (size_t i = 0; i < ncommands; i++) {
			if (strcmp(commands[i].name, name) == 0) {
				*used = words;
				return &commands[i];
			}
		}
	}
	return NULL;
}

/* The first command of two words that begins with this one, or NULL. */
static const char *first_of_family(const char *word)
{
	size_t len = strlen(word);
	for (size_t i = 0; i < ncommands; i++) {
		if (strncmp(commands[i].name, word, len) == 0 && commands[i].name[len] == ' ')
			return commands[i].name;
	}
	return NULL;
}

bool is_family(const char *word)
{
	return first_of_family(word) != NULL;
}

static bool offer(struct session *s, const char *called)
{
	const char **names = NULL;
	size_t count = 0;
	for (size_t i = 0; i < ncommands; i++) {
		const char *name = commands[i].name, *second = strchr(name, ' ');
		*ARENA_PUSH(s->arena, names, count) = name;
		if (second && strcmp(second + 1, called) == 0) {
			diag_help(&s->diags, "did you mean `waybill %s`?", name);
			return true;
		}
		if (second && !strchr(called, ' '))
			*ARENA_PUSH(s->arena, names, count) =
				arena_strndup(s->arena, name, (size_t)(second - name));
	}
	const char *nearest = text_nearest(called, names, count);
	if (nearest)
		diag_help(&s->diags, "did you mean `waybill %s`?", nearest);
	return nearest != NULL;
}

void unknown_command(struct session *s, const char *const *words, size_t nwords)
{
	const char *first = words[0];
	bool family = is_family(first);
	if (family && nwords == 1) {
		(void)diag_error(&s->diags, PLACE_NONE, "missing-command",
			"`waybill %s` needs one word more", first);
		diag_help(&s->diags, "such as `waybill %s`; `waybill %s --help` lists them all",
			first_of_family(first), first);
		return;
	}
	const char *both = nwords > 1 ? arena_printf(s->arena, "%s %s", first, words[1]) : first;
	const char *habit = habit_of_command(first);
	(void)diag_error(&s->diags, PLACE_NONE, "unknown-command", "`%s` is not a command",
		family ? both : first);
	if (habit)
		diag_help(&s->diags, "%s", habit);
	else if (offer(s, both))
		return;
	else if (family)
		diag_help(&s->diags, "`waybill %s --help` lists what there is", first);
	else if (!offer(s, first))
		diag_help(&s->diags, "see `waybill --help`");
}

/* What is too much is most often a file that wants -f, or is meant for `history show`. */
static void help_unexpected(struct session *s, const struct command *command)
{
	const char *word = s->words[command->most];
	const char *member = first_of_family(command->name);
	if ((command->options & OPTION_BIT(OPTION_FILE)) && access(word, F_OK) == 0)
		diag_help(&s->diags, "a configuration is named by -f: `waybill %s -f %s`",
			command->name, word);
	else if (member)
		diag_help(&s->diags, "did you mean `waybill %s`?", member);
	else
		diag_help(&s->diags, "see `waybill %s --help`", command->name);
}

static bool check_words(struct session *s, const struct command *command)
{
	if (s->nwords >= command->least && s->nwords <= command->most)
		return true;
	if (s->nwords < command->least) {
		(void)diag_error(&s->diags, PLACE_NONE, "missing-argument", "`waybill %s` needs %s",
			command->name, command->arguments);
		diag_help(&s->diags, "see `waybill %s --help`", command->name);
	} else {
		(void)diag_error(&s->diags, PLACE_NONE, "unexpected-argument",
			"`waybill %s` does not take `%s`", command->name, s->words[command->most]);
		help_unexpected(s, command);
	}
	return false;
}

static int run(struct session *s, struct arguments *arguments)
{
	bool wants_help = arguments->values[OPTION_HELP].on;
	if (arguments->nwords == 0 && arguments->values[OPTION_VERSION].on)
		return version_command(s);
	if (arguments->nwords == 0 && wants_help) {
		help_render(&s->out, NULL);
		return EXIT_DONE;
	}
	if (arguments->nwords == 0) {
		(void)diag_error(&s->diags, PLACE_NONE, "missing-command", "no command is given");
		diag_help(&s->diags, "see `waybill --help`");
		return EXIT_ERROR;
	}
	size_t used = 0;
	const struct command *command = find(s->arena, arguments, &used);
	if (!command && wants_help && arguments->nwords == 1 && is_family(arguments->words[0])) {
		help_render_family(&s->out, arguments->words[0]);
		return EXIT_DONE;
	}
	if (!command) {
		unknown_command(s, arguments->words, arguments->nwords);
		return EXIT_ERROR;
	}
	s->command = command->name;
	s->words = arguments->words + used;
	s->nwords = arguments->nwords - used;
	if (wants_help) {
		help_render(&s->out, command);
		return EXIT_DONE;
	}
	if (!check_words(s, command) || !session_record(s))
		return EXIT_ERROR;
	return command->run(s);
}

/* Results to stdout, all else to stderr; with --json all of it is one document. */
static int finish(struct session *s, int code)
{
	if (s->config)
		secrets_mask_diags(s->config->secrets, &s->diags, 0);
	if (s->json && s->out.len == 0) {
		if (s->bare && s->diags.nerrors)
			s->document = arena_json(s->arena, json_object());
		if (!s->bare || s->diags.nerrors)
			(void)json_object_set_new(
				s->document, "diagnostics", diags_json(&s->diags));
		document_json(&s->out, s->document);
	}
	if (!session_flush(s) && code == EXIT_DONE) {
		/* A reader that has seen enough needs no message. */
		if (errno != EPIPE)
			tell("error: cannot write to stdout: %s\n", strerror(errno));
		code = EXIT_ERROR;
	}
	if (!s->json && s->diags.count) {
		struct buf text;
		buf_init(&text, BUF_OWN_TEXT);
		diags_render(&s->diags, &text, 0, s->terminal.err_colour);
		tell("%s", text.data);
		buf_release(&text);
	}
	return code;
}

/* The options must be known before the session: they decide how even their own faults are told. */
int program(const char *const *argv, const char *const *environment)
{
	struct arena *a = arena_new();
	struct arguments arguments;
	struct diags diags;
	diags_init(&diags, a);
	bool good = options_parse(a, argv, &arguments, &diags);
	size_t used = 0;
	const struct command *command = find(a, &arguments, &used);
	if (command && good)
		good = options_settle(
			a, &arguments, command->options, command->formats, command->name, &diags);
	struct session s;
	session_open(&s, &arguments, environment);
	for (size_t i = 0; i < diags.count; i++) {
		*ARENA_PUSH(s.arena, s.diags.items, s.diags.count) = diags.items[i];
		s.diags.nerrors += diags.items[i].severity == SEVERITY_ERROR;
	}
	int code = finish(&s, good ? run(&s, &arguments) : EXIT_ERROR);
	if (!session_close(&s) && code == EXIT_DONE)
		code = EXIT_ERROR;
	arena_free(a);
	return code;
}
