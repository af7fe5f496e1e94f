/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/writing.h"

#include <stdio.h>
#include <string.h>

#include "engine/apply/apply.h"
#include "engine/base/text.h"

#define ANSWER_BYTES 64

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

static bool read_answer(void)
{
	char answer[ANSWER_BYTES];
	tell("\nDo you want to perform these actions? Only 'yes' is accepted: ");
	if (!fgets(answer, sizeof answer, stdin)) {
		tell("\n");
		return false;
	}
	answer[strcspn(answer, "\n")] = '\0';
	return strcmp(answer, "yes") == 0;
}

bool writing_approved(struct session *s)
{
	if (session_switch(s, OPTION_AUTO_APPROVE, false) ||
		session_option(s, OPTION_EXPECT)->given)
		return true;
	if (s->terminal.can_ask && !s->json) {
		if (!session_flush(s)) {
			(void)diag_error(&s->diags, PLACE_NONE, "output-failed",
				"the plan could not be shown, so that nobody can approve it");
			diag_help(&s->diags,
				"see where stdout leads: a full disk, a reader that left");
			return false;
		}
		if (read_answer())
			return true;
		(void)diag_error(&s->diags, PLACE_NONE, "not-approved",
			"this was not a yes: nothing was done");
		diag_help(&s->diags, "run the same command again and type yes");
		return false;
	}
	(void)diag_error(&s->diags, PLACE_NONE, "needs-approval",
		s->json ? "with --json nobody is asked" : "there is no terminal to ask at");
	diag_help(&s->diags,
		"give --auto-approve, or --expect ID with the plan id that was reviewed");
	return false;
}
