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

/* Capitals, as in "METHOD URL|PATH", stand for something else. */
static bool has_fixed_words(const struct command *command)
{
	const char *words = command->arguments;
	return strchr(words, '|') && *words >= 'a' && *words <= 'z';
}

/* The fixed arguments of a command, such as "bash|zsh|fish". */
static void words_of(struct buf *out, const struct command *command)
{
	if (!has_fixed_words(command))
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
		if (is_family(commands[i].name))
			continue;
		(void)buf_printf(out, "\t\"%s\") choices=\"", commands[i].name);
		words_of(out, &commands[i]);
		options_of(out, &commands[i]);
		(void)buf_puts(out, "\" ;;\n");
	}
}

/* The length of the first word of a command of two, when it is the first of the table that begins
 * with it; else 0. */
static size_t family_begins(size_t i)
{
	const char *name = commands[i].name;
	size_t len = strcspn(name, " ");

	for (size_t before = 0; before < i; before++) {
		if (strncmp(commands[before].name, name, len + 1) == 0)
			return 0;
	}
	return name[len] == ' ' ? len : 0;
}

/* The first words of commands of two, some of which are commands themselves, as `history`. */
static void families(struct buf *out)
{
	for (size_t i = 0; i < ncommands; i++) {
		const char *name = commands[i].name;
		size_t len = family_begins(i);
		if (len == 0)
			continue;
		(void)buf_printf(out, "\t\"%.*s\") choices=\"", (int)len, name);
		for (size_t j = 0; j < ncommands; j++) {
			const char *member = commands[j].name;
			if (strncmp(member, name, len) != 0)
				continue;
			if (member[len] == ' ')
				(void)buf_printf(out, " %s", member + len + 1);
			else if (member[len] == '\0')
				options_of(out, &commands[j]);
		}
		(void)buf_puts(out, "\" ;;\n");
	}
}

/* What continues a command's first word by its second. */
static void second_words(struct buf *out)
{
	const char *between = "";
	for (size_t i = 0; i < ncommands; i++) {
		size_t len = family_begins(i);
		if (len == 0)
			continue;
		(void)buf_printf(out, "%s%.*s", between, (int)len, commands[i].name);
		between = "|";
	}
}

enum after {
	AFTER_FILE,
	AFTER_CHOICE,
	AFTER_TEXT
};

static bool takes(const struct option_row *row, enum after after)
{
	if (row->kind == OPTION_SWITCH)
		return false;
	return after == (row->names_file ? AFTER_FILE : row->choices ? AFTER_CHOICE : AFTER_TEXT);
}

/* "-f|--file|--var-file", for a pattern of `case`. */
static void options_that_take(struct buf *out, enum after after)
{
	const char *between = "";
	for (size_t id = 0; id < OPTION_COUNT; id++) {
		const struct option_row *row = &option_rows[id];
		if (!takes(row, after))
			continue;
		if (row->letter)
			(void)buf_printf(out, "%s-%c|", between, row->letter);
		(void)buf_printf(out, "%s--%s", row->letter ? "" : between, row->name);
		between = "|";
	}
}

/* Shared by bash and zsh: which command the words before the cursor name. */
static void find_command(struct buf *out, const char *words)
{
	(void)buf_printf(out,
		"\tlocal command=\"\" choices=\"\" files=\"\" skip=\"\" w\n"
		"\tfor w in %s; do\n"
		"\t\tif [ -n \"$skip\" ]; then skip=\"\"; continue; fi\n"
		"\t\tcase \"$w\" in\n\t\t",
		words);
	for (enum after after = AFTER_FILE; after <= AFTER_TEXT; after++) {
		(void)buf_puts(out, after == AFTER_FILE ? "" : "|");
		options_that_take(out, after);
	}
	(void)buf_puts(out,
		") skip=1 ;;\n"
		"\t\t-*) ;;\n"
		"\t\t*) case \"$command\" in\n"
		"\t\t\t\"\"|help) command=\"$w\" ;;\n"
		"\t\t\t");
	second_words(out);
	(void)buf_puts(out,
		") command=\"$command $w\" ;;\n"
		"\t\t\tesac ;;\n"
		"\t\tesac\n"
		"\tdone\n");
}

