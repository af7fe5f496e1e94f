/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/confirming.h"
#include "cmd/waybill/planning.h"
#include "cmd/waybill/program.h"

static int compare(
	struct session *s, const struct planning *planning, const struct saved_plan *saved)
{
	bool holds = planning_still_true(planning, s, saved);
	if (s->json)
		(void)json_object_set_new(s->document, "check",
			json_pack("{s:b,s:s,s:s}", "still_true", holds, "saved", saved->id, "now",
				planning->plan->id));
	else if (holds)
		(void)buf_printf(&s->out, "The plan is still true: %s\n", saved->id);
	return holds ? EXIT_DONE : EXIT_CHANGES;
}

int check_command(struct session *s)
{
	struct planning planning = planning_asked(s);
	struct saved_plan saved = { 0 };
	if (!session_cloud(s, true) || !planning_load(s, s->words[0], &saved) ||
		!session_config_again(s, saved.inputs) || !session_state(s, STATE_READ) ||
		!confirming_warn(s) || !session_provider(s))
		return EXIT_ERROR;
	planning.options = saved.options;
	if (!planning_read(&planning, s) || !planning_make(&planning, s))
		return EXIT_ERROR;
	return compare(s, &planning, &saved);
}
