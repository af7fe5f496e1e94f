/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/token.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "providers/net/az.h"
#include "providers/net/token_request.h"
#include "providers/net/variables.h"

struct waiter {
	void (*ready)(void *context, const struct token *);
	void *context;
};

struct token_source {
	struct token_options options;
	enum credential_kind kind; /* the credential's, until a machine turns out to have none */
	struct arena *arena;       /* scope, challenge, and the problem that ended the source */
	const char *login, *scope;
	const char *challenge; /* claims that were asked for; NULL: none */
	char *text;
	unsigned number;
	int64_t refresh_ms, end_ms;
	bool fetching;
	unsigned tries;
	int64_t since_ms;     /* of the first of them, by clock_ms() */
	struct arena *asking; /* of the request under way */
	struct token_request request;
	char *assertion; /* that goes with it, or NULL */
	const char *problem, *help;
	struct waiter *waiters;
	size_t nwaiters, room;
};

/* All that may come back in somebody's answer; again with each request, so that they stay among
 * those that are known. */
static void keep_secrets(const struct token_source *source)
{
	const struct credential *credential = source->options.credential;
	if (credential->secret)
		http_keep_secret(source->options.http, credential->secret);
	if (credential->token && source->kind != CREDENTIAL_BUILT_IN)
		http_keep_secret(source->options.http, credential->token);
	if (source->assertion)
		http_keep_secret(source->options.http, source->assertion);
}

struct token_source *token_source_new(const struct token_options *options)
{
	struct token_source *source = mem_alloc(sizeof *source);
	const struct credential *credential = options->credential;
	*source = (struct token_source){
		.options = *options, .kind = credential->kind, .arena = arena_new()
	};
	source->scope = arena_strdup(source->arena, options->scope);
	source->login = arena_strdup(source->arena, options->login ? options->login : "");
	if (!credential_renews(credential)) {
		source->text = mem_strdup(credential->token);
		source->number = 1;
		source->refresh_ms = source->end_ms = INT64_MAX;
	}
	keep_secrets(source);
	return source;
}

static void asked(struct token_source *source)
{
	token_request_clear(&source->request);
	arena_free(source->asking);
	source->asking = NULL;
}

static void drop_assertion(struct token_source *source)
{
	credential_clear(source->assertion);
	source->assertion = NULL;
}

