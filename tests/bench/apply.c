/* SPDX-License-Identifier: Apache-2.0 */
/* apply.c - what an apply writes into its state, without a cloud
 *
 *   apply FOLDER PARALLELISM      FOLDER/waybill.yaml into FOLDER/waybill.db
 *
 * The whole engine before a provider that answers at once: nothing stands, and each write is done.
 * Prints one line of JSON: changes, steps, seconds of the apply alone; groups (transactions), the
 * syncs that they took, all bytes that SQLite wrote, with the fold of its log at the end; and what
 * one fdatasync costs there.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/apply/apply.h"
#include "engine/base/json.h"
#include "tests/support/vfs.h"

#define MOST_AT_ONCE 1000
#define SYNCS_TRIED 101

struct instant {
	struct provider provider;
	struct operation *waiting[MOST_AT_ONCE];
	size_t first, count; /* a ring */
	unsigned requests;
};

static long groups; /* SQLite hands no context to what it calls for each new connection */

static int count_group(void *unused)
{
	(void)unused;
	groups++;
	return 0;
}

static int watch_commits(sqlite3 *db, const char **problem, const void *api)
{
	(void)problem;
	(void)api;
	(void)sqlite3_commit_hook(db, count_group, NULL);
	return SQLITE_OK;
}

static void submit(struct provider *provider, struct operation *operation)
{
	struct instant *cloud = (struct instant *)(void *)provider;
	if (cloud->count == MOST_AT_ONCE)
		abort();
	cloud->waiting[(cloud->first + cloud->count++) % MOST_AT_ONCE] = operation;
	cloud->requests++;
}

/* As ARM answers: with an id, an etag and a state. */
static json_t *done(const struct operation *operation)
{
	json_t *body = json_copy(operation->body);
	json_t *properties = json_object_get(body, "properties");
	properties = properties ? json_copy(properties) : json_object();
	(void)json_object_set_new(properties, "provisioningState", json_string("Succeeded"));
	(void)json_object_set_new(body, "properties", properties);
	(void)json_object_set_new(body, "id", json_string(operation->path));
	(void)json_object_set_new(body, "name", json_string(strrchr(operation->path, '/') + 1));
	(void)json_object_set_new(body, "etag", json_string("W/\"1\""));
	return body;
}

static struct operation *reap(struct provider *provider, int timeout_ms)
{
	struct instant *cloud = (struct instant *)(void *)provider;
	(void)timeout_ms;
	if (cloud->count == 0)
		return NULL;
	struct operation *operation = cloud->waiting[cloud->first];
	cloud->first = (cloud->first + 1) % MOST_AT_ONCE;
	cloud->count--;
	bool writes = operation->verb == VERB_PUT || operation->verb == VERB_PATCH;
	operation->outcome = writes ? OUTCOME_DONE : OUTCOME_ABSENT;
	operation->reply = writes ? arena_json(operation->arena, done(operation)) : NULL;
	operation->etag = writes ? "W/\"1\"" : NULL;
	return operation;
}

static void interrupt(struct provider *provider)
{
	(void)provider;
}

static unsigned requests(struct provider *provider)
{
	return ((struct instant *)(void *)provider)->requests;
}

static double now_s(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* The median of a page written and synced, in milliseconds. */
static double sync_ms(const char *path)
{
	static const char page[4096];
	double taken[SYNCS_TRIED];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	for (size_t i = 0; i < SYNCS_TRIED; i++) {
		double begin = now_s();
		if (fd < 0 || write(fd, page, sizeof page) < 0 || fdatasync(fd) != 0)
			abort();
		taken[i] = (now_s() - begin) * 1000;
	}
	(void)close(fd);
	(void)unlink(path);
	qsort(taken, SYNCS_TRIED, sizeof *taken, compare);
	return taken[SYNCS_TRIED / 2];
}

static struct plan *plan_folder(
	struct arena *a, const char *folder, struct instant *cloud, struct diags *diags)
{
	static const char *const nothing[] = { NULL };
	const struct plan_options options = { .max_deletes = 1 };
	const struct snapshot_options reading = { .refresh = true };
	const char *const paths[] = { folder };
	struct config *config = config_load(a, catalog_new(a),
		&(struct config_options){ .paths = paths, .npaths = 1, .environment = nothing },
		diags);
	struct snapshot *snapshot =
		config ? snapshot_read(a, config, NULL, &cloud->provider, &reading, diags) : NULL;
	return snapshot ? plan_make(a, config, snapshot, &options, diags) : NULL;
}

static void measure(struct plan *plan, struct instant *cloud, struct vfs *vfs, const char *folder,
	size_t parallelism, struct diags *diags)
{
	const char *path = arena_printf(plan->arena, "%s/waybill.db", folder);
	struct run run = { .command = "apply", .user = "bench", .host = "bench", .pid = 1 };
	struct apply_options options = { .parallelism = parallelism, .run = &run };
	struct apply_report report;
	struct state *state = state_open(path, STATE_WRITE, diags);
	struct state_binding binding = { .cloud = "bench" };
	if (!state || !state_bind(state, &binding, diags))
		abort();
	*vfs = (struct vfs){ .base = vfs->base, .real = vfs->real };
	groups = 0;
	double begin = now_s();
	bool good = apply_plan(plan, state, &cloud->provider, &options, &report, diags);
	double seconds = now_s() - begin;
	long syncs = vfs->syncs, transactions = groups;
	state_close(state);
	if (!good)
		abort();
	(void)printf("{\"changes\": %zu, \"steps\": %zu, \"seconds\": %.3f, \"groups\": %ld, "
		     "\"syncs\": %ld, \"bytes\": %lld, \"sync_ms\": %.3f}\n",
		plan->nchanges, plan->nsteps, seconds, transactions, syncs, vfs->bytes,
		sync_ms(arena_printf(plan->arena, "%s/page", folder)));
}

int main(int argc, char **argv)
{
	unsigned long parallelism = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	if (parallelism == 0 || parallelism > MOST_AT_ONCE) {
		(void)fprintf(stderr, "usage: %s FOLDER PARALLELISM\n", argv[0]);
		return 1;
	}
	mem_guard_jansson();
	struct vfs vfs = { 0 };
	vfs_install(&vfs);
	(void)sqlite3_auto_extension((void (*)(void))watch_commits);
	struct arena *a = arena_new();
	struct diags diags;
	diags_init(&diags, a);
	struct instant cloud = { .provider = { .submit = submit,
					 .reap = reap,
					 .interrupt = interrupt,
					 .requests = requests } };
	struct plan *plan = plan_folder(a, argv[1], &cloud, &diags);
	for (size_t i = 0; i < diags.count; i++)
		(void)fprintf(stderr, "%s: %s\n", diags.items[i].code, diags.items[i].text);
	if (!plan)
		return 1;
	measure(plan, &cloud, &vfs, argv[1], parallelism, &diags);
	arena_free(a);
	return 0;
}
