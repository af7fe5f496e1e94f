/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/azure/lro.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/net/retry.h"
#include "providers/net/url.h"

#define LEAST_WAIT_MS 10 /* whatever a server asks for */
#define NOT_FOUND_MOST 5 /* then the status is gone, and the resource is asked */
#define UNREADABLE_MOST 5
#define URL_BYTES ((size_t)16 << 10)
#define MOVES_MOST 10000
#define ABSENT_MOST 10   /* looks for a resource that was just written */
#define STANDING_MOST 20 /* looks, three minutes of them, at one that was to be deleted */

enum state {
	STATE_UNSAID,
	STATE_RUNNING,
	STATE_SUCCEEDED,
	STATE_FAILED
};

static enum state read_state(const char *text)
{
	if (!text || !*text)
		return STATE_UNSAID;
	if (text_same_nocase(text, "Succeeded") || text_same_nocase(text, "Completed"))
		return STATE_SUCCEEDED;
	if (text_same_nocase(text, "Failed") || text_same_nocase(text, "Canceled") ||
		text_same_nocase(text, "Cancelled"))
		return STATE_FAILED;
	return STATE_RUNNING;
}

static enum state resource_state(const json_t *body)
{
	return read_state(json_text_at(body, "/properties/provisioningState"));
}

long lro_wait_ms(struct lro *lro, long asked_ms)
{
	long own = retry_interval_ms(lro->asked++);
	if (asked_ms < 0)
		return own;
	return asked_ms < LEAST_WAIT_MS ? LEAST_WAIT_MS : asked_ms;
}

static struct lro_next poll_after(struct lro *lro, long asked_ms)
{
	return (struct lro_next){ LRO_POLL, lro_wait_ms(lro, asked_ms) };
}

static struct lro_next act(enum lro_action action)
{
	return (struct lro_next){ .action = action };
}

static struct lro_next ended(struct lro *lro)
{
	if (lro->via == FINAL_STATUS)
		lro->final_url = NULL;
	else if (lro->via == FINAL_ORIGINAL)
		lro->final_url = lro->resource_url;
	else if (lro->via == FINAL_LOCATION && lro->location)
		lro->final_url = lro->style == LRO_LOCATION ? NULL : lro->location;
	return act(lro->final_url ? LRO_FINAL_GET : LRO_DONE);
}

/* The status is no longer to be had: what the resource shows decides. */
static struct lro_next ask_resource(struct lro *lro, long asked_ms)
{
	lro->not_found = lro->unreadable = 0;
	if (lro->verb == VERB_POST)
		return act(LRO_LOST);
	lro->final_url = lro->resource_url;
	if (lro->verb != VERB_DELETE)
		return act(LRO_FINAL_GET);
	if (lro->style == LRO_RESOURCE)
		return act(LRO_LOST);
	lro->style = LRO_RESOURCE;
	lro->url = lro->resource_url;
	return poll_after(lro, asked_ms);
}

static const char *resolved(const struct lro *lro, struct arena *arena, const char *url)
{
	char *made = url_resolve(arena, lro->resource_url, url);
	return made ? made : arena_strdup(arena, url);
}

/* Polling URLs are kept in the arena, so how long they are and how often they change is bounded;
 * the last one that was taken goes on to be asked. What is no URL at all is kept as it is: the
 * exchange refuses it by name. */
static void take_url(struct lro *lro, struct arena *arena, const char *url)
{
	if (strcmp(url, lro->url) == 0 || strlen(url) > URL_BYTES || lro->moves >= MOVES_MOST)
		return;
	lro->url = resolved(lro, arena, url);
	lro->moves++;
}

/* Takes the polling URL of the preferred header, if there is one. False when there is none. */
static bool take_headers(struct lro *lro, struct arena *arena, const struct lro_answer *answer)
{
	const char *url = answer->async_operation;
	enum lro_style style = LRO_ASYNC;
	if (!url || !*url)
		url = answer->operation_location;
	if (!url || !*url) {
		url = answer->location;
		style = LRO_LOCATION;
	}
	if (!url || !*url)
		return false;
	take_url(lro, arena, url);
	lro->style = style;
	const char *location = answer->location;
	if (location && *location && strlen(location) <= URL_BYTES)
		lro->location = resolved(lro, arena, location);
	if (lro->verb == VERB_POST && style == LRO_ASYNC)
		lro->final_url = lro->location;
	return true;
}

