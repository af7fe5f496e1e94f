/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/habits.h"

#include <stddef.h>
#include <string.h>

#include "engine/base/arena.h"

struct habit {
	const char *word;
	const char *help;
};

static const struct habit commands[] = {
	{ "init", "nothing has to be prepared: `waybill plan`" },
	{ "refresh", "`waybill apply --refresh=only` writes into the state what others changed" },
	{ "console",
		"`waybill state sql` asks the state, `waybill validate --merged` prints what "
		"the YAML says" },
	{ "force-unlock", "`waybill unlock`" },
	{ "taint", "`waybill apply --replace ADDRESS`" },
	{ "workspace", "a state is named by --state, or by `key` in `backend`" },
	{ "login", "Waybill signs in by variables, or as `az login` left it" },
	{ "create", "`waybill apply`" },
	{ "diff", "`waybill plan`" },
	{ "delete",
		"take it out of the YAML and apply; `waybill destroy` deletes all that is "
		"ours" },
	{ "get", "`waybill routes`, `waybill nodes`, `waybill state list`" },
	{ "status", "`waybill plan` shows what would change, `waybill state list` what is ours" },
	{ "log", "`waybill history`" },
};

#define BY_YAML "the YAML says which: `subscription` and `resourceGroup`"
#define APPROVED "`--auto-approve` does not ask, `--expect ID` neither"
#define FORMATS "`--json`; a plan is saved with `--out FILE`"
#define TALKATIVE "`--log-level debug` tells of each request"

static const struct habit options[] = {
	{ "chdir", "`-f DIR` names the configuration, `--state FILE` the state" },
	{ "input", "values are never asked for; what asks for approval takes `--auto-approve`" },
	{ "lock", "a plan takes no lock, and what writes always does" },
	{ "refresh-only", "`--refresh=only`" },
	{ "raw", "`waybill output NAME` prints the value alone" },
	{ "recursive", "name each folder: `-f DIR -f DIR`" },
	{ "yes", APPROVED },
	{ "y", APPROVED },
	{ "dry-run", "`waybill plan`" },
	{ "what-if", "`waybill plan`" },
	{ "output", FORMATS },
	{ "o", FORMATS },
	{ "subscription", BY_YAML },
	{ "resource-group", BY_YAML },
	{ "g", BY_YAML },
	{ "context", "`context` in the YAML's node set names one of the kubeconfig" },
	{ "verbose", TALKATIVE },
	{ "debug", TALKATIVE },
	{ "v", "`--version` prints the version; " TALKATIVE },
	{ "quiet", "results go to stdout, all else to stderr" },
	{ "q", "results go to stdout, all else to stderr" },
};

static const char *find(const struct habit *habits, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(habits[i].word, word) == 0)
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
