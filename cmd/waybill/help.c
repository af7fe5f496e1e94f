/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/waybill/program.h"

#define HELP_COLUMN 34
#define HELP_WIDTH 80

/* Two columns, the right one in as many lines as it needs. */
static void row(struct buf *out, const char *left, const char *right)
{
	size_t column = HELP_COLUMN;
	(void)buf_printf(out, "  %-*s", HELP_COLUMN - 2, left);
	for (const char *word = right; *word;) {
		size_t len = strcspn(word, " ");
		if (column + 1 + len > HELP_WIDTH) {
			(void)buf_printf(out, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		}
		(void)buf_printf(out, "%s%.*s", word == right || column == HELP_COLUMN ? "" : " ",
			(int)len, word);
		column += len + (column > HELP_COLUMN);
		word += len;
		word += strspn(word, " ");
	}
	(void)buf_puts(out, "\n");
}

/* What --format takes differs from command to command. */
static void formats(struct buf *out, const char *words)
{
	size_t first = strcspn(words, " ");
	for (const char *word = words; *word;) {
		size_t len = strcspn(word, " ");
		(void)buf_printf(out, "%s%.*s", word == words ? ": " : ", ", (int)len, word);
		word += len;
		word += *word == ' ';
	}
	(void)buf_printf(out, " (default: %.*s)", (int)first, words);
}

static void option(struct buf *out, const struct command *command, enum option_id id)
{
	const struct option_row *about = &option_rows[id];
	struct buf left, right;
	buf_init(&left, BUF_OWN_TEXT);
	buf_init(&right, BUF_OWN_TEXT);
	(void)buf_puts(&right, command_meaning(command, id));
	if (id == OPTION_FORMAT)
		formats(&right, command->formats);
	if (about->letter)
		(void)buf_printf(&left, "-%c, ", about->letter);
	(void)buf_printf(&left, "--%s", about->name);
	if (about->value)
		(void)buf_printf(&left, " %s", about->value);
	row(out, left.data, right.data);
	buf_release(&left);
	buf_release(&right);
}

static void program_help(struct buf *out)
{
	(void)buf_puts(out,
		"Usage: waybill COMMAND [OPTIONS]\n\n"
		"Plans and applies the network under a Kubernetes cluster on Azure.\n\n"
		"Commands:\n");
	for (size_t i = 0; i < ncommands; i++)
		row(out, commands[i].name, commands[i].summary);
	(void)buf_puts(out,
		"\n`waybill COMMAND --help` shows the options of a command. Each may also be\n"
		"given in a variable: --state as WAYBILL_STATE, --var-file as "
		"WAYBILL_VAR_FILE.\n\n"
		"--cloud emulator keeps its cloud in waybill-emulator.json beside the state, or\n"
		"where WAYBILL_EMULATOR_STORE says; a new one starts from cloud.yaml beside the\n"
		"configuration.\n\n"
		"Exit status: 0 done, 1 error, 2 changes (plan --detailed-exitcode) or a\n"
		"stale plan (check), 3 not in form (fmt --check), 129, 130 or 143 interrupted.\n");
}

void help_render(struct buf *out, const struct command *command)
{
	if (!command) {
		program_help(out);
		return;
	}
	/* Summaries stand in lists, without a capital: as a sentence one needs it. */
	char first = command->summary[0];
	if (first >= 'a' && first <= 'z')
		first = (char)(first - 'a' + 'A');
	(void)buf_printf(out, "Usage: waybill %s%s%s [OPTIONS]\n\n%c%s.\n", command->name,
		*command->arguments ? " " : "", command->arguments, first, command->summary + 1);
	if (command->about)
		(void)buf_printf(out, "\n%s", command->about);
	(void)buf_puts(out, "\nOptions:\n");
	for (enum option_id id = 0; id < OPTION_COUNT; id++) {
		if (command->options & OPTION_BIT(id))
			option(out, command, id);
	}
}

void help_render_family(struct buf *out, const char *word)
{
	size_t len = strlen(word);
	(void)buf_printf(out, "Usage: waybill %s COMMAND [OPTIONS]\n\nCommands:\n", word);
	for (size_t i = 0; i < ncommands; i++) {
		if (strncmp(commands[i].name, word, len) == 0 && commands[i].name[len] == ' ')
			row(out, commands[i].name, commands[i].summary);
	}
}

int help_command(struct session *s)
{
	if (s->nwords == 0) {
		help_render(&s->out, NULL);
		return EXIT_DONE;
	}
	const char *name = s->words[0];
	if (s->nwords > 1)
		name = arena_printf(s->arena, "%s %s", s->words[0], s->words[1]);
	for (size_t i = 0; i < ncommands; i++) {
		if (strcmp(commands[i].name, name) == 0) {
			help_render(&s->out, &commands[i]);
			return EXIT_DONE;
		}
	}
	if (is_family(name)) {
		help_render_family(&s->out, name);
		return EXIT_DONE;
	}
	unknown_command(s, s->words, s->nwords);
	return EXIT_ERROR;
}
