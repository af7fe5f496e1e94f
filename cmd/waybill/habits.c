/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/habits.h"

#include <stddef.h>
#include <string.h>

#include "engine/base/arena.h"

struct habit {
	const char *name;
	const char *help;
};

static const struct habit commands[] = {
	{ .name = "init", .help = "nothing has to be prepared: `waybill plan`" },
	{ .name = "refresh",
		.help = "`waybill apply --refresh=only` writes into the state what others "
			"changed" },
	{ .name = "console",
		.help = "`waybill state sql` asks the state, `waybill validate --merged` prints "
			"what the YAML says" },
	{ .name = "force-unlock", .help = "`waybill unlock`" },
	{ .name = "taint", .help = "`waybill apply --replace ADDRESS`" },
	{ .name = "workspace", .help = "a state is named by --state, or by `key` in `backend`" },
	{ .name = "login", .help = "Waybill signs in by variables, or as `az login` left it" },
	{ .name = "create", .help = "`waybill apply`" },
	{ .name = "diff", .help = "`waybill plan`" },
	{ .name = "delete",
		.help = "take it out of the YAML and apply; `waybill destroy` deletes all that is "
			"ours" },
	{ .name = "get", .help = "`waybill routes`, `waybill nodes`, `waybill state list`" },
	{ .name = "status",
		.help = "`waybill plan` shows what would change, `waybill state list` what is "
			"ours" },
	{ .name = "log", .help = "`waybill history`" },
};

#define BY_YAML "the YAML says which: `subscription` and `resourceGroup`"
#define APPROVED "`--auto-approve` does not ask, `--expect ID` neither"
#define FORMATS "`--json`; a plan is saved with `--out FILE`"
#define TALKATIVE "`--log-level debug` tells of each request"

static const struct habit options[] = {
	{ .name = "chdir", .help = "`-f DIR` names the configuration, `--state FILE` the state" },
	{ .name = "input",
		.help = "values are never asked for; what asks for approval takes "
			"`--auto-approve`" },
	{ .name = "lock", .help = "a plan takes no lock, and what writes always does" },
	{ .name = "refresh-only", .help = "`--refresh=only`" },
	{ .name = "raw", .help = "`waybill output NAME` prints the value alone" },
	{ .name = "recursive", .help = "name each folder: `-f DIR -f DIR`" },
	{ .name = "yes", .help = APPROVED },
	{ .name = "y", .help = APPROVED },
	{ .name = "dry-run", .help = "`waybill plan`" },
	{ .name = "what-if", .help = "`waybill plan`" },
	{ .name = "output", .help = FORMATS },
	{ .name = "o", .help = FORMATS },
	{ .name = "subscription", .help = BY_YAML },
	{ .name = "resource-group", .help = BY_YAML },
	{ .name = "g", .help = BY_YAML },
	{ .name = "context",
		.help = "`context` in the YAML's node set names one of the kubeconfig" },
	{ .name = "verbose", .help = TALKATIVE },
	{ .name = "debug", .help = TALKATIVE },
	{ .name = "v", .help = "`--version` prints the version; " TALKATIVE },
	{ .name = "quiet", .help = "results go to stdout, all else to stderr" },
	{ .name = "q", .help = "results go to stdout, all else to stderr" },
};

static const char *find(const struct habit *habits, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(habits[i].name, word) == 0)
			return habits[i].help;
	}
	return NULL;
}

const char *habit_of_command(const char *word)
{
	return find(commands, ARRAY_LEN(commands), word);
}

const char *habit_of_option(const char *name)
{
	return find(options, ARRAY_LEN(options), name);
}
