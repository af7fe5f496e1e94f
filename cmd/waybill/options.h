/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - the options of all commands: one table
 *
 * The table makes the parser, the help, the completion and the WAYBILL_* variable of each option.
 * Options may stand before or behind the command. A long option is written --name VALUE,
 * --name=VALUE, or with one dash as Terraform's users do. A command says which options it takes as
 * a set; any other is an error. The command line wins over the environment.
 */
#ifndef WAYBILL_CMD_OPTIONS_H
#define WAYBILL_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"

enum option_id {
	OPTION_FILE,
	OPTION_VAR,
	OPTION_VAR_FILE,
	OPTION_ALLOW_ENV,
	OPTION_STATE,
	OPTION_BACKEND_ACCOUNT,
	OPTION_BACKEND_ENDPOINT,
	OPTION_CLOUD,
	OPTION_KUBECONFIG,
	OPTION_ALLOW_EXEC,
	OPTION_LOCK_TIMEOUT,
	OPTION_MERGED,
	OPTION_CHECK,
	OPTION_DIFF,
	OPTION_OUT,
	OPTION_DETAILED_EXITCODE,
	OPTION_DESTROY,
	OPTION_ADOPT,
	OPTION_TARGET,
	OPTION_REPLACE,
	OPTION_DELETE_FOREIGN,
	OPTION_REFRESH,
	OPTION_MAX_DELETES,
	OPTION_ALL,
	OPTION_ALLOW_UNREACHABLE,
	OPTION_LIMITS,
	OPTION_REGISTER_PROVIDERS,
	OPTION_FORMAT,
	OPTION_AUTO_APPROVE,
	OPTION_EXPECT,
	OPTION_PARALLELISM,
	OPTION_GRACE,
	OPTION_CONFIRM_WITHIN,
	OPTION_FROM,
	OPTION_TO,
	OPTION_NOW,
	OPTION_EFFECTIVE,
	OPTION_FORCE,
	OPTION_BODY,
	OPTION_HEADER,
	OPTION_QUERY,
	OPTION_POLL,
	OPTION_POLL_INTERVAL,
	OPTION_FINAL_STATE_VIA,
	OPTION_ITEMS,
	OPTION_NEXT,
	OPTION_INCLUDE,
	OPTION_JSON,
	OPTION_NO_COLOR,
	OPTION_LOG_LEVEL,
	OPTION_RECORD,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_COUNT
};

enum option_kind {
	OPTION_SWITCH,   /* --name; also --name=true|false */
	OPTION_TEXT,     /* the last one given holds */
	OPTION_TEXTS,    /* may be repeated; in its variable, one a line */
	OPTION_CHOICE,   /* one of `choices` */
	OPTION_NUMBER,   /* `least` to `most` */
	OPTION_DURATION, /* 500ms, 30s, 5m, 1h; milliseconds from `least` to `most` */
};

struct option_row {
	const char *name; /* "var-file": --var-file, WAYBILL_VAR_FILE */
	char letter;      /* or 0 */
	enum option_kind kind;
	const char *value; /* how the help calls its value */
	const char *help;
	const char *choices; /* "text json", separated by blanks, or NULL; beside OPTION_CHOICE a
				hint */
	long least, most;
	bool names_file; /* for completion */
};

extern const struct option_row option_rows[OPTION_COUNT];

#define OPTION_BIT(id) ((uint64_t)1 << (id))
_Static_assert(OPTION_COUNT <= 64, "a set of options is one word");

struct option_value {
	bool given;       /* on the command line or in the environment */
	bool on;          /* switch */
	const char *text; /* text, choice */
	const char **texts;
	size_t ntexts;
	long number; /* number, duration in milliseconds */
};

struct arguments {
	struct option_value values[OPTION_COUNT];
	uint64_t typed;     /* options given on the command line */
	const char **words; /* what is no option, the command's name among it */
	size_t nwords;
};

/* Reads the command line (without the program's name). False with `unknown-option` or
 * `option-value`, as many as there are. Strings are borrowed from argv or in the arena. */
bool options_parse(struct arena *, const char *const *argv, struct arguments *out, struct diags *);
/* Takes what is not given from the variables of the options in `allowed`, and refuses options that
 * are given but not allowed. `formats`: those of --format that the command has, or NULL. `command`
 * is for the message. */
bool options_settle(struct arena *, struct arguments *, uint64_t allowed, const char *formats,
	const char *command, struct diags *);

/* The value of NAME in an environment, or NULL; an empty one counts as absent. */
const char *environment_get(const char *const *environment, const char *name);
/* "WAYBILL_VAR_FILE" */
char *option_variable(struct arena *, const struct option_row *);

#endif
