/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/waybill/keeping.h"
#include "cmd/waybill/session.h"
#include "cmd/waybill/signals.h"
#include "engine/base/text.h"
#include "state/blob.h"
#include "state/names.h"

#define ANSWER_BYTES 64

/* ---- which state is meant ---- */

static bool find_backend(struct session *s, bool moves)
{
	if (s->config) {
		s->backend = s->config->backend;
		return true;
	}
	if (session_option(s, OPTION_STATE)->given && !moves)
		return true;
	const struct option_value *files = session_option(s, OPTION_FILE);
	struct config_options options = { .paths = files->texts, .npaths = files->ntexts };
	return config_backend(s->arena, &options, &s->backend, &s->diags);
}

/* Never two truths: one of them would be written, and the other believed. */
static bool check_one_place(struct session *s, bool moves)
{
	const struct config_backend *backend = s->backend;
	if (session_option(s, OPTION_STATE)->given && !moves) {
		(void)diag_error(&s->diags, backend->at, "state-in-two-places",
			"`backend` names a state, and --state or WAYBILL_STATE another");
		diag_help(&s->diags,
			"leave out one of the two; `waybill state push` moves a "
			"local state to where `backend` says");
		return false;
	}
	if (!moves && access(SESSION_DEFAULT_STATE, F_OK) == 0) {
		(void)diag_error(&s->diags, backend->at, "state-in-two-places",
			"`backend` names a state, and here is a local one, %s",
			SESSION_DEFAULT_STATE);
		diag_help(&s->diags,
			"`waybill state push` moves it to where `backend` says; if "
			"it is of something else, move the file away");
		return false;
	}
	return true;
}

static bool check_account(struct session *s)
{
	const char *pinned = session_option(s, OPTION_BACKEND_ACCOUNT)->text;
	if (!pinned || strcmp(pinned, s->backend->account) == 0)
		return true;
	(void)diag_error(&s->diags, s->backend->at, "backend-account",
		"the state may be in the storage account `%s` alone, not in `%s`", pinned,
		s->backend->account);
	diag_help(&s->diags,
		"correct `backend`, or --backend-account or WAYBILL_BACKEND_ACCOUNT, whichever is "
		"wrong");
	return false;
}

static bool is_pinned(const struct session *s)
{
	const char *known = environment_get(s->environment, "AZURE_STORAGE_ACCOUNT");
	return session_option(s, OPTION_BACKEND_ACCOUNT)->given ||
		(known && strcmp(known, s->backend->account) == 0);
}

static bool open_store(struct session *s)
{
	if ((!s->cloud.name && !session_cloud(s, false)) || !session_endpoints(s))
		return false;
	struct store *store = blob_open(
		&(struct blob_options){
			.account = s->backend->account,
			.container = s->backend->container,
			.key = s->backend->key,
			.at = s->backend->at,
			.cloud = s->cloud.name,
			.suffix = s->cloud.storage,
			.login = s->cloud.login,
			.arm = s->cloud.arm,
			.is_emulator = s->cloud.emulator,
			.endpoint = session_option(s, OPTION_BACKEND_ENDPOINT)->text,
			.is_pinned = is_pinned(s),
			.environment = s->environment,
			.version = WAYBILL_VERSION,
			.log = session_log(s),
		},
		&s->diags);
	if (!store)
		return false;
	s->remote = remote_new(store);
	return true;
}

bool session_store(struct session *s, bool moves)
{
	if (s->knows_store)
		return true;
	if (!find_backend(s, moves))
		return false;
	if (s->backend && (!check_one_place(s, moves) || !check_account(s) || !open_store(s)))
		return false;
	s->knows_store = true;
	return true;
}

/* ---- its lock ---- */

static void tell_waiting(void *context, const char *holder)
{
	const struct session *s = context;
	tell("Waiting for the state's lock, held by %s\n", text_escaped(s->arena, holder));
}

bool session_lock(struct session *s)
{
	return session_lock_within(s, 0);
}

void session_unlock(struct session *s)
{
	state_close(s->state);
	remote_free(s->remote);
	lock_release(s->lock);
	s->state = NULL;
	s->remote = NULL;
	s->lock = NULL;
	s->knows_store = false;
}

