/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/json.h"
#include "providers/azure/exchange.h"

#define PAGES_MOST 10000
#define LISTED_BYTES_MOST ((size_t)1 << 30) /* of all pages of one LIST */

static void done_with(struct exchange *e, json_t *reply_new, const char *etag)
{
	struct operation *operation = e->operation;
	operation->reply = reply_new ? arena_json(operation->arena, reply_new) : NULL;
	if (!etag || !*etag)
		etag = json_text_at(reply_new, "/etag");
	if (etag)
		operation->etag = arena_strdup(operation->arena, etag);
	exchange_finish(e, OUTCOME_DONE, NULL);
}

/* Whatever it is. Text that is not even UTF-8 is nothing that could be shown. */
static void done_raw(struct exchange *e, const struct answer *answer)
{
	struct operation *operation = e->operation;
	json_t *reply_new = json_incref(answer->body);
	if (!reply_new && answer->body_len)
		reply_new = json_stringn(answer->text, answer->body_len);
	operation->reply = reply_new ? arena_json(operation->arena, reply_new) : NULL;
	if (answer->body_len && !reply_new)
		exchange_finish(e, OUTCOME_FAILED,
			&(struct failure){ .code = "bad-answer",
				.message = "the cloud's answer is neither JSON nor text",
				.request_id = answer->request_id,
				.status = answer->status });
	else
		exchange_finish(e, OUTCOME_DONE, NULL);
}

static void bad_answer(struct exchange *e, const struct answer *answer, const char *what)
{
	struct failure failure = { .code = "bad-answer",
		.message = what,
		.request_id = answer->request_id,
		.status = answer->status };
	/* A body that is cut or garbled on its way may come whole the next time; one that somebody
	 * else gave in the cloud's place never will. */
	if (e->tries + 1 >= RETRY_TRIES)
		exchange_fail(e, &failure);
	else
		exchange_passing(e, &failure, answer->lro.asked_ms, false);
}

static bool is_success(const struct answer *answer)
{
	return answer->status >= 200 && answer->status <= 299;
}

static void read_get(struct exchange *e, const struct answer *answer)
{
	if (arm_error_is_absent(&answer->error))
		exchange_finish(e, OUTCOME_ABSENT, &answer->error.failure);
	else if (!is_success(answer))
		exchange_fail(e, &answer->error.failure);
	else if (e->operation->raw)
		done_raw(e, answer);
	else if (!json_is_object(answer->body))
		bad_answer(e, answer, "the cloud's answer is not a JSON object");
	else
		done_with(e, json_incref(answer->body), answer->etag);
}

static void next_page(struct exchange *e, const char *link)
{
	if (json_object_size(e->links) >= PAGES_MOST || e->listed_bytes > LISTED_BYTES_MOST) {
		exchange_fail(e,
			&(struct failure){ .code = "too-large",
				.message = "the list has more pages than we take" });
		return;
	}
	if (json_object_get(e->links, link)) {
		exchange_fail(e,
			&(struct failure){ .code = "bad-answer",
				.message = "the pages of the list lead in a circle" });
		return;
	}
	if (json_object_set_new(e->links, link, json_true()) != 0) {
		exchange_fail(e,
			&(struct failure){ .code = "bad-answer",
				.message = "the link to the next page is not text" });
		return;
	}
	exchange_go(e, arena_strdup(e->arena, link), 0);
}

static void read_list(struct exchange *e, const struct answer *answer)
{
	if (arm_error_is_absent(&answer->error) &&
		arm_error_has(&answer->error, "ResourceGroupNotFound")) {
		exchange_finish(e, OUTCOME_ABSENT, &answer->error.failure);
		return;
	}
	if (!is_success(answer)) {
		exchange_fail(e, &answer->error.failure);
		return;
	}
	const struct raw_request *raw = e->operation->raw;
	json_t *value = json_at(answer->body, raw && raw->items ? raw->items : "/value");
	if (!json_is_array(value) && raw && answer->body) {
		exchange_fail(e,
			&(struct failure){ .code = "bad-answer",
				.message = "the answer has no array where its items should be",
				.request_id = answer->request_id,
				.status = answer->status });
		return;
	}
	if (!json_is_array(value)) {
		bad_answer(e, answer, "the cloud's answer is not a list");
		return;
	}
	e->tries = 0;
	e->failing_ms = 0;
	e->listed_bytes += answer->body_len;
	(void)json_array_extend(e->items, value);
	const char *link = json_text_at(answer->body, raw && raw->next ? raw->next : "/nextLink");
	if (link && *link) {
		next_page(e, link);
		return;
	}
	json_t *items = e->items;
	e->items = NULL;
	done_with(e, items, NULL);
}

