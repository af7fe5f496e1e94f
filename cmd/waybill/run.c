/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/run.h"

#include "cmd/waybill/git_commit.h"

#include <pwd.h>
#include <unistd.h>

struct run run_of(const struct session *s)
{
	static const char *const sources[] = { "GITHUB_SHA", "BUILD_SOURCEVERSION",
		"CI_COMMIT_SHA" };
	const struct option_value *files = session_option(s, OPTION_FILE);
	char host[256] = "";
	const struct passwd *entry = getpwuid(getuid());
	const char *user = environment_get(s->environment, "USER");
	struct run run = { .command = s->command, .pid = getpid() };
	if (entry)
		user = entry->pw_name;
	if (gethostname(host, sizeof host - 1) != 0)
		host[0] = '\0';
	run.user = arena_strdup(s->arena, user ? user : "unknown");
	run.host = arena_strdup(s->arena, host[0] ? host : "unknown");
	for (size_t i = 0; i < ARRAY_LEN(sources) && !run.source; i++)
		run.source = environment_get(s->environment, sources[i]);
	if (!run.source)
		run.source = git_commit(s->arena, files->ntexts ? files->texts[0] : ".");
	return run;
}
