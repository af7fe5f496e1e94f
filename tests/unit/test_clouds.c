/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "providers/azure/azure.h"

static void test_clouds__by_name_or_loopback_url(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	struct diags diags;
	diags_init(&diags, arena);
	struct azure_cloud cloud;
	assert_true(azure_cloud_find(arena, "public", &cloud, &diags));
	assert_string_equal(cloud.arm, "https://management.azure.com");
	assert_true(azure_cloud_find(arena, "http://127.0.0.1:8080/", &cloud, &diags));
	assert_string_equal(cloud.arm, "http://127.0.0.1:8080");
	assert_true(cloud.emulator);
	assert_true(azure_cloud_find(arena, "https://arm.example.com/", &cloud, &diags));
	assert_string_equal(cloud.name, "https://arm.example.com");
	assert_string_equal(cloud.metadata, "https://arm.example.com/metadata/endpoints");
	assert_null(cloud.arm);
	assert_true(azure_cloud_find(
		arena, "http://127.0.0.1:8080/metadata/endpoints", &cloud, &diags));
	assert_string_equal(cloud.name, "http://127.0.0.1:8080");
	assert_false(cloud.emulator);
	assert_true(azure_cloud_find(arena, "https://management.azure.com/", &cloud, &diags));
	assert_string_equal(cloud.name, "public");
	static const char *const refused[] = { "http://example.com", "http://127.0.0.1@example.com",
		"http://127.0.0.1.example.com", "http://[::2]", "https://example.com/path",
		"publik", "http://example.com/metadata/endpoints", "https://u@example.com/",
		"https://example.com/?q", "http://127.0.0.1/path", "http://127.0.0.1/?q",
		"http://user@127.0.0.1" };
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		assert_false(azure_cloud_find(arena, refused[i], &cloud, &diags));
	assert_int_equal(diags.nerrors, ARRAY_LEN(refused));
	assert_string_equal(diags.items[0].code, "cloud-not-loopback");
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clouds__by_name_or_loopback_url),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
