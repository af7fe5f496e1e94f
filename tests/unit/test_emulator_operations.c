/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "providers/emulator/emulator.h"

#define GROUP "/subscriptions/" CLOUD_SUBSCRIPTION "/resourceGroups/g"
#define TABLE GROUP "/providers/Microsoft.Network/routeTables/t"
#define NETWORK GROUP "/providers/Microsoft.Network/virtualNetworks/v1"
#define TABLE_BODY "{\"location\":\"eastus\",\"properties\":{\"routes\":[]}}"
#define NETWORK_BODY                                                                               \
	"{\"location\":\"eastus\",\"properties\":{\"addressSpace\":{\"addressPrefixes\":"          \
	"[\"10.0.0.0/16\"]},\"subnets\":[{\"name\":\"a\",\"properties\":{\"addressPrefix\":"       \
	"\"10.0.0.0/24\"}},{\"name\":\"b\",\"properties\":{\"addressPrefix\":\"10.0.1.0/24\"}}]}}"
#define TAKES_MS 1000

struct fixture {
	struct arena *arena;
	struct emulator *emulator;
	uint64_t now_ms;
	json_t *body; /* of the last answer */
	struct response response;
};

static unsigned call(struct fixture *f, const char *method, const char *path, const char *body)
{
	struct request request = {
		.arena = f->arena,
		.method = method,
		.url = path,
		.path = path,
		.api_version = "2024-05-01",
		.authorization = "Bearer " AUTH_BUILT_IN,
		.body = body,
		.body_len = strlen(body),
		.now_ms = f->now_ms,
		.arrived_ms = f->now_ms,
	};

	f->response = (struct response){ .arena = f->arena };
	emulator_serve(f->emulator, &request, &f->response);
	f->body = NULL;
	if (f->response.text != NULL)
		f->body = arena_json(f->arena, json_loads(f->response.text, 0, NULL));
	free(f->response.text);
	return f->response.status;
}

static const char *state_of(struct fixture *f, const char *path)
{
	return call(f, "GET", path, "") == 200
		? json_text_at(f->body, "/properties/provisioningState")
		: "absent";
}

static const char *code_of(const struct fixture *f)
{
	return json_text_at(f->body, "/error/code");
}

/* The path of an address that the last answer gave. */
static const char *address_of(const struct fixture *f, const char *header)
{
	for (size_t i = 0; i < f->response.nheaders; i++) {
		const char *value = f->response.headers[i].value;

		if (strcmp(f->response.headers[i].name, header) == 0)
			return arena_strndup(f->arena, strstr(value, "/subscriptions"),
				strcspn(strstr(value, "/subscriptions"), "?"));
	}
	return "";
}

static int set_up(void **state)
{
	static struct fixture f;
	const struct emulator_options options = { .operation_ms = TAKES_MS };
	struct diags diags;

	f = (struct fixture){ .arena = arena_new() };
	diags_init(&diags, f.arena);
	f.emulator = emulator_new(&options, &diags);
	assert_non_null(f.emulator);
	assert_int_equal(call(&f, "PUT", GROUP, "{\"location\":\"eastus\"}"), 201);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	emulator_free(f->emulator);
	arena_free(f->arena);
	return 0;
}

static void test_put__is_updating_until_its_time_has_passed(void **state)
{
	struct fixture *f = *state;
	const char *poll;

	assert_int_equal(call(f, "PUT", TABLE, TABLE_BODY), 201);
	poll = address_of(f, "Azure-AsyncOperation");
	f->now_ms = TAKES_MS - 1;
	assert_string_equal(state_of(f, TABLE), "Updating");
	assert_int_equal(call(f, "GET", poll, ""), 200);
	assert_string_equal(json_text_at(f->body, "/status"), "InProgress");
	f->now_ms = TAKES_MS;
	assert_int_equal(call(f, "GET", poll, ""), 200);
	assert_string_equal(json_text_at(f->body, "/status"), "Succeeded");
	assert_string_equal(state_of(f, TABLE), "Succeeded");
}

static void test_delete__is_there_until_its_time_has_passed(void **state)
{
	struct fixture *f = *state;
	const char *result;

	call(f, "PUT", TABLE, TABLE_BODY);
	f->now_ms = TAKES_MS;
	assert_int_equal(call(f, "DELETE", TABLE, ""), 202);
	result = address_of(f, "Location");
	assert_string_equal(state_of(f, TABLE), "Deleting");
	assert_int_equal(call(f, "GET", result, ""), 202);
	f->now_ms += TAKES_MS;
	assert_int_equal(call(f, "GET", result, ""), 204);
	assert_string_equal(state_of(f, TABLE), "absent");
}

