/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "providers/emulator/emulator.h"

/* Records so many requests of "/00...0NNNNNN", `len` bytes each; what is remembered of them. New.
 */
static json_t *told_after(size_t count, int len)
{
	struct arena *arena = arena_new();
	struct diags diags;

	diags_init(&diags, arena);
	struct emulator *emulator = emulator_new(&(struct emulator_options){ 0 }, &diags);
	assert_non_null(emulator);
	for (size_t i = 0; i < count; i++) {
		struct arena *own = arena_new();
		char *url = arena_printf(own, "/%0*zu", len - 1, i);

		hooks_record(&emulator->hooks,
			&(struct request){ .arena = own, .method = "GET", .url = url },
			&(struct response){ .arena = own, .status = 200 });
		arena_free(own);
	}
	struct response response = { .arena = arena };

	hooks_serve(emulator, "requests",
		&(struct request){ .arena = arena, .method = "GET", .body = "" }, &response);
	json_t *told = json_incref(json_object_get(response.body, "requests"));

	hooks_serve(emulator, "requests",
		&(struct request){ .arena = arena, .method = "DELETE", .body = "" }, &response);
	hooks_serve(emulator, "requests",
		&(struct request){ .arena = arena, .method = "GET", .body = "" }, &response);
	assert_int_equal(json_array_size(json_object_get(response.body, "requests")), 0);
	json_decref(response.body);
	emulator_free(emulator);
	arena_free(arena);
	return told;
}

/* The last ones, one behind the other, and whole. */
static void assert_last(const json_t *told, size_t count, int len)
{
	size_t first = count - json_array_size(told), i;
	json_t *one;

	json_array_foreach ((json_t *)told, i, one) {
		const char *path = json_string_value(json_object_get(one, "path"));

		assert_string_equal(json_string_value(json_object_get(one, "method")), "GET");
		assert_int_equal(strlen(path), len);
		assert_int_equal(strtoul(path + len - 6, NULL, 10), first + i);
	}
}

static void hooks__remember_the_last_requests(void **state)
{
	(void)state;
	json_t *told = told_after(2 * HOOKS_RECORDED_MAX + 7, 40);

	assert_int_equal(json_array_size(told), HOOKS_RECORDED_MAX);
	assert_last(told, 2 * HOOKS_RECORDED_MAX + 7, 40);
	json_decref(told);
}

static void hooks__remember_so_many_bytes_at_most(void **state)
{
	const int len = 50000;
	const size_t most = HOOKS_RECORDED_BYTES / (sizeof("GET ") + (size_t)len);

	(void)state;
	json_t *told = told_after(1000, len);

	assert_in_range(json_array_size(told), most - 1, most);
	assert_last(told, 1000, len);
	json_decref(told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hooks__remember_the_last_requests),
		cmocka_unit_test(hooks__remember_so_many_bytes_at_most),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
