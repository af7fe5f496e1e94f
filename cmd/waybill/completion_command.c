/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/waybill/program.h"

/* The first words of all commands, each once. */
static void first_words(struct buf *out, const char *between)
{
	const char *last = "";
	for (size_t i = 0; i < ncommands; i++) {
		const char *name = commands[i].name;
		size_t len = strcspn(name, " ");
		if (strncmp(last, name, len) == 0 && strcspn(last, " ") == len)
			continue;
		(void)buf_printf(out, "%s%.*s", i ? between : "", (int)len, name);
		last = name;
	}
}

static void options_of(struct buf *out, const struct command *command)
{
	for (size_t id = 0; id < OPTION_COUNT; id++) {
		if (command->options & OPTION_BIT(id))
			(void)buf_printf(out, " --%s", option_rows[id].name);
	}
}

/* Words after the options of a command: of a family its members, or fixed arguments. */
static void words_of(struct buf *out, const struct command *command)
{
	if (!strchr(command->arguments, '|'))
		return;
	for (const char *word = command->arguments; *word;) {
		size_t len = strcspn(word, "|");
		(void)buf_printf(out, "%.*s ", (int)len, word);
		word += len;
		word += *word == '|';
	}
}

static void bash_cases(struct buf *out)
{
	for (size_t i = 0; i < ncommands; i++) {
		(void)buf_printf(out, "\t\"%s\") choices=\"", commands[i].name);
		words_of(out, &commands[i]);
		options_of(out, &commands[i]);
		(void)buf_puts(out, "\" ;;\n");
	}
}

static void families(struct buf *out)
{
	const char *last = "";
	for (size_t i = 0; i < ncommands; i++) {
		const char *name = commands[i].name;
		size_t len = strcspn(name, " ");
		if (name[len] == '\0')
			continue;
		if (strncmp(last, name, len + 1) != 0)
			(void)buf_printf(out, "%s\t\"%.*s\") choices=\"", *last ? "\" ;;\n" : "",
				(int)len, name);
		(void)buf_printf(out, "%s ", name + len + 1);
		last = name;
	}
	if (*last)
		(void)buf_puts(out, "\" ;;\n");
}

static void file_options(struct buf *out, const char *between)
{
	const char *before = "";
	for (size_t id = 0; id < OPTION_COUNT; id++) {
		if (!option_rows[id].names_file)
			continue;
		(void)buf_printf(out, "%s--%s", before, option_rows[id].name);
		before = between;
	}
}

/* Shared by bash and zsh: which words may come now. */
static void choose_words(struct buf *out)
{
	(void)buf_puts(out, "\tcase \"$command\" in\n\t\"\") choices=\"");
	first_words(out, " ");
	(void)buf_puts(out, "\" ;;\n");
	families(out);
	bash_cases(out);
	(void)buf_puts(out, "\tesac\n");
}

static void bash(struct buf *out)
{
	(void)buf_puts(out,
		"_waybill() {\n"
		"\tlocal word=\"${COMP_WORDS[COMP_CWORD]}\" command=\"\" choices=\"\" i\n"
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		"\t\tcase \"${COMP_WORDS[i]}\" in\n"
		"\t\t-*) ;;\n"
		"\t\t*) case \"$command\" in\n"
		"\t\t\t\"\") command=\"${COMP_WORDS[i]}\" ;;\n"
		"\t\t\tstate) command=\"state ${COMP_WORDS[i]}\" ;;\n"
		"\t\t\tesac ;;\n"
		"\t\tesac\n"
		"\tdone\n"
		"\tcase \"${COMP_WORDS[COMP_CWORD - 1]}\" in\n\t-f|");
	file_options(out, "|");
	(void)buf_puts(out,
		")\n\t\tCOMPREPLY=($(compgen -f -- \"$word\"))\n\t\treturn ;;\n"
		"\tesac\n");
	choose_words(out);
	(void)buf_puts(out,
		"\tCOMPREPLY=($(compgen -W \"$choices\" -- \"$word\"))\n"
		"\tcase \"$command\" in\n"
		"\tapply|show) COMPREPLY+=($(compgen -f -- \"$word\")) ;;\n"
		"\tesac\n"
		"}\n"
		"complete -F _waybill waybill\n");
}

static void zsh(struct buf *out)
{
	(void)buf_puts(out,
		"#compdef waybill\n"
		"_waybill() {\n"
		"\tlocal command=\"\" words_before=(\"${words[@]:1:$((CURRENT - 2))}\") w\n"
		"\tfor w in $words_before; do\n"
		"\t\tcase \"$w\" in\n"
		"\t\t-*) ;;\n"
		"\t\t*) case \"$command\" in\n"
		"\t\t\t\"\") command=\"$w\" ;;\n"
		"\t\t\tstate) command=\"state $w\" ;;\n"
		"\t\t\tesac ;;\n"
		"\t\tesac\n"
		"\tdone\n"
		"\tcase \"${words[CURRENT-1]}\" in\n\t-f|");
	file_options(out, "|");
	(void)buf_puts(out, ") _files; return ;;\n\tesac\n\tlocal choices=\"\"\n");
	choose_words(out);
	(void)buf_puts(out,
		"\tcompadd -- ${=choices}\n"
		"\tcase \"$command\" in apply|show) _files ;; esac\n"
		"}\n"
		"if [ \"$funcstack[1]\" = _waybill ]; then _waybill \"$@\"; "
		"else compdef _waybill waybill; fi\n");
}

static void fish_options(struct buf *out, const struct command *command)
{
	size_t len = strcspn(command->name, " ");
	const char *rest = command->name + len;
	for (size_t id = 0; id < OPTION_COUNT; id++) {
		const struct option_row *row = &option_rows[id];
		if (!(command->options & OPTION_BIT(id)))
			continue;
		(void)buf_printf(out, "complete -c waybill -n '__fish_seen_subcommand_from %.*s",
			(int)len, command->name);
		if (*rest)
			(void)buf_printf(out, "; and __fish_seen_subcommand_from%s", rest);
		(void)buf_printf(out, "' -l %s", row->name);
		if (row->letter)
			(void)buf_printf(out, " -s %c", row->letter);
		if (row->kind != OPTION_SWITCH)
			(void)buf_puts(out, " -r");
		if (row->choices)
			(void)buf_printf(out, " -f -a '%s'", row->choices);
		(void)buf_printf(out, " -d '%s'\n", row->help);
	}
}

static void fish(struct buf *out)
{
	(void)buf_puts(out, "complete -c waybill -n __fish_use_subcommand -f -a '");
	first_words(out, " ");
	(void)buf_puts(out, "'\n");
	for (size_t i = 0; i < ncommands; i++) {
		const char *name = commands[i].name;
		size_t len = strcspn(name, " ");
		if (name[len])
			(void)buf_printf(out,
				"complete -c waybill -n '__fish_seen_subcommand_from %.*s' -f -a "
				"'%s' -d '%s'\n",
				(int)len, name, name + len + 1, commands[i].summary);
		fish_options(out, &commands[i]);
	}
}

int completion_command(struct session *s)
{
	static const struct {
		const char *name;
		void (*render)(struct buf *);
	} shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };
	for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
		if (strcmp(s->words[0], shells[i].name) == 0) {
			shells[i].render(&s->out);
			return EXIT_DONE;
		}
	}
	(void)diag_error(&s->diags, PLACE_NONE, "unknown-shell", "there is no completion for `%s`",
		s->words[0]);
	diag_help(&s->diags, "one of: bash, zsh, fish");
	return EXIT_ERROR;
}