/* Nothing stands for an action but what its answers say. */
static struct lro_next begin_post(
	struct lro *lro, enum state state, bool has_headers, const struct lro_answer *answer)
{
	if (state == STATE_FAILED && !has_headers)
		return act(LRO_FAILED);
	if (has_headers && (state != STATE_SUCCEEDED || answer->status == 202))
		return poll_after(lro, answer->asked_ms);
	if (answer->status == 202)
		return act(LRO_LOST);
	lro->final_url = NULL;
	return act(LRO_DONE);
}

struct lro_next lro_begin(struct lro *lro, struct arena *arena, enum verb verb, enum final_via via,
	const char *resource_url, const struct lro_answer *answer)
{
	*lro = (struct lro){ .verb = verb,
		.via = via,
		.style = LRO_RESOURCE,
		.resource_url = resource_url,
		.final_url = verb == VERB_PUT || verb == VERB_PATCH ? resource_url : NULL,
		.url = resource_url };
	bool has_headers = take_headers(lro, arena, answer);
	enum state state = resource_state(answer->body);
	if (verb == VERB_POST)
		return begin_post(lro, state, has_headers, answer);
	if (verb == VERB_DELETE) {
		/* A 200 with polling headers (network interfaces) is not the end. */
		if (has_headers || answer->status == 202)
			return poll_after(lro, answer->asked_ms);
		return act(LRO_DONE);
	}
	if (state == STATE_SUCCEEDED && answer->status != 202)
		return verb == VERB_PATCH ? act(LRO_DONE) : act(LRO_FINAL_GET);
	if (has_headers)
		return poll_after(lro, answer->asked_ms);
	if (state == STATE_FAILED)
		return act(LRO_FAILED);
	if (state == STATE_RUNNING || answer->status == 202)
		return poll_after(lro, answer->asked_ms);
	if (verb == VERB_PATCH && json_is_object(answer->body))
		return act(LRO_DONE);
	return act(LRO_FINAL_GET);
}

static const char *const handle_words[] = { [LRO_ASYNC] = "status ", [LRO_LOCATION] = "location " };

const char *lro_handle(const struct lro *lro, struct arena *arena)
{
	if (lro->style == LRO_RESOURCE)
		return NULL;
	return arena_printf(arena, "%s%s", handle_words[lro->style], lro->url);
}

bool lro_resume(struct lro *lro, struct arena *arena, enum verb verb, const char *resource_url,
	const char *handle)
{
	for (size_t i = 0; i < ARRAY_LEN(handle_words); i++) {
		size_t len = strlen(handle_words[i]);
		if (strncmp(handle, handle_words[i], len) != 0)
			continue;
		*lro = (struct lro){ .verb = verb,
			.style = (enum lro_style)i,
			.resource_url = resource_url,
			.final_url = verb == VERB_PUT || verb == VERB_PATCH ? resource_url : NULL,
			.url = arena_strdup(arena, handle + len) };
		return true;
	}
	return false;
}

void lro_resource_is_at(struct lro *lro, const char *resource_url)
{
	if (lro->url == lro->resource_url)
		lro->url = resource_url;
	if (lro->final_url == lro->resource_url)
		lro->final_url = resource_url;
	lro->resource_url = resource_url;
}

static struct lro_next unreadable(struct lro *lro, const struct lro_answer *answer)
{
	if (++lro->unreadable >= UNREADABLE_MOST)
		return ask_resource(lro, answer->asked_ms);
	return poll_after(lro, answer->asked_ms);
}

static struct lro_next poll_async(struct lro *lro, const struct lro_answer *answer)
{
	if (answer->status < 200 || answer->status > 299)
		return ask_resource(lro, answer->asked_ms);
	enum state state = read_state(json_text_at(answer->body, "/status"));
	if (state == STATE_UNSAID)
		state = resource_state(answer->body);
	if (state == STATE_UNSAID && answer->status == 204)
		state = STATE_SUCCEEDED;
	if (state == STATE_UNSAID && answer->status == 202)
		state = STATE_RUNNING;
	if (state == STATE_UNSAID)
		return unreadable(lro, answer);
	lro->unreadable = 0;
	if (state == STATE_SUCCEEDED)
		return ended(lro);
	return state == STATE_FAILED ? act(LRO_FAILED) : poll_after(lro, answer->asked_ms);
}