void token_source_free(struct token_source *source)
{
	if (!source)
		return;
	credential_clear(source->text);
	asked(source);
	drop_assertion(source);
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

static void ask(void *context);

/* ---- what came of it ---- */

static void take(struct token_source *source, const struct token_answer *answer)
{
	credential_clear(source->text);
	source->text = answer->token;
	source->number++;
	int64_t now = clock_ms();
	source->refresh_ms = now + answer->use_s * (int64_t)1000;
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
	source->help = answer->help ? arena_strdup(source->arena, answer->help) : NULL;
}

static void finish(struct token_source *source, const struct token_answer *answer)
{
	if (answer->token)
		take(source, answer);
	else
		give_up(source, answer);
	drop_assertion(source);
	source->fetching = false;
	answer_waiters(source);
	/* A service that was away is asked again; one that refused is not. */
	if (answer->passing)
		source->problem = source->help = NULL;
}

static void fall_back_on_az(struct token_source *source, const struct token_answer *answer)
{
	const struct net_log *log = &source->options.log;
	if (log->write && log->level >= NET_LOG_DEBUG) {
		struct arena *arena = arena_new();
		const char *why = http_scrubbed(source->options.http, arena, answer->problem);
		log->write(log->context, NET_LOG_DEBUG,
			arena_printf(arena, "sign-in by az: the machine has no identity: %s", why));
		arena_free(arena);
	}
	source->kind = CREDENTIAL_AZ;
}

/* A machine that has given a token has an identity, and one that is only busy may have: az may be
 * somebody else. */
static bool has_no_identity(const struct token_source *source, const struct token_answer *answer)
{
	const struct credential *credential = source->options.credential;
	if (source->kind != CREDENTIAL_MACHINE || !credential->is_guess || !credential->az)
		return false;
	bool is_busy = answer->passing && !answer->unreached && source->tries < RETRY_TRIES;
	return !answer->token && !is_busy && source->number == 0;
}

/* Goes on after an answer, whichever it was. */
static void settle(
	struct token_source *source, const struct token_answer *answer, const char *retry_after)
{
	if (has_no_identity(source, answer)) {
		fall_back_on_az(source, answer);
		ask(source);
		return;
	}
	if (answer->token || !answer->passing || source->tries >= RETRY_TRIES) {
		finish(source, answer);
		return;
	}
	const struct retry_headers headers = { .retry_after = retry_after };
	long asked_ms = retry_asked_ms(&headers, time(NULL));
	long wait = asked_ms;
	if (wait < 0)
		wait = retry_backoff_ms(source->tries, jitter_next(source->options.jitter));
	if (asked_ms > 0 && clock_ms() - source->since_ms + asked_ms > RETRY_FAILING_CAP_MS) {
		struct token_answer last = *answer;
		if (!last.help)
			last.help = retry_later_help(source->arena, "it", asked_ms);
		finish(source, &last);
		return;
	}
	timers_add(source->options.timers, clock_ms() + wait, ask, source);
}

static void refuse(struct token_source *source, const char *problem)
{
	settle(source, &(struct token_answer){ .problem = problem }, NULL);
}

/* ---- asking ---- */

static void send_request(
	struct token_source *source, void (*done)(void *context, const struct http_response *))
{
	struct token_request *request = &source->request;
	keep_secrets(source);
	http_send(source->options.http,
		&(struct http_request){ .method = request->method,
			.url = request->url,
			.headers = request->headers,
			.nheaders = request->nheaders,
			.body = request->has_form ? request->form.data : NULL,
			.body_len = request->has_form ? request->form.len : 0,
			.repeatable = true,
			.secret = true,
			.on_host = request->on_host,
			.done = done,
			.context = source });
}

static void on_token_answer(void *context, const struct http_response *response)
{
	struct token_source *source = context;
	struct arena *arena = arena_new();
	struct token_answer answer;
	token_answer_read(arena, source->options.credential, source->assertion, response, &answer);
	asked(source);
	/* An assertion lives for minutes: each try gets a new one. */
	drop_assertion(source);
	settle(source, &answer, http_header(response, "Retry-After"));
	arena_free(arena);
}

static void ask_for_token(struct token_source *source)
{
	const char *problem = NULL;
	const struct token_wish wish = { .login = source->login,
		.scope = source->scope,
		.claims = source->challenge,
		.assertion = source->assertion };
	asked(source);
	source->asking = arena_new();
	if (token_request_make(
		    source->asking, source->options.credential, &wish, &source->request, &problem))
		send_request(source, on_token_answer);
	else
		refuse(source, problem);
}

static void on_assertion_answer(void *context, const struct http_response *response)
{
	struct token_source *source = context;
	struct arena *arena = arena_new();
	struct token_answer answer;
	source->assertion =
		token_assertion_read(arena, source->options.credential, response, &answer);
	if (source->assertion)
		ask_for_token(source);
	else
		settle(source, &answer, http_header(response, "Retry-After"));
	arena_free(arena);
}

/* The file rotates, and what is in it lives for an hour. */
static bool read_assertion(struct token_source *source)
{
	const struct credential *credential = source->options.credential;
	struct diags diags;
	if (!credential->file) {
		source->assertion = mem_strdup(credential->secret);
		return true;
	}
	diags_init(&diags, source->asking);
	source->assertion = variable_file(credential->source, credential->file, &diags);
	if (!source->assertion)
		refuse(source, diags.items[0].text);
	return source->assertion != NULL;
}

static void ask_az(struct token_source *source)
{
	struct token_answer answer;
	az_token(source->asking, source->options.credential, source->scope, &answer);
	settle(source, &answer, NULL);
}

static void ask(void *context)
{
	struct token_source *source = context;
	const char *problem = NULL;
	source->tries++;
	asked(source);
	drop_assertion(source);
	source->asking = arena_new();
	if (source->kind == CREDENTIAL_AZ)
		ask_az(source);
	else if (!token_wants_issuer(source->options.credential)) {
		if (source->kind != CREDENTIAL_FEDERATED || read_assertion(source))
			ask_for_token(source);
	} else if (token_request_assertion(source->asking, source->options.credential,
			   &source->request, &problem)) {
		send_request(source, on_assertion_answer);
	} else {
		refuse(source, problem);
	}
}

/* ---- wanting ---- */

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
	source->since_ms = clock_ms();
	ask(source);
}

bool token_refused(struct token_source *source, unsigned number, const char *www_authenticate)
{
	const struct credential *credential = source->options.credential;
	const char *challenge = token_challenge(source->arena, www_authenticate);
	if (!credential_renews(credential) || (challenge && !credential_answers_claims(credential)))
		return false;
	if (number == source->number && !source->fetching) {
		source->challenge = challenge ? challenge : source->challenge;
		source->refresh_ms = INT64_MIN;
		source->end_ms = INT64_MIN;
	}
	return true;
}
