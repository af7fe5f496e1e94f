/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot.h - recorded and actual: what the state and the cloud said when we looked
 *
 * Reading is by LIST: one a subscription, group and type. A recorded resource that its LIST lacks
 * is asked for once by GET before it counts as absent. Children come inside their parents and are
 * entries of their own here. All of it lives in the arena given.
 */
#ifndef WAYBILL_PLAN_SNAPSHOT_H
#define WAYBILL_PLAN_SNAPSHOT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "engine/config/config.h"
#include "providers/provider.h"
#include "state/state.h"

struct actual {
	const char *id; /* as ARM spells it */
	const struct schema *schema;
	json_t *body;                    /* as read; of a child, the item inside its parent */
	const char *parent;              /* id of what it was read inside of, or NULL */
	const struct resource *resource; /* the configuration's of this id, or NULL */
};

/* Something that stands inside a group which may be deleted: `contents` of the schema. */
struct content {
	const char *container; /* id of the group */
	const char *id;
};

struct snapshot {
	struct arena *arena;
	const struct catalog *catalog;
	struct record *records; /* with open intents overlaid: what came true counts as recorded */
	size_t nrecords;
	struct intent *open_intents;
	size_t nopen_intents;
	struct actual *actuals; /* sorted by id without case */
	size_t nactuals;
	const char **absent_groups; /* ids of groups that a LIST in them said not to exist */
	size_t nabsent_groups;
	struct content *contents; /* of the recorded groups that the configuration lacks */
	size_t ncontents;
	struct secrets *secrets;        /* the configuration's; NULL: none */
	const char **new_subscriptions; /* that the state is not bound to, beside those it is */
	size_t nnew_subscriptions;
	struct run last_run; /* for the sizes of node sets; number 0: none */
	unsigned requests;   /* it cost the cloud */
};

/* The live clusters that node sets may be read from. */
struct clusters {
	/* The one of this context of the kubeconfig; NULL: its current one. It is opened when it
	 * is first asked for, and stays the opener's. NULL with errors. */
	struct provider *(*open)(void *opener, const char *context, struct diags *);
	void *opener;
};

struct snapshot_options {
	bool refresh; /* false: what is recorded counts as actual where everything declared in a
			 collection is recorded */
	bool destroy; /* only what is recorded is read; a cluster may be gone before its network,
			 so that sets of live clusters stay without rows */
	const struct clusters *clusters; /* NULL: no set wants one */
};

/* Reads the node sets that come from machines or clusters, resolves the configuration, reads
 * recorded and actual. `state` may be NULL (nothing recorded). NULL with errors. */
struct snapshot *snapshot_read(struct arena *, struct config *, struct state *, struct provider *,
	const struct snapshot_options *, struct diags *);
/* Only the first part: the node sets and config_resolve(). */
bool snapshot_resolve(struct arena *, struct config *, struct provider *,
	const struct snapshot_options *, struct diags *);

/* Whether what an intent was to create, with others inside, stands and none of those does: one PUT
 * makes all of it, so that it never left, and somebody else made what stands. Not where Azure said
 * that it took the write. */
bool snapshot_is_made_by_another(const struct snapshot *, const struct intent *);

const struct actual *snapshot_actual(const struct snapshot *, const char *id); /* or NULL */
const struct record *snapshot_record(const struct snapshot *, const char *id); /* or NULL */
/* Of records in the order of ids, the place of the first that is not before the id: its own, if
 * it is recorded, then those inside it, among others whose names begin alike. */
size_t records_from(const struct record *, size_t count, const char *id);

/* Adds an error for an operation that the cloud refused: what we wanted, its code and message. */
bool operation_refused(const struct operation *, const char *wanted, struct diags *);

#endif
