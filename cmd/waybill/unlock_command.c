/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/waybill/program.h"
#include "engine/base/text.h"

static int nobody(struct session *s)
{
	if (s->json)
		(void)json_object_set_new(s->document, "holder", json_null());
	else
		(void)buf_puts(&s->out, "Nobody holds the state.\n");
	return EXIT_DONE;
}

/* The operating system takes a local lock away with its holder, so that there is none to break. */
static bool refuse_local(struct session *s, const char *holder)
{
	(void)diag_error(&s->diags, (struct place){ .file = s->state_path }, "state-locked",
		"the state is locked by %s", holder);
	diag_help(&s->diags, "a local lock ends with that process, however it ends: end it");
	return false;
}

/* While somebody thought it over, another run may have begun. */
static bool is_still(struct session *s, const char *holder)
{
	char *now = NULL;
	if (!session_holder(s, &now))
		return false;
	if (!now || strcmp(now, holder) == 0)
		return true;
	(void)diag_error(&s->diags, (struct place){ .file = s->backend->key }, "state-locked",
		"the state is not held by that run any more, but by %s", now);
	diag_help(&s->diags, "nothing was taken from anybody: look again who holds it");
	return false;
}

static bool break_it(struct session *s, const char *holder)
{
	if (!s->json) {
		(void)buf_puts(&s->out, "The state is held by ");
		text_escape(&s->out, holder, false);
		(void)buf_puts(&s->out,
			".\nIf that run is alive, it can write nothing more into the state "
			"and sends nothing more.\n");
	}
	if (!session_switch(s, OPTION_AUTO_APPROVE, false) &&
		(!session_approve(
			 s, "Do you want to take the state from it?", "give --auto-approve") ||
			!is_still(s, holder)))
		return false;
	return remote_break(s->remote, &s->diags);
}

int unlock_command(struct session *s)
{
	char *holder = NULL;
	if (!session_store(s, false) || !session_holder(s, &holder))
		return EXIT_ERROR;
	if (!holder)
		return nobody(s);
	if (s->json)
		(void)json_object_set_new(s->document, "holder", json_string(holder));
	if (!s->remote)
		(void)refuse_local(s, holder);
	if (!s->remote || !break_it(s, holder))
		return EXIT_ERROR;
	if (!s->json)
		(void)buf_puts(&s->out, "It is free now.\n");
	return EXIT_DONE;
}
