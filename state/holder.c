/* SPDX-License-Identifier: Apache-2.0 */
#include "state/holder.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "state/internal.h"

#define HOST_BYTES 256
#define SOMEBODY "another process that did not leave its name"

json_t *holder_new(const char *command)
{
	char host[HOST_BYTES] = "", since[TIME_TEXT];
	(void)gethostname(host, sizeof host - 1);
	state_now(since);
	const struct passwd *user = getpwuid(geteuid());
	json_t *holder = json_object();
	(void)json_object_set_new(holder, "user",
		user ? json_string(user->pw_name) : json_sprintf("uid %u", geteuid()));
	(void)json_object_set_new(holder, "host", json_string(host));
	(void)json_object_set_new(holder, "pid", json_integer(getpid()));
	(void)json_object_set_new(holder, "since", json_string(since));
	(void)json_object_set_new(holder, "command", json_string(command));
	return holder;
}

static const char *member(const json_t *holder, const char *pointer)
{
	const char *text = json_text_at(holder, pointer);
	return text ? text : "?";
}

char *holder_describe(struct arena *a, const json_t *holder)
{
	if (!json_is_object(holder))
		return arena_strdup(a, SOMEBODY);
	return arena_printf(a, "%s@%s, pid %lld, since %s, %s", member(holder, "/user"),
		member(holder, "/host"),
		(long long)json_integer_value(json_object_get(holder, "pid")),
		member(holder, "/since"), member(holder, "/command"));
}

char *holder_describe_text(struct arena *a, const char *text)
{
	char *why = NULL;
	json_auto_t *holder = text ? json_parse(a, text, strlen(text), HOLDER_BYTES, &why) : NULL;
	return holder_describe(a, holder);
}
