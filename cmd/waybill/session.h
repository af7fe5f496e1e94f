/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - one run of one command: what it was asked, what it has open, what it says
 *
 * A command opens what it needs, in this order: session_cloud(), session_config(), session_lock(),
 * session_state(), session_provider(). Each is false with errors in `diags`. session_close() ends
 * all of it in the reverse order, and is safe at any point.
 *
 * Results go into `out` as text, or with --json into `document`; program.c prints them, with the
 * diagnostics, when the command has returned.
 */
#ifndef WAYBILL_CMD_SESSION_H
#define WAYBILL_CMD_SESSION_H

#include <jansson.h>
#include <stdbool.h>

#include "cmd/waybill/emulator_process.h"
#include "cmd/waybill/options.h"
#include "cmd/waybill/recording.h"
#include "cmd/waybill/terminal.h"
#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/diag.h"
#include "engine/config/config.h"
#include "engine/plan/snapshot.h"
#include "providers/azure/azure.h"
#include "providers/provider.h"
#include "schemas/schema.h"
#include "state/lock.h"
#include "state/remote.h"
#include "state/state.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_ERROR = 1,
	EXIT_CHANGES = 2, /* plan --detailed-exitcode; a stale plan; reach --effective: differs */
	EXIT_UNFORMATTED = 3, /* fmt --check */
};

#define SESSION_DEFAULT_STATE "waybill.db"

struct session {
	struct arena *arena;
	struct diags diags;
	struct terminal terminal;
	const struct arguments *arguments;
	const char *command;      /* "plan", "state list" */
	const char *const *words; /* the command's own arguments */
	size_t nwords;

	bool json;
	struct buf out;
	json_t *document; /* an object, unless `bare` */
	bool bare;        /* the document is the user's own value: diagnostics only on failure */

	const char *const *environment; /* with the subscription that the cloud implies */
	const char *state_path;
	struct catalog *catalog;
	struct config *config;
	const char *cloud_name; /* in the place of --cloud's default; or NULL */
	struct azure_cloud cloud;
	bool talks; /* to the cloud */
	struct emulator_process emulator;
	struct lock *lock;     /* of a local state */
	struct remote *remote; /* NULL: the state is local, or it is not yet known which is meant */
	bool knows_store;
	bool has_lease;
	const struct config_backend *backend;
	struct state *state;
	struct provider *provider;
	struct clusters clusters; /* opened as node sets ask for them */
	struct session_cluster *opened;
	size_t nopened;
	struct recording recording; /* of all that the log hears of; see session_record() */
};

/* `environment` as environ. */
void session_open(struct session *, const struct arguments *, const char *const *environment);
/* False, after it was told, when the record could not be written. */
bool session_close(struct session *);
/* Records from now on, if --record asks for it. */
bool session_record(struct session *);

/* Decides which cloud is meant. With `talks`, starts an emulator where one is asked for. */
bool session_cloud(struct session *, bool talks);
/* Asks a cloud that was given by URL where its services are, when that is not known yet. */
bool session_endpoints(struct session *);
/* The subscription where no configuration says which: the environment's, else the one that az has
 * chosen where az is what signs us in; NULL: none. False when az was to say and did not. */
bool session_subscription(struct session *, const char **out);
/* Reads the configuration that -f and the variables name. */
bool session_config(struct session *);
/* The configuration of a saved plan; the variables give what it does not hold, its secrets. */
bool session_config_again(struct session *, const json_t *inputs);
/* Decides which state is meant, which the others do when nobody did: that of `backend` in the
 * configuration, or where --state says. `moves`: a local one that stands beside is meant to go. */
bool session_store(struct session *, bool moves);
/* Takes the lock, waiting as long as --lock-timeout allows. */
bool session_lock(struct session *);
/* The same, waiting at least that long. */
bool session_lock_within(struct session *, int timeout_ms);
/* Closes the state and gives up its lock; both may be taken again. */
void session_unlock(struct session *);
/* Opens the state, anew if it is open, and checks that it belongs to this cloud. */
bool session_state(struct session *, enum state_access);
/* Binds the state, open for writing, to the subscriptions that a plan has shown; which it is bound
 * to already stay. */
bool session_bind(struct session *, const char *const *subscriptions, size_t count);
/* Opens the state, anew if it is open, whatever its cloud. */
bool session_state_alone(struct session *, enum state_access);
/* Whether a result may be written there: false with `state-file` for the names of the local state's
 * own files; a copy of a state (`is_state`) may bear the name of the state itself. */
bool session_may_write(struct session *, const char *path, bool is_state);
/* Who holds the state's lock now, NULL for nobody; the state is open. */
bool session_holder(struct session *, char **out);
bool session_provider(struct session *);
/* Lets a remote state be kept while the provider is waited for. True. */
bool session_keep(struct session *);
struct net_log session_log(struct session *);

const struct option_value *session_option(const struct session *, enum option_id);
bool session_switch(const struct session *, enum option_id, bool otherwise);
/* Prints what is in `out` now, so that it stands before a question. False when that failed. */
bool session_flush(struct session *);
/* Shows what is in `out`, and asks at the terminal. True for `yes`; else false with
 * `not-approved`, or `needs-approval` where there is nobody to ask, with `otherwise` as the help.
 * A state that is open stays ours meanwhile. */
bool session_approve(struct session *, const char *question, const char *otherwise);
/* Tells the warnings that there are, before a question that they may bear on; not again later. */
void session_warn(struct session *);
/* A line on stderr: progress, a question. The text must be escaped. */
void tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
