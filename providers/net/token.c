/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/token.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct waiter {
	void (*ready)(void *context, const struct token *);
	void *context;
};

struct token_source {
	struct token_options options;
	struct arena *arena; /* scope, URL, and the problem that ended the source */
	const char *url;
	const char *scope;
	char *text;
	unsigned number;
	int64_t refresh_ms, end_ms;
	bool fetching;
	unsigned tries;
	struct buf form; /* the request under way */
	const char *problem, *help;
	struct waiter *waiters;
	size_t nwaiters, room;
};

struct token_source *token_source_new(const struct token_options *options)
{
	struct token_source *source = mem_alloc(sizeof *source);
	*source = (struct token_source){ .options = *options, .arena = arena_new() };
	const struct credential *credential = options->credential;
	source->scope = arena_strdup(source->arena, options->scope);
	if (credential->kind == CREDENTIAL_SECRET) {
		source->url = credential_url(source->arena, credential, options->login);
		http_keep_secret(options->http, credential->secret);
	} else {
		source->text = mem_strdup(credential->token);
		source->number = 1;
		source->refresh_ms = source->end_ms = INT64_MAX;
	}
	if (credential->kind == CREDENTIAL_READY)
		http_keep_secret(options->http, credential->token);
	return source;
}

static void form_clear(struct token_source *source)
{
	if (source->form.data)
		explicit_bzero(source->form.data, source->form.len);
	buf_release(&source->form);
}

void token_source_free(struct token_source *source)
{
	if (!source)
		return;
	credential_clear(source->text);
	form_clear(source);
	free(source->waiters);
	arena_free(source->arena);
	free(source);
}

static void answer_waiters(struct token_source *source)
{
	struct waiter *waiters = source->waiters;
	size_t count = source->nwaiters;
	source->waiters = NULL;
	source->nwaiters = source->room = 0;
	struct token token = { .text = source->text,
		.number = source->number,
		.problem = source->problem,
		.help = source->help };
	for (size_t i = 0; i < count; i++)
		waiters[i].ready(waiters[i].context, &token);
	free(waiters);
}

static void on_answer(void *context, const struct http_response *response);

static void ask(void *context)
{
	struct token_source *source = context;
	form_clear(source);
	buf_init(&source->form, BUF_OWN_TEXT);
	credential_form(&source->form, source->options.credential, source->scope);
	const struct http_header headers[] = {
		{ "Content-Type", "application/x-www-form-urlencoded" },
		{ "Accept", "application/json" },
	};
	source->tries++;
	http_send(source->options.http,
		&(struct http_request){ .method = "POST",
			.url = source->url,
			.headers = headers,
			.nheaders = ARRAY_LEN(headers),
			.body = source->form.data,
			.body_len = source->form.len,
			.repeatable = true,
			.secret = true,
			.done = on_answer,
			.context = source });
}

static void take(struct token_source *source, struct token_answer *answer)
{
	credential_clear(source->text);
	source->text = answer->token;
	source->number++;
	int64_t now = clock_ms();
	source->refresh_ms = now + credential_use_s(answer->lifetime_s) * (int64_t)1000;
	source->end_ms = now + answer->lifetime_s * (int64_t)1000;
	http_keep_secret(source->options.http, source->text);
}

/* The old token serves to its end when no new one can be had. */
static void give_up(struct token_source *source, const struct token_answer *answer)
{
	if (source->text && clock_ms() < source->end_ms) {
		source->refresh_ms = source->end_ms;
		return;
	}
	credential_clear(source->text);
	source->text = NULL;
	source->problem = http_scrubbed(source->options.http, source->arena, answer->problem);
	source->help = answer->help;
}

static void on_answer(void *context, const struct http_response *response)
{
	struct token_source *source = context;
	struct arena *arena = arena_new();
	struct token_answer answer = { 0 };
	if (response->result == HTTP_ANSWERED) {
		credential_read_answer(
			arena, response->status, response->body, response->body_len, &answer);
	} else {
		answer.passing = response->result == HTTP_NOT_SENT ||
			response->result == HTTP_LOST || response->result == HTTP_TIMED_OUT;
		answer.problem = arena_printf(
			arena, "the sign-in service did not answer: %s", response->problem);
	}
	form_clear(source);
	if (!answer.token && answer.passing && source->tries < RETRY_TRIES) {
		const struct retry_headers headers = {
			.retry_after = http_header(response, "Retry-After"),
		};
		long wait = retry_asked_ms(&headers, time(NULL));
		if (wait < 0)
			wait = retry_backoff_ms(source->tries, jitter_next(source->options.jitter));
		timers_add(source->options.timers, clock_ms() + wait, ask, source);
	} else {
		if (answer.token)
			take(source, &answer);
		else
			give_up(source, &answer);
		source->fetching = false;
		answer_waiters(source);
		/* A service that was away is asked again; one that refused is not. */
		if (answer.passing)
			source->problem = source->help = NULL;
	}
	arena_free(arena);
}

static bool at_hand(const struct token_source *source)
{
	return source->problem || (source->text && clock_ms() < source->refresh_ms);
}

void token_want(
	struct token_source *source, void (*ready)(void *, const struct token *), void *context)
{
	if (source->nwaiters == source->room) {
		source->room = source->room ? source->room * 2 : 16;
		source->waiters =
			mem_realloc(source->waiters, source->room * sizeof *source->waiters);
	}
	source->waiters[source->nwaiters++] = (struct waiter){ ready, context };
	if (source->fetching)
		return;
	if (at_hand(source)) {
		answer_waiters(source);
		return;
	}
	source->fetching = true;
	source->tries = 0;
	ask(source);
}

bool token_refused(struct token_source *source, unsigned number)
{
	if (source->options.credential->kind != CREDENTIAL_SECRET)
		return false;
	if (number == source->number && !source->fetching) {
		source->refresh_ms = INT64_MIN;
		source->end_ms = INT64_MIN;
	}
	return true;
}