static struct lro_next poll_location(
	struct lro *lro, struct arena *arena, const struct lro_answer *answer)
{
	if (answer->status < 200 || answer->status > 299)
		return act(LRO_FAILED);
	if (answer->status == 202) {
		if (answer->location && *answer->location)
			take_url(lro, arena, answer->location);
		return poll_after(lro, answer->asked_ms);
	}
	switch (resource_state(answer->body)) {
	case STATE_FAILED:
		return act(LRO_FAILED);
	case STATE_RUNNING:
		return poll_after(lro, answer->asked_ms);
	default:
		return ended(lro);
	}
}

static struct lro_next poll_resource(struct lro *lro, const struct lro_answer *answer)
{
	if (answer->status < 200 || answer->status > 299)
		return act(LRO_LOST);
	if (!json_is_object(answer->body)) {
		bool lost = ++lro->unreadable >= UNREADABLE_MOST;
		return lost ? act(LRO_LOST) : poll_after(lro, answer->asked_ms);
	}
	lro->unreadable = 0;
	enum state state = resource_state(answer->body);
	if (state == STATE_FAILED)
		return act(LRO_FAILED);
	if (state == STATE_RUNNING)
		return poll_after(lro, answer->asked_ms);
	if (lro->verb != VERB_DELETE)
		return act(LRO_DONE);
	bool lost = ++lro->standing >= STANDING_MOST;
	return lost ? act(LRO_LOST) : poll_after(lro, answer->asked_ms);
}

struct lro_next lro_poll(struct lro *lro, struct arena *arena, const struct lro_answer *answer)
{
	if (answer->status == 404) {
		if (lro->verb == VERB_DELETE && lro->style == LRO_RESOURCE && answer->absent)
			return act(LRO_DONE);
		/* A status may not be there yet. */
		if (++lro->not_found >= NOT_FOUND_MOST)
			return ask_resource(lro, answer->asked_ms);
		return poll_after(lro, answer->asked_ms);
	}
	lro->not_found = 0;
	if (lro->style == LRO_ASYNC)
		return poll_async(lro, answer);
	if (lro->style == LRO_LOCATION)
		return poll_location(lro, arena, answer);
	return poll_resource(lro, answer);
}

/* The result that is not the resource, where the first answer said that it would be. */
static struct lro_next final_elsewhere(
	struct lro *lro, struct arena *arena, const struct lro_answer *answer)
{
	lro->via = FINAL_USUAL;
	if (lro->final_url)
		lro->url = lro->final_url;
	lro->final_url = NULL;
	if (answer->status == 404 && ++lro->not_found < NOT_FOUND_MOST)
		return poll_after(lro, answer->asked_ms);
	/* The action has ended well: that its result is kept from us is no failure of it. */
	if (answer->status < 200 || answer->status > 299)
		return act(LRO_LOST);
	return poll_location(lro, arena, answer);
}

struct lro_next lro_final(struct lro *lro, struct arena *arena, const struct lro_answer *answer)
{
	if (lro->final_url != lro->resource_url)
		return final_elsewhere(lro, arena, answer);
	if (answer->status == 404 && lro->verb == VERB_DELETE)
		return act(LRO_DONE);
	/* Reads may lag behind writes. */
	if (answer->status == 404 && ++lro->not_found < ABSENT_MOST) {
		lro->url = lro->resource_url;
		lro->style = LRO_RESOURCE;
		return poll_after(lro, answer->asked_ms);
	}
	if (answer->status < 200 || answer->status > 299 || !json_is_object(answer->body))
		return act(LRO_LOST);
	switch (resource_state(answer->body)) {
	case STATE_RUNNING:
		lro->url = lro->resource_url;
		return poll_after(lro, answer->asked_ms);
	case STATE_FAILED:
		return act(LRO_FAILED);
	default:
		return act(LRO_DONE);
	}
}
