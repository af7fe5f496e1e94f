/* SPDX-License-Identifier: Apache-2.0 */
/* A cloud that tells its own endpoints, as Azure Stack and Terraform's clouds do (arm-facts 9.1).
 */
#include <string.h>
#include <time.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/azure/azure.h"
#include "providers/net/http.h"
#include "providers/net/retry.h"
#include "providers/net/timer.h"
#include "providers/net/url.h"

#define ANSWER_BYTES ((size_t)1 << 20)
#define CLOUDS_MOST 64
#define TRIES 3
#define LIMIT_MS 20000

/* The newest first; a cloud that does not know one is asked for the next. */
static const char *const versions[] = { "2022-09-01", "2019-05-01", "2015-01-01" };

/* ---- the answer ---- */

static const char *text_of(const json_t *cloud, const char *pointer)
{
	const char *text = json_text_at(cloud, pointer);
	return text && *text ? text : NULL;
}

/* Without final slashes; NULL when secrets must not go there. */
static const char *base_of(struct arena *a, const char *url)
{
	if (!url || !url_is_base(url) ||
		!(url_has_scheme(url, "https") ||
			(url_has_scheme(url, "http") && url_is_loopback(url))))
		return NULL;
	size_t len = strlen(url);
	while (len && url[len - 1] == '/')
		len--;
	return arena_strndup(a, url, len);
}

/* Of an array the one that is asked; of a single one it. */
static const json_t *own_of(const json_t *answer, const char *origin)
{
	if (!json_is_array(answer))
		return answer;
	size_t count = json_array_size(answer);
	for (size_t i = 0; i < count && i < CLOUDS_MOST; i++) {
		const json_t *cloud = json_array_get(answer, i);
		const char *arm = text_of(cloud, "/resourceManager");
		if (arm && url_same_origin(arm, origin))
			return cloud;
	}
	return count == 1 ? json_array_get(answer, 0) : NULL;
}

/* A host's name, behind which accounts stand. */
static bool is_suffix(const char *text)
{
	size_t len = strlen(text);
	return len < 254 &&
		strspn(text,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			"0123456789.-") == len &&
		text[0] != '.' && text[0] != '-';
}

bool azure_cloud_read(struct arena *a, const char *body, size_t len, struct azure_cloud *cloud,
	const char **problem)
{
	char *why = NULL;
	json_auto_t *answer = json_parse(a, body, len, ANSWER_BYTES, &why);
	const json_t *own = own_of(answer, cloud->name);
	const char *login = text_of(own, "/authentication/loginEndpoint");
	const char *audience = text_of(own, "/authentication/audiences/0");
	const char *arm = text_of(own, "/resourceManager");
	const char *storage = text_of(own, "/suffixes/storage");
	*problem = NULL;
	if (!login || !audience)
		*problem = "it names no loginEndpoint and audiences";
	else if (!base_of(a, login) || (arm && !base_of(a, arm)))
		*problem = "it names an endpoint that is not reached by https";
	else if (arm && !url_is_origin(arm))
		*problem = "its resourceManager is more than scheme, host and port";
	else if (!url_is_base(audience))
		*problem = "its audience is no URL";
	if (*problem)
		return false;
	cloud->login = base_of(a, login);
	cloud->arm = arm ? base_of(a, arm) : cloud->name; /* the old shape does not name it */
	size_t audience_len = strlen(audience);
	while (audience[audience_len - 1] == '/')
		audience_len--;
	cloud->audience = arena_strndup(a, audience, audience_len);
	cloud->storage = storage && is_suffix(storage) ? arena_strdup(a, storage) : NULL;
	return true;
}

/* ---- asking ---- */

struct asking {
	struct arena *arena;
	struct http *http;
	const char *url;
	bool over;
	enum http_result result;
	int status;
	const char *body, *problem, *help;
	size_t body_len;
};

static void on_answer(void *context, const struct http_response *response)
{
	struct asking *asking = context;
	asking->over = true;
	asking->result = response->result;
	asking->status = response->status;
	asking->body = arena_strndup(asking->arena, response->body, response->body_len);
	asking->body_len = response->body_len;
	asking->problem = response->problem ? arena_strdup(asking->arena, response->problem) : NULL;
	asking->help = response->help ? arena_strdup(asking->arena, response->help) : NULL;
}

static void ask_once(struct asking *asking)
{
	const struct http_header accept = { "Accept", "application/json" };
	asking->over = false;
	http_send(asking->http,
		&(struct http_request){ .method = "GET",
			.url = asking->url,
			.headers = &accept,
			.nheaders = 1,
			.limit_ms = LIMIT_MS,
			.repeatable = true,
			.done = on_answer,
			.context = asking });
	while (!asking->over)
		http_step(asking->http, LIMIT_MS);
}

static bool may_pass(const struct asking *asking)
{
	if (asking->result == HTTP_ANSWERED)
		return retry_status_passes(asking->status);
	return http_may_pass(asking->result);
}

static void ask_version(struct asking *asking, const char *metadata, const char *version)
{
	struct jitter jitter;
	jitter_seed(&jitter);
	asking->url = arena_printf(asking->arena, "%s?api-version=%s", metadata, version);
	for (unsigned tries = 1;; tries++) {
		ask_once(asking);
		if (!may_pass(asking) || tries == TRIES)
			return;
		int64_t until = clock_ms() + retry_backoff_ms(tries, jitter_next(&jitter));
		for (int64_t left = until - clock_ms(); left > 0; left = until - clock_ms())
			http_step(asking->http, (int)left);
	}
}

static bool refuse(
	const struct azure_cloud *cloud, const char *problem, const char *help, struct diags *diags)
{
	diag_error(diags, PLACE_NONE, "cloud-metadata",
		"the cloud `%s` does not tell its endpoints: %s", cloud->name, problem);
	if (help)
		diag_help(diags, "%s", help);
	else
		diag_help(diags, "check --cloud: it is to answer GET %s", cloud->metadata);
	return false;
}

bool azure_cloud_ask(struct arena *a, struct azure_cloud *cloud, const char *version,
	struct net_log log, struct diags *diags)
{
	if (!cloud->metadata || cloud->arm)
		return true;
	struct asking asking = { .arena = a,
		.http = http_open(&(struct http_options){
			.user_agent = arena_printf(a, "waybill/%s", version),
			.max_connections = 1,
			.log = log }) };
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		ask_version(&asking, cloud->metadata, versions[i]);
		if (asking.result != HTTP_ANSWERED || asking.status == 200 || may_pass(&asking))
			break;
	}
	http_close(asking.http);
	const char *problem = asking.problem;
	if (!problem && asking.status != 200)
		problem = arena_printf(a, "it answered %d", asking.status);
	if (problem || !azure_cloud_read(a, asking.body, asking.body_len, cloud, &problem))
		return refuse(cloud, problem, asking.help, diags);
	return true;
}
