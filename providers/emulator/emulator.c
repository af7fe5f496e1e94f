/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/emulator.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "providers/emulator/arm.h"
#include "providers/emulator/front.h"
#include "providers/emulator/start.h"
#include "providers/emulator/trace.h"

uint64_t emulator_clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* An emulator whose client was killed may still be saving what the next one is to load. */
static bool lock_store(struct emulator *emulator, struct diags *diags)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	const char *path = arena_printf(diags->arena, "%s.lock", emulator->options.store);
	uint64_t until = emulator_clock_ms() + EMULATOR_STORE_WAIT_MS;

	emulator->store_lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (emulator->store_lock < 0) {
		(void)diag_error(diags, PLACE_NONE, "store-not-locked", "cannot open `%s`: %s",
			path, strerror(errno));
		diag_help(diags,
			"the store's folder has to be there: that of --store; for `waybill --cloud "
			"emulator` that of --state, or of WAYBILL_EMULATOR_STORE");
		return false;
	}
	while (flock(emulator->store_lock, LOCK_EX | LOCK_NB) != 0) {
		if (emulator_clock_ms() >= until)
			return diag_error(diags, PLACE_NONE, "store-in-use",
				"another emulator uses the store `%s`", emulator->options.store);
		(void)nanosleep(&pause, NULL);
	}
	return true;
}

static bool load(struct emulator *emulator, struct diags *diags)
{
	const char *store = emulator->options.store, *start = emulator->options.start;

	if (store != NULL && !lock_store(emulator, diags))
		return false;
	if (store != NULL && access(store, F_OK) == 0)
		return cloud_load(&emulator->cloud, store, diags);
	return start == NULL || start_load(emulator, start, diags);
}

struct emulator *emulator_new(const struct emulator_options *options, struct diags *diags)
{
	struct emulator *emulator = mem_alloc(sizeof(*emulator));

	memset(emulator, 0, sizeof(*emulator));
	emulator->options = *options;
	emulator->store_lock = -1;
	if (emulator->options.token_lifetime_s == 0)
		emulator->options.token_lifetime_s = EMULATOR_TOKEN_LIFETIME_S;
	if (emulator->options.max_routes == 0)
		emulator->options.max_routes = EMULATOR_MAX_ROUTES;
	emulator->endpoint = mem_strdup("http://127.0.0.1");
	cloud_init(&emulator->cloud);
	identity_init(&emulator->identity, emulator->options.token_lifetime_s);
	hooks_init(&emulator->hooks);
	faults_init(&emulator->faults);
	(void)pthread_mutex_init(&emulator->lock, NULL);
	if (options->trace != NULL)
		emulator->trace = trace_open(options->trace, diags);
	if ((options->trace == NULL || emulator->trace != NULL) && load(emulator, diags) &&
		(options->faults == NULL ||
			faults_load(&emulator->faults, options->faults, diags))) {
		/* What it began with has been there for long. */
		emulator->cloud.lag_ms = options->consistency_ms;
		return emulator;
	}
	emulator_free(emulator);
	return NULL;
}

void emulator_free(struct emulator *emulator)
{
	cloud_release(&emulator->cloud);
	operations_release(&emulator->operations);
	identity_release(&emulator->identity);
	hooks_release(&emulator->hooks);
	faults_release(&emulator->faults);
	throttle_release(&emulator->throttle);
	(void)pthread_mutex_destroy(&emulator->lock);
	if (emulator->trace != NULL)
		(void)fclose(emulator->trace);
	if (emulator->store_lock >= 0)
		(void)close(emulator->store_lock);
	free(emulator->endpoint);
	free(emulator);
}

void emulator_set_endpoint(struct emulator *emulator, const char *endpoint)
{
	/* Who knows the port may have come already. */
	(void)pthread_mutex_lock(&emulator->lock);
	free(emulator->endpoint);
	emulator->endpoint = mem_strdup(endpoint);
	(void)pthread_mutex_unlock(&emulator->lock);
}

