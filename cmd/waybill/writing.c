/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/writing.h"

#include <string.h>

#include "engine/apply/apply.h"
#include "engine/base/text.h"

static void tell_settled(void *context, const char *line)
{
	(void)context;
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	text_escape(&text, line, false);
	tell("Settled: %s\n", text.data);
	buf_release(&text);
}

/* The state is opened for writing only when there is something to write, so that a run that is
 * refused leaves nothing behind. The lock keeps it as it was read. */
bool writing_settle(struct session *s, struct snapshot *snapshot)
{
	return snapshot->nopen_intents == 0 ||
		(session_state(s, STATE_WRITE) &&
			intents_settle(snapshot, s->state, tell_settled, NULL, &s->diags) &&
			state_commit(s->state, &s->diags));
}

bool writing_expected(struct session *s, const struct plan *plan)
{
	const char *expected = session_option(s, OPTION_EXPECT)->text;
	if (!expected || strcmp(expected, plan->id) == 0)
		return true;
	(void)diag_error(&s->diags, PLACE_NONE, "plan-unexpected",
		"the plan is %s, not the expected %s", plan->id, expected);
	diag_help(&s->diags,
		"something changed since that plan was reviewed: plan again, and review it");
	return false;
}

bool writing_approved(struct session *s)
{
	return session_switch(s, OPTION_AUTO_APPROVE, false) ||
		session_option(s, OPTION_EXPECT)->given ||
		session_approve(s, "Do you want to perform these actions?",
			"give --auto-approve, or --expect ID with the plan id that was reviewed");
}
