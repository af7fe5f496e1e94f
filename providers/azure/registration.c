/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/azure/exchange.h"

#define API_VERSION "2021-04-01"
#define REGISTRATION_LIMIT_MS 600000
#define LOOK_MS 2000

static const char *const codes[] = { "MissingSubscriptionRegistration",
	"MissingRegistrationForResourceProvider", "SubscriptionNotRegistered" };

static bool is_missing(const struct answer *answer)
{
	for (size_t i = 0; answer->status == 409 && i < ARRAY_LEN(codes); i++)
		if (arm_error_has(&answer->error, codes[i]))
			return true;
	return false;
}

/* The URL of the provider of the operation's path, with `action` behind it; NULL: it has none. */
static const char *provider_url(const struct exchange *e, const char *action)
{
	static const char before[] = "/subscriptions/", inside[] = "/providers/";
	const char *path = e->operation->path;
	if (!path || !text_starts_nocase(path, before))
		return NULL;
	const char *end = strchr(path + strlen(before), '/');
	const char *space = NULL;
	for (const char *at = path; *at; at++)
		if (text_starts_nocase(at, inside))
			space = at + strlen(inside);
	if (!end || !space)
		return NULL;
	return arena_printf(e->arena, "%s%.*s/providers/%.*s%s?api-version=" API_VERSION,
		e->world->arm, (int)(end - path), path, (int)strcspn(space, "/"), space, action);
}

static const char *remedy(const struct exchange *e)
{
	const char *url = provider_url(e, "");
	const char *space = url ? strstr(url, "/providers/") + strlen("/providers/") : "NAMESPACE";
	return arena_printf(e->arena,
		"apply with --register-providers, or: az provider register --namespace %.*s",
		(int)strcspn(space, "?"), space);
}

/* What it was all about is asked again. */
static void go_back(struct exchange *e)
{
	e->phase = EXCHANGE_REQUEST;
	e->tries = 0;
	e->failing_ms = 0;
	exchange_go(e, exchange_first_url(e), 0);
}

static void read_answer(struct exchange *e, struct answer *answer)
{
	struct failure failure = answer->error.failure;
	const char *state = json_text_at(answer->body, "/registrationState");
	int64_t since_ms = exchange_elapsed(&e->registering_ms);
	long asked_ms = answer->lro.asked_ms;
	long wait_ms = retry_refused_ms(asked_ms > 0 ? asked_ms : LOOK_MS, since_ms);
	failure.help = remedy(e);
	if (answer->status >= 300) {
		exchange_fail(e, &failure);
	} else if (state && text_same_nocase(state, "Registered")) {
		go_back(e);
	} else if (since_ms + wait_ms > REGISTRATION_LIMIT_MS) {
		failure.code = "timeout";
		failure.message = "the provider was registered, and is not ready in ten minutes";
		exchange_fail(e, &failure);
	} else {
		e->phase = EXCHANGE_REGISTERING;
		exchange_go(e, provider_url(e, ""), wait_ms);
	}
}

bool registration_reads(struct exchange *e, struct answer *answer)
{
	if (e->phase == EXCHANGE_REGISTER || e->phase == EXCHANGE_REGISTERING) {
		read_answer(e, answer);
		return true;
	}
	if (!is_missing(answer) || e->phase != EXCHANGE_REQUEST)
		return false;
	answer->error.failure.help = remedy(e);
	const char *url = provider_url(e, "/register");
	if (!e->world->registers || !url || e->registering_ms)
		return false;
	(void)exchange_elapsed(&e->registering_ms);
	e->phase = EXCHANGE_REGISTER;
	e->tries = 0;
	exchange_go(e, url, 0);
	return true;
}