uint64_t emulator_now_ms(struct emulator *emulator)
{
	(void)pthread_mutex_lock(&emulator->lock);
	uint64_t now = emulator_clock_ms() + emulator->ahead_ms;
	(void)pthread_mutex_unlock(&emulator->lock);
	return now;
}

bool emulator_save(struct emulator *emulator, struct diags *diags)
{
	bool saved = true;

	(void)pthread_mutex_lock(&emulator->lock);
	if (emulator->options.store != NULL && emulator->cloud.changed)
		saved = cloud_save(&emulator->cloud, emulator->options.store, diags);
	(void)pthread_mutex_unlock(&emulator->lock);
	return saved;
}

bool emulator_change(struct emulator *emulator, struct arena *arena, const char *method,
	const char *id, const json_t *body, struct response *out)
{
	char *text = body != NULL ? json_canonical(arena, body) : arena_strdup(arena, "");
	struct request request = {
		.arena = arena,
		.method = method,
		.url = id,
		.path = id,
		.body = text,
		.body_len = strlen(text),
		.now_ms = emulator_clock_ms() + emulator->ahead_ms,
		.internal = true,
	};
	struct target target = target_parse(arena, id);

	*out = (struct response){ .arena = arena };
	bool served = arm_serve(emulator, &target, &request, out);

	arena_json(arena, out->body);
	return served;
}

/* Which of ARM's front doors it was, when, and for whom: "EASTUS:20261126T080000Z:ID". */
static void add_routing(const char *correlation, struct response *response)
{
	time_t now = time(NULL);
	struct tm utc;
	char when[32];

	(void)gmtime_r(&now, &utc);
	(void)strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &utc);
	response_header(response, "x-ms-routing-request-id", "EASTUS:%s:%s", when, correlation);
}

static void add_headers(const struct request *request, bool from_arm, struct response *response)
{
	const char *correlation = request->correlation_id;
	char id[37];

	uuid_random(id);
	response_header(response, "x-ms-request-id", "%s", id);
	if (correlation == NULL) {
		uuid_random(id);
		correlation = id;
	}
	response_header(response, "x-ms-correlation-request-id", "%s", correlation);
	if (from_arm)
		add_routing(correlation, response);
	if (request->echo_client_request_id && request->client_request_id != NULL)
		response_header(
			response, "x-ms-client-request-id", "%s", request->client_request_id);
}

static void serve(
	struct emulator *emulator, const struct request *request, struct response *response)
{
	struct request seen = *request;
	struct target target;

	seen.path = target_path(request->arena, request->path);
	seen.now_ms += emulator->ahead_ms;
	target = target_parse(request->arena, seen.path);
	if (target.kind == TARGET_HOOK) {
		hooks_serve(emulator, target.hook, &seen, response);
		return;
	}
	struct faults_verdict verdict = faults_before(emulator, &seen, response);

	seen.failure = verdict.failure;
	bool by_front = verdict.serve && front_serve(emulator, &seen, response);
	bool by_arm = verdict.serve && !by_front;

	if (by_arm)
		arm_serve(emulator, &target, &seen, response);
	faults_after(&verdict, response);
	add_headers(request, !by_front, response);
	if (by_arm && emulator->trace != NULL)
		trace_add(emulator->trace, &seen, response);
	hooks_record(&emulator->hooks, request, response);
}

void emulator_serve(
	struct emulator *emulator, const struct request *request, struct response *response)
{
	(void)pthread_mutex_lock(&emulator->lock);
	serve(emulator, request, response);
	if (response->raw != NULL)
		response->text = mem_strdup(response->raw);
	else if (response->body != NULL && !response->dropped)
		response->text = json_dumps(response->body, JSON_COMPACT);
	json_decref(response->body);
	response->body = NULL;
	(void)pthread_mutex_unlock(&emulator->lock);
}