/* "apply|show", for a pattern of `case`: a saved plan is a file. */
static void commands_that_take_files(struct buf *out)
{
	const char *between = "";
	for (size_t i = 0; i < ncommands; i++) {
		if (!strstr(commands[i].arguments, "PLAN"))
			continue;
		(void)buf_printf(out, "%s%s", between, commands[i].name);
		between = "|";
	}
}

/* Each command has its own. */
static void formats(struct buf *out)
{
	(void)buf_printf(out, "\t--%s) case \"$command\" in\n", option_rows[OPTION_FORMAT].name);
	for (size_t i = 0; i < ncommands; i++)
		if (commands[i].formats)
			(void)buf_printf(out, "\t\"%s\") choices=\"%s\" ;;\n", commands[i].name,
				commands[i].formats);
	(void)buf_puts(out, "\tesac ;;\n");
}

/* Shared by bash and zsh: which words may come now, after the option `previous` or else. */
static void choose_words(struct buf *out, const char *previous)
{
	(void)buf_printf(out, "\tcase \"%s\" in\n\t", previous);
	options_that_take(out, AFTER_FILE);
	(void)buf_puts(out, ") files=1 ;;\n\t");
	options_that_take(out, AFTER_TEXT);
	(void)buf_puts(out, ") ;;\n");
	for (size_t id = 0; id < OPTION_COUNT; id++) {
		if (id == OPTION_FORMAT)
			formats(out);
		else if (takes(&option_rows[id], AFTER_CHOICE))
			(void)buf_printf(out, "\t--%s) choices=\"%s\" ;;\n", option_rows[id].name,
				option_rows[id].choices);
	}
	(void)buf_puts(out, "\t*) case \"$command\" in\n\t\"\"|help) choices=\"");
	first_words(out, " ");
	(void)buf_puts(out, "\" ;;\n");
	families(out);
	bash_cases(out);
	(void)buf_puts(out,
		"\tesac\n"
		"\tcase \"$command\" in ");
	commands_that_take_files(out);
	(void)buf_puts(out,
		") files=1 ;; esac ;;\n"
		"\tesac\n");
}

static void bash(struct buf *out)
{
	(void)buf_puts(out,
		"_waybill() {\n"
		"\tlocal word=\"${COMP_WORDS[COMP_CWORD]}\"\n");
	find_command(out, "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\"");
	choose_words(out, "${COMP_WORDS[COMP_CWORD - 1]}");
	(void)buf_puts(out,
		"\tCOMPREPLY=($(compgen -W \"$choices\" -- \"$word\"))\n"
		"\t[ -z \"$files\" ] || COMPREPLY+=($(compgen -f -- \"$word\"))\n"
		"}\n"
		"complete -F _waybill waybill\n");
}

static void zsh(struct buf *out)
{
	(void)buf_puts(out, "#compdef waybill\n_waybill() {\n");
	find_command(out, "\"${(@)words[2,CURRENT-1]}\"");
	choose_words(out, "${words[CURRENT-1]}");
	(void)buf_puts(out,
		"\tcompadd -- ${=choices}\n"
		"\t[ -z \"$files\" ] || _files\n"
		"}\n"
		"if [ \"$funcstack[1]\" = _waybill ]; then _waybill \"$@\"; "
		"else compdef _waybill waybill; fi\n");
}

static void fish_options(struct buf *out, const struct command *command)
{
	size_t len = strcspn(command->name, " ");
	const char *rest = command->name + len;
	for (enum option_id id = 0; id < OPTION_COUNT; id++) {
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
			(void)buf_printf(out, " -f -a '%s'", command_choices(command, id));
		(void)buf_printf(out, " -d '%s'\n", command_meaning(command, id));
	}
}

static void fish_words(struct buf *out, const struct command *command)
{
	bool helps = strcmp(command->name, "help") == 0;
	if (!helps && !has_fixed_words(command))
		return;
	(void)buf_printf(out, "complete -c waybill -n '__fish_seen_subcommand_from %s' -f -a '",
		command->name);
	if (helps)
		first_words(out, " ");
	else
		words_of(out, command);
	(void)buf_puts(out, "'\n");
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
		fish_words(out, &commands[i]);
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