/* The operation has failed: by its status document, or by what the resource says of itself. */
static void failed_operation(struct exchange *e, const struct answer *answer)
{
	struct arm_error error;
	arm_error_read(e->arena, answer->status, answer->body, answer->error_code, &error);
	error.failure.request_id = answer->request_id;
	if (error.ncodes == 0 && is_success(answer)) {
		const char *state = json_text_at(answer->body, "/status");
		if (!state)
			state = json_text_at(answer->body, "/properties/provisioningState");
		error.failure.code = "operation-failed";
		error.failure.message =
			arena_printf(e->arena, "the operation ended as `%s`, without saying why",
				state ? state : "Failed");
	}
	if (!exchange_resubmit(e, &error, answer->lro.asked_ms))
		exchange_finish(e, OUTCOME_FAILED, &error.failure);
}

static void note_accepted(struct exchange *e)
{
	if (e->accepted)
		return;
	e->accepted = e->operation->accepted = true;
	e->accepted_ms = clock_ms();
}

static void tell_handle(struct exchange *e)
{
	struct operation *operation = e->operation;
	const char *handle = lro_handle(&e->lro, e->arena);
	if (!handle || !operation->on_accepted || e->told_url == e->lro.url)
		return;
	e->told_url = e->lro.url;
	operation->on_accepted(operation, handle);
}

static void lost(struct exchange *e, const struct answer *answer)
{
	struct failure failure = answer->error.failure;
	if (is_success(answer))
		failure = (struct failure){ .code = "bad-answer",
			.message = "the cloud does not tell how the operation ended",
			.request_id = answer->request_id,
			.status = answer->status };
	exchange_finish(e, OUTCOME_UNKNOWN, &failure);
}

static void follow(struct exchange *e, struct lro_next next, const struct answer *answer)
{
	const struct raw_request *raw = e->operation->raw;
	switch (next.action) {
	case LRO_DONE:
		if (e->operation->verb == VERB_DELETE && (!raw || raw->final_via == FINAL_USUAL))
			exchange_finish(e, OUTCOME_DONE, NULL);
		else if (raw)
			done_raw(e, answer);
		else if (!answer->body && answer->body_len)
			lost(e, answer);
		else
			done_with(e, json_incref(answer->body), answer->etag);
		break;
	case LRO_POLL:
		if (e->phase == EXCHANGE_REQUEST)
			e->phase = EXCHANGE_POLL;
		tell_handle(e);
		exchange_go(e, e->lro.url,
			raw && raw->poll_interval_ms ? raw->poll_interval_ms : next.wait_ms);
		break;
	case LRO_FINAL_GET:
		e->phase = EXCHANGE_FINAL;
		e->tries = 0;
		e->failing_ms = 0;
		exchange_go(e, e->lro.final_url, 0);
		break;
	case LRO_FAILED:
		failed_operation(e, answer);
		break;
	case LRO_LOST:
		lost(e, answer);
		break;
	}
}

static void read_write(struct exchange *e, struct answer *answer)
{
	enum verb verb = e->operation->verb;
	const struct raw_request *raw = e->operation->raw;
	struct arm_error *error = &answer->error;
	if (is_success(answer) && raw && !raw->poll) {
		done_raw(e, answer);
	} else if (is_success(answer)) {
		struct lro_next next = lro_begin(&e->lro, e->arena, verb,
			raw ? raw->final_via : FINAL_USUAL, e->resource_url, &answer->lro);
		e->accepted = next.action == LRO_FINAL_GET;
		if (next.action == LRO_POLL)
			note_accepted(e);
		follow(e, next, answer);
	} else if (answer->status == 412) {
		exchange_finish(e, OUTCOME_STALE, &error->failure);
	} else if (verb != VERB_PUT && arm_error_is_absent(error)) {
		exchange_finish(e, OUTCOME_ABSENT, &error->failure);
	} else if (!exchange_resubmit(e, error, answer->lro.asked_ms)) {
		exchange_fail(e, &error->failure);
	}
}

static void read_final(struct exchange *e, const struct answer *answer)
{
	bool is_resource = e->lro.final_url == e->resource_url;
	bool good = is_resource ? json_is_object(answer->body) : answer->body || !answer->body_len;
	if (is_success(answer) && !good) {
		bad_answer(e, answer, "the cloud's answer is not a JSON object");
		return;
	}
	e->tries = 0;
	e->failing_ms = 0;
	follow(e, lro_final(&e->lro, e->arena, &answer->lro), answer);
}

void answer_read(struct exchange *e, struct answer *answer)
{
	if (e->operation->verb == VERB_LIST)
		read_list(e, answer);
	else if (e->operation->verb == VERB_GET)
		read_get(e, answer);
	else if (e->phase == EXCHANGE_REQUEST)
		read_write(e, answer);
	else if (e->phase == EXCHANGE_POLL)
		follow(e, lro_poll(&e->lro, e->arena, &answer->lro), answer);
	else
		read_final(e, answer);
}
