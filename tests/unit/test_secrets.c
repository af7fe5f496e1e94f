/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/secrets.h"

static struct arena *arena;
static struct secrets *secrets;
static char key[65];

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	secrets = secrets_new(arena);
	secrets_new_key(key);
	secrets->key = key;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static const char *text_of(json_t *value_new)
{
	return json_canonical(arena, arena_json(arena, value_new));
}

static void test_secrets__what_holds_one_is_masked_whole(void **state)
{
	(void)state;
	secrets_add(secrets, "hunter2", true);
	json_auto_t *value = json_pack(
		"{s:s, s:[s, i, n], s:s}", "a", "x hunter2 y", "b", "hunter2", 7, "c", "hunter");
	assert_string_equal(text_of(secrets_mask(secrets, value)),
		"{\"a\":\"(sensitive)\",\"b\":[\"(sensitive)\",7,null],\"c\":\"hunter\"}");
	assert_string_equal(secrets_mask_text(secrets, arena, "hunter2 is hunter2"),
		"(sensitive) is (sensitive)");
}

static void test_secrets__short_ones_only_as_whole_values(void **state)
{
	(void)state;
	secrets_add(secrets, "abc", true);
	secrets_add(secrets, "", true);
	assert_true(secrets_hold(secrets, "abc"));
	assert_false(secrets_hold(secrets, "abcd"));
	assert_false(secrets_hold(secrets, ""));
	assert_string_equal(secrets_mask_text(secrets, arena, "abc"), "abc");
}

static void test_secrets__seals_tell_equal_and_open_by_what_stands(void **state)
{
	(void)state;
	secrets_add(secrets, "hunter2", true);
	json_auto_t *value = json_pack("{s:s, s:s}", "tag", "hunter2", "open", "x");
	json_auto_t *sealed = secrets_seal(secrets, value);
	assert_true(secrets_is_seal(json_text_at(sealed, "/tag")));
	assert_string_equal(json_text_at(sealed, "/open"), "x");
	json_auto_t *twice = secrets_seal(secrets, sealed);
	assert_true(json_equal(twice, sealed));

	struct secrets *later = secrets_new(arena);
	later->key = key;
	json_auto_t *other = json_pack("{s:s}", "tag", "swordfish");
	json_auto_t *closed = secrets_open(later, sealed, other);
	assert_true(json_equal(closed, sealed));
	assert_false(secrets_hold(later, "swordfish"));
	json_auto_t *opened = secrets_open(later, sealed, value);
	assert_true(json_equal(opened, value));
	assert_true(secrets_hold(later, "hunter2"));

	char another[65];
	secrets_new_key(another);
	later = secrets_new(arena);
	later->key = another;
	json_auto_t *foreign = secrets_open(later, sealed, value);
	assert_true(json_equal(foreign, sealed));
}

static void test_secrets__what_one_replaces_is_one(void **state)
{
	(void)state;
	secrets_add(secrets, "new-token", true);
	json_auto_t *before = json_pack("{s:{s:s, s:s}}", "tags", "t", "none", "u", "some");
	json_auto_t *after = json_pack("{s:{s:s, s:s}}", "tags", "t", "new-token", "u", "other");
	secrets_add_pair(secrets, before, after);
	assert_true(secrets_hold(secrets, "none"));
	assert_false(secrets_hold(secrets, "nonesuch"));
	assert_false(secrets_hold(secrets, "some"));
}

static void test_secrets__none_known_masks_seals_alone(void **state)
{
	(void)state;
	secrets_add(secrets, "hunter2", true);
	json_auto_t *value = json_pack("[s, s]", "hunter2", "x");
	json_auto_t *sealed = secrets_seal(secrets, value);
	assert_string_equal(text_of(secrets_mask(NULL, sealed)), "[\"(sensitive)\",\"x\"]");
	secrets->key = NULL;
	assert_string_equal(text_of(secrets_seal(secrets, value)), "[\"(sensitive)\",\"x\"]");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_secrets__what_holds_one_is_masked_whole),
		CASE(test_secrets__short_ones_only_as_whole_values),
		CASE(test_secrets__seals_tell_equal_and_open_by_what_stands),
		CASE(test_secrets__what_one_replaces_is_one),
		CASE(test_secrets__none_known_masks_seals_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
