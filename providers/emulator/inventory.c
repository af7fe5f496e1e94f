/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/inventory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/filter.h"
#include "providers/emulator/refusals.h"

/* All that a request can bring, with each of its letters encoded. */
#define LINK_BYTES ((size_t)256 << 10)

bool inventory_top(const struct request *request, size_t *top, struct response *response)
{
	const char *text = request_query(request, "$top");
	char *end;

	*top = 0;
	if (text == NULL)
		return true;
	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);

	if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || number == 0 ||
		number > UINT32_MAX)
		return refuse(response, 400, "InvalidTopInQueryString",
			"Invalid $top '%s' specified in the query string.", text);
	*top = (size_t)number;
	return true;
}

/* As an address may hold it: ids, filters and names of regions have spaces and quotes. */
static void add_encoded(struct buf *out, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~/$";

	for (; *text != '\0'; text++) {
		if (strchr(plain, *text) != NULL)
			buf_printf(out, "%c", *text);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
	}
}

const char *inventory_next(
	const struct emulator *emulator, const struct request *request, const char *key)
{
	struct buf link;
	const char *name, *out;
	json_t *value;

	buf_init(&link, LINK_BYTES);
	buf_puts(&link, emulator->endpoint);
	add_encoded(&link, request->path);
	buf_printf(&link, "?api-version=%s", request->api_version);
	json_object_foreach ((json_t *)request->query, name, value) {
		if (strcmp(name, "api-version") == 0 || strcmp(name, "$skiptoken") == 0)
			continue;
		buf_printf(&link, "&");
		add_encoded(&link, name);
		buf_printf(&link, "=");
		add_encoded(&link, json_string_value(value));
	}
	buf_printf(&link, "&$skiptoken=%s", key);
	out = arena_strdup(request->arena, link.data);
	buf_release(&link);
	return out;
}

struct page {
	const struct emulator *emulator;
	const struct request *request;
	struct filter filter;
	const char *scope; /* key of the group or the subscription */
	const char *from;  /* key to begin at, or NULL */
	size_t most;
	bool states; /* $expand=provisioningState, createdTime and changedTime */
	bool created, changed;
	json_t *value;
	const char *next; /* key of what no longer had room */
};

static const char *time_text(const struct page *page, uint64_t ms)
{
	return identity_time(page->request->arena, identity_s(&page->emulator->identity, ms));
}

static void add_times(const struct page *page, const char *key, json_t *out)
{
	uint64_t created, changed;

	/* What a store had is as old as this start, for all that is known of it. */
	if (!cloud_times(&page->emulator->cloud, key, &created, &changed))
		created = changed = page->emulator->hooks.began_ms;
	if (page->created)
		json_object_set_new(out, "createdTime", json_string(time_text(page, created)));
	if (page->changed)
		json_object_set_new(out, "changedTime", json_string(time_text(page, changed)));
}

static json_t *short_form(const struct page *page, const char *key, const json_t *body)
{
	json_t *out = json_object();
	static const char *const members[] = { "id", "name", "type", "location", "tags", "kind",
		"sku", "zones" };

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		json_t *value = json_object_get(body, members[i]);

		if (value != NULL)
			json_object_set(out, members[i], value);
	}
	if (page->states)
		json_object_set(
			out, "provisioningState", json_at(body, "/properties/provisioningState"));
	add_times(page, key, out);
	return out;
}

/* False when the page has ended. */
static bool add_type(struct page *page, const struct cloud *cloud, const struct resource_type *type)
{
	json_t *items = cloud->items[type->index];
	void *at = json_object_iter(items);

	if (page->from != NULL && json_object_iter_at(items, page->from) != NULL) {
		at = json_object_iter_at(items, page->from);
		page->from = NULL;
	}
	for (; at != NULL && page->from == NULL; at = json_object_iter_next(items, at)) {
		const char *key = json_object_iter_key(at);
		json_t *body = cloud_seen(cloud, type, key);

		if (body == NULL || !cloud_in_group(key, page->scope) ||
			!filter_wants(&page->filter, page->request->arena, body))
			continue;
		if (json_array_size(page->value) >= page->most) {
			page->next = key;
			return false;
		}
		json_array_append_new(page->value, short_form(page, key, body));
	}
	return true;
}

bool inventory_list(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	const char *expand = request_query(request, "$expand");
	json_auto_t *value = json_array();
	struct page page = { .emulator = emulator,
		.request = request,
		.from = request->skip_token,
		.value = value };
	size_t top;
	json_t *body;

	if (target->group != NULL &&
		cloud_find(&emulator->cloud, type_at(TYPE_GROUP), target->group_key) == NULL)
		return refuse_group_missing(response, target->group);
	if (!filter_read(&page.filter, request, response) ||
		!inventory_top(request, &top, response))
		return false;
	page.scope = target->group_key != NULL
		? target->group_key
		: text_lower(request->arena,
			  arena_printf(request->arena, "/subscriptions/%s", target->subscription));
	page.created = expand != NULL && strstr(expand, "createdTime") != NULL;
	page.changed = expand != NULL && strstr(expand, "changedTime") != NULL;
	page.states = expand != NULL && strstr(expand, "provisioningState") != NULL;
	page.most = emulator->options.page_size > 0 ? emulator->options.page_size : INVENTORY_PAGE;
	if (top > 0 && top < page.most)
		page.most = top;
	for (size_t i = TYPE_GROUP + 1; i < TYPE_COUNT; i++) {
		if (!add_type(&page, &emulator->cloud, type_at((enum type_index)i)))
			break;
	}
	if (page.from != NULL)
		return refuse(response, 400, "InvalidSkipToken", "The skip token is not valid.");
	body = json_pack("{s:O}", "value", value);
	if (page.next != NULL)
		json_object_set_new(body, "nextLink",
			json_string(inventory_next(emulator, request, page.next)));
	return response_json(response, 200, body);
}
