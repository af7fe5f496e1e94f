/* SPDX-License-Identifier: Apache-2.0 */
/* fake_cloud.h - a provider in memory, for tests of the engine
 *
 * Bodies by id, with etags; operations finish in a seeded random order, and act when they finish.
 * What goes wrong is scripted: each script meets the first operation of its verb and path, once.
 */
#ifndef WAYBILL_TESTS_FAKE_CLOUD_H
#define WAYBILL_TESTS_FAKE_CLOUD_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "providers/provider.h"

enum fake_event {
	FAKE_LOST_BEFORE, /* no answer, and nothing was done */
	FAKE_LOST_AFTER,  /* no answer, and all was done */
	FAKE_FAIL,        /* refused */
	FAKE_FAIL_LATE,   /* accepted and done, then failed */
	FAKE_STALE_LATE,  /* the same, and sent again under the etag from before */
	FAKE_EDIT,        /* somebody else puts `value` at `pointer` just before it */
	FAKE_HANG,        /* never ends */
};

struct fake_script {
	enum fake_event event;
	enum verb verb;
	const char *path;
	const char *pointer; /* FAKE_EDIT */
	json_t *value;       /* FAKE_EDIT: NULL removes; owned by the test */
	const char *code, *message;
	bool used;
};

#define FAKE_MOST 64

struct fake_cloud {
	struct provider provider;
	struct arena *arena;
	unsigned seed, etag, nrequests;
	json_t *bodies;   /* by lower-case id */
	json_t *requests; /* {verb, path, match?, body?} in the order of submission */
	struct operation *pending[FAKE_MOST];
	size_t npending, most_pending;
	struct fake_script scripts[FAKE_MOST];
	size_t nscripts;
	/* Called for each operation as it leaves; may be NULL. */
	void (*on_submit)(void *context, const struct operation *);
	void *context;
	/* After this many operations have ended, *interrupted is set; 0: never. */
	unsigned interrupt_after;
	volatile sig_atomic_t interrupted;
};

struct fake_cloud *fake_cloud_new(struct arena *, unsigned seed);
/* Puts a body under an id, as somebody else would; text is JSON with ' for ". */
void fake_cloud_put(struct fake_cloud *, const char *id, const char *text);
/* What stands under an id, also of an item inside its parent; NULL: nothing. Borrowed. */
json_t *fake_cloud_at(struct fake_cloud *, const char *id);
struct fake_script *fake_cloud_script(
	struct fake_cloud *, enum fake_event, enum verb, const char *path);
/* How many requests of a verb there were for a path; NULL: for any. */
size_t fake_cloud_count(const struct fake_cloud *, enum verb, const char *path);

/* JSON from text with ' for ", in the arena. */
json_t *fake_json(struct arena *, const char *text);

#endif
