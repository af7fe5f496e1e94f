/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/confirming.h"
#include "cmd/waybill/planning.h"
#include "cmd/waybill/program.h"
#include "cmd/waybill/render_plan.h"
#include "engine/base/text.h"

/* Open intents are in flight while the run that wrote them is alive: it holds the lock. */
static void find_in_flight(struct session *s, struct planning *planning)
{
	const struct snapshot *snapshot = planning->snapshot;
	char *holder = NULL;
	if (snapshot->nopen_intents == 0 || !session_holder(s, &holder) || !holder)
		return;
	struct plan *plan = planning->plan;
	for (size_t i = 0; i < snapshot->nopen_intents; i++)
		*ARENA_PUSH(s->arena, plan->in_flight, plan->nin_flight) =
			config_address_of(s->config, snapshot->open_intents[i].id);
}

int plan_command(struct session *s)
{
	struct planning planning = planning_asked(s);
	if (s->json)
		(void)json_object_set_new(s->document, "errored", json_true());
	struct saved_plan none;
	const char *path = session_option(s, OPTION_OUT)->text;
	if (path && !planning_may_save(s, path))
		return EXIT_ERROR;
	if (!session_cloud(s, true) || !planning_configuration(&planning, s, &none) ||
		!session_state(s, STATE_READ) || !confirming_warn(s) || !session_provider(s) ||
		!planning_read(&planning, s) || !planning_make(&planning, s))
		return EXIT_ERROR;
	find_in_flight(s, &planning);
	planning_show(s, planning.plan);
	if (path) {
		if (!planning_save(&planning, s, path))
			return EXIT_ERROR;
		if (!s->json)
			tell("Saved the plan: apply it with `waybill apply %s`\n",
				text_escaped(s->arena, path));
	}
	bool changes = !plan_changes_nothing(planning.plan);
	return changes && session_switch(s, OPTION_DETAILED_EXITCODE, false) ? EXIT_CHANGES
									     : EXIT_DONE;
}
