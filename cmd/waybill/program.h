/* SPDX-License-Identifier: Apache-2.0 */
/* program.h - the table of commands, and what runs them
 *
 * Everything a user can type stands in `commands` and in `option_rows` (options.h): parser, help
 * and completion are made of the two.
 */
#ifndef WAYBILL_CMD_PROGRAM_H
#define WAYBILL_CMD_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "cmd/waybill/session.h"

struct command {
	const char *name;      /* "plan", "state list" */
	const char *arguments; /* "[PLAN]", or "" */
	size_t least, most;    /* how many of them */
	const char *summary;   /* one line, for lists */
	const char *about;     /* what else there is to know, or NULL */
	uint64_t options;
	const char *formats;          /* what --format takes, the default first; or NULL */
	const char *all;              /* what --all is here; or NULL */
	int (*run)(struct session *); /* an exit code */
};

extern const struct command commands[];
extern const size_t ncommands;

/* The words that an option of the command takes, separated by blanks, or NULL. */
const char *command_choices(const struct command *, enum option_id);
/* What an option of the command does. */
const char *command_meaning(const struct command *, enum option_id);

/* `argv` without the program's name; `environment` as environ. */
int program(const char *const *argv, const char *const *environment);

/* Says that the words name no command, and which is meant. program.c */
void unknown_command(struct session *, const char *const *words, size_t nwords);
/* Appends the help of a command, or with NULL of the program. help.c */
void help_render(struct buf *out, const struct command *);
/* Whether `word` begins commands of two words ("state"); the help of those. */
bool is_family(const char *word);
void help_render_family(struct buf *out, const char *word);

int apply_command(struct session *);
int check_command(struct session *);
int confirm_command(struct session *);
int completion_command(struct session *);
int destroy_command(struct session *);
int explain_command(struct session *);
int fmt_command(struct session *);
int graph_command(struct session *);
int help_command(struct session *);
int history_command(struct session *);
int history_show_command(struct session *);
int import_command(struct session *);
int nodes_command(struct session *);
int output_command(struct session *);
int plan_command(struct session *);
int reach_command(struct session *);
int rest_command(struct session *);
int routes_command(struct session *);
int schema_command(struct session *);
int show_command(struct session *);
int state_backup_command(struct session *);
int state_list_command(struct session *);
int state_mv_command(struct session *);
int state_pull_command(struct session *);
int state_push_command(struct session *);
int state_restore_command(struct session *);
int state_rm_command(struct session *);
int state_show_command(struct session *);
int state_sql_command(struct session *);
int unlock_command(struct session *);
int validate_command(struct session *);
int version_command(struct session *);

#endif