bool session_lock_within(struct session *s, int least_ms)
{
	int timeout_ms = (int)session_option(s, OPTION_LOCK_TIMEOUT)->number;
	timeout_ms = timeout_ms < least_ms ? least_ms : timeout_ms;
	if (!session_store(s, false))
		return false;
	if (!s->remote) {
		s->lock = lock_take(
			s->state_path, s->command, timeout_ms, tell_waiting, s, &s->diags);
		return s->lock != NULL;
	}
	s->has_lease = remote_lock(s->remote, s->command, timeout_ms, tell_waiting, s, &s->diags);
	if (s->has_lease)
		signals_note(NULL);
	return s->has_lease;
}

bool session_holder(struct session *s, char **out)
{
	if (s->remote)
		return remote_holder(s->remote, s->arena, out, &s->diags);
	*out = lock_holder(s->arena, s->state_path);
	return true;
}

/* ---- opening it ---- */

bool session_state_alone(struct session *s, enum state_access access)
{
	if (!session_store(s, false))
		return false;
	state_close(s->state);
	s->state = s->remote ? state_open_remote(s->remote, access, &s->diags)
			     : state_open(s->state_path, access, &s->diags);
	if (s->state)
		state_guard(s->state, s->lock);
	return s->state != NULL;
}

bool session_may_write(struct session *s, const char *path, bool is_state)
{
	if (!state_names(s->state_path, path) &&
		(is_state || !state_is_same_file(s->state_path, path)))
		return true;
	(void)diag_error(&s->diags, (struct place){ .file = path }, "state-file",
		"this is the name of the state, or of a file that it needs beside it");
	diag_help(&s->diags, "name another file");
	return false;
}

bool session_bind(struct session *s, const char *const *subscriptions, size_t count)
{
	const struct state_binding binding = {
		.subscriptions = subscriptions, .nsubscriptions = count, .grows = true
	};
	return state_bind(s->state, &binding, &s->diags);
}

bool session_state(struct session *s, enum state_access access)
{
	if (!session_state_alone(s, access))
		return false;
	const char *tenant = s->emulator.tenant;
	if (!s->cloud.emulator) {
		tenant = environment_get(s->environment, "AZURE_TENANT_ID");
		if (!tenant)
			tenant = environment_get(s->environment, "ARM_TENANT_ID");
	}
	struct state_binding binding = {
		.cloud = s->cloud.emulator ? "emulator" : s->cloud.name,
		.tenant = tenant,
	};
	return state_bind(s->state, &binding, &s->diags);
}

/* ---- while it is open ---- */

/* Others would wait for a minute for a lease that is not given back. */
static void end_if_told(void *context)
{
	struct session *s = context;
	int number = signals_noted();
	if (!number)
		return;
	state_close(s->state);
	remote_free(s->remote);
	emulator_stop(&s->emulator);
	_exit(128 + number);
}

bool session_keep(struct session *s)
{
	if (!s->remote)
		return true;
	s->provider = keeping_new(s->provider, &s->state, end_if_told, s);
	if (s->has_lease)
		signals_note(s->provider);
	return true;
}

/* False at the end of the input. Who thinks it over for long must not lose the state. */
static bool wait_for_input(struct session *s)
{
	for (;;) {
		struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
		int ready = poll(&input, 1, s->state ? state_keep_due_ms(s->state) : -1);
		if (ready > 0)
			return true;
		if (ready < 0 && errno != EINTR)
			return false;
		end_if_told(s);
		if (s->state)
			state_keep(s->state);
	}
}

static bool ask(struct session *s, const char *question)
{
	char answer[ANSWER_BYTES];
	tell("\n%s Only 'yes' is accepted: ", question);
	if (!wait_for_input(s) || !fgets(answer, sizeof answer, stdin)) {
		tell("\n");
		return false;
	}
	answer[strcspn(answer, "\n")] = '\0';
	return strcmp(answer, "yes") == 0;
}

bool session_approve(struct session *s, const char *question, const char *otherwise)
{
	if (!s->terminal.can_ask || s->json) {
		(void)diag_error(&s->diags, PLACE_NONE, "needs-approval",
			s->json ? "with --json nobody is asked" : "there is no terminal to ask at");
		diag_help(&s->diags, "%s", otherwise);
		return false;
	}
	if (!session_flush(s)) {
		(void)diag_error(&s->diags, PLACE_NONE, "output-failed",
			"the plan could not be shown, so that nobody can approve it");
		diag_help(&s->diags, "see where stdout leads: a full disk, a reader that left");
		return false;
	}
	session_warn(s);
	if (ask(s, question))
		return true;
	(void)diag_error(
		&s->diags, PLACE_NONE, "not-approved", "this was not a yes: nothing was done");
	diag_help(&s->diags, "run the same command again and type yes");
	return false;
}