static void test_subnet__a_write_holds_its_network_and_not_its_sisters(void **state)
{
	struct fixture *f = *state;

	call(f, "PUT", NETWORK, NETWORK_BODY);
	f->now_ms = TAKES_MS;
	assert_int_equal(call(f, "PUT", NETWORK "/subnets/a",
				 "{\"properties\":{\"addressPrefix\":\"10.0.0.0/25\"}}"),
		200);
	assert_string_equal(state_of(f, NETWORK), "Updating");
	assert_string_equal(state_of(f, NETWORK "/subnets/a"), "Updating");
	assert_string_equal(state_of(f, NETWORK "/subnets/b"), "Succeeded");
	assert_int_equal(call(f, "DELETE", NETWORK "/subnets/b", ""), 429);
	assert_string_equal(code_of(f), "AnotherOperationInProgress");
	f->now_ms += TAKES_MS;
	assert_int_equal(call(f, "DELETE", NETWORK "/subnets/b", ""), 202);
	assert_string_equal(state_of(f, NETWORK "/subnets/b"), "Deleting");
	f->now_ms += TAKES_MS;
	assert_string_equal(state_of(f, NETWORK "/subnets/b"), "absent");
	assert_string_equal(state_of(f, NETWORK), "Succeeded");
}

static void test_attach__waits_for_the_table(void **state)
{
	static const char body[] = "{\"properties\":{\"addressPrefix\":\"10.0.0.0/24\","
				   "\"routeTable\":{\"id\":\"" TABLE "\"}}}";
	struct fixture *f = *state;

	call(f, "PUT", NETWORK, NETWORK_BODY);
	f->now_ms = TAKES_MS;
	call(f, "PUT", TABLE, TABLE_BODY);
	assert_int_equal(call(f, "PUT", NETWORK "/subnets/a", body), 429);
	f->now_ms += TAKES_MS;
	assert_int_equal(call(f, "PUT", NETWORK "/subnets/a", body), 200);
	/* An attachment that stays as it is does not wait. */
	f->now_ms += TAKES_MS;
	assert_int_equal(call(f, "PUT", TABLE, TABLE_BODY), 200);
	assert_int_equal(call(f, "PUT", NETWORK "/subnets/a", body), 200);
}

static void test_group__takes_no_more_while_it_goes_and_stays_if_used_from_outside(void **state)
{
	static const char outside[] = "/subscriptions/" CLOUD_SUBSCRIPTION "/resourceGroups/h";
	static const char net[] =
		"/subscriptions/" CLOUD_SUBSCRIPTION
		"/resourceGroups/h/providers/Microsoft.Network/virtualNetworks/v1";
	static const char attached[] =
		"{\"location\":\"eastus\",\"properties\":{\"addressSpace\":{\"addressPrefixes\":"
		"[\"10.0.0.0/16\"]},\"subnets\":[{\"name\":\"a\",\"properties\":{\"addressPrefix\":"
		"\"10.0.0.0/24\",\"routeTable\":{\"id\":\"" TABLE "\"}}}]}}";
	struct fixture *f = *state;
	const char *result;

	call(f, "PUT", TABLE, TABLE_BODY);
	call(f, "PUT", outside, "{\"location\":\"eastus\"}");
	f->now_ms = TAKES_MS;
	assert_int_equal(call(f, "PUT", net, attached), 201);
	assert_int_equal(call(f, "DELETE", GROUP, ""), 202);
	result = address_of(f, "Location");
	assert_int_equal(call(f, "PUT", NETWORK, NETWORK_BODY), 409);
	assert_string_equal(code_of(f), "ResourceGroupBeingDeleted");
	f->now_ms += TAKES_MS;
	assert_int_equal(call(f, "GET", result, ""), 409);
	assert_string_equal(state_of(f, TABLE), "Succeeded");
	call(f, "DELETE", net, "");
	f->now_ms += TAKES_MS;
	call(f, "DELETE", GROUP, "");
	f->now_ms += TAKES_MS;
	assert_string_equal(state_of(f, GROUP), "absent");
	assert_string_equal(state_of(f, TABLE), "absent");
}

static void test_operations__more_than_are_kept_lose_no_work(void **state)
{
	struct fixture *f = *state;

	json_object_set_new(
		f->emulator->cloud.limits, "RouteTables", json_integer(OPERATIONS_KEPT + 2));
	call(f, "PUT", TABLE, TABLE_BODY);
	f->now_ms = TAKES_MS;
	call(f, "DELETE", TABLE, "");
	for (size_t i = 0; i < OPERATIONS_KEPT; i++) {
		const char *other = arena_printf(f->arena, "%s%zu", TABLE, i);

		assert_int_equal(call(f, "PUT", other, TABLE_BODY), 201);
	}
	assert_string_equal(state_of(f, TABLE), "absent");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_put__is_updating_until_its_time_has_passed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_delete__is_there_until_its_time_has_passed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_subnet__a_write_holds_its_network_and_not_its_sisters, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_attach__waits_for_the_table, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_group__takes_no_more_while_it_goes_and_stays_if_used_from_outside,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_operations__more_than_are_kept_lose_no_work, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
