/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "providers/net/proxy.h"

static void test_proxy__what_it_never_sees(void **state)
{
	(void)state;
	assert_true(proxy_is_passed_by("http://169.254.169.254/metadata/identity", false));
	assert_true(proxy_is_passed_by("https://169.254.169.254/", false));
	assert_true(proxy_is_passed_by("http://169.254.169.254/", true));
	assert_true(proxy_is_passed_by("http://127.0.0.1:8080/", false));
	assert_true(proxy_is_passed_by("https://localhost/", false));
	assert_true(proxy_is_passed_by("https://[::1]:8443/", false));
	assert_true(proxy_is_passed_by("https://an-endpoint-of-the-host/msi/token", true));
	assert_false(proxy_is_passed_by("https://management.azure.com/", false));
	assert_false(proxy_is_passed_by("https://169.254.169.254.evil.example/", false));
	assert_false(proxy_is_passed_by("https://localhost.evil.example/", false));
	assert_false(proxy_is_passed_by("no URL", false));
}

static void clear_variables(void)
{
	(void)unsetenv("https_proxy");
	(void)unsetenv("HTTPS_PROXY");
	(void)unsetenv("all_proxy");
	(void)unsetenv("ALL_PROXY");
}

static void assert_found(const char *host, const char *text, const char *told)
{
	struct known known = { 0 };
	struct arena *arena = arena_new();
	struct proxy found = proxy_find(&known);
	if (host)
		assert_string_equal(found.host, host);
	else
		assert_null(found.host);
	assert_string_equal(known_scrubbed(&known, arena, text), told);
	free(found.host);
	known_release(&known);
	arena_free(arena);
}

static void test_proxy__the_first_variable_that_is_set(void **state)
{
	(void)state;
	clear_variables();
	(void)setenv("http_proxy", "http://never", 1);
	assert_found(NULL, "", "");
	(void)setenv("ALL_PROXY", "d", 1);
	assert_found("d", "", "");
	(void)setenv("all_proxy", "socks5h://c:1080", 1);
	assert_found("c", "", "");
	(void)setenv("HTTPS_PROXY", "http://b:3128/", 1);
	assert_found("b", "", "");
	(void)setenv("https_proxy", "", 1);
	assert_found("b", "", "");
	(void)setenv("https_proxy", "https://a", 1);
	assert_found("a", "", "");
	clear_variables();
}

static void test_proxy__its_credentials_are_known(void **state)
{
	(void)state;
	clear_variables();
	(void)setenv("https_proxy", "http://user:pa%2Fss%20word@a:3128", 1);
	assert_found("a", "pa%2Fss%20word and pa/ss word", "************** and **********");
	(void)setenv("https_proxy", "user:open-sesame@a:3128", 1);
	assert_found("a", "in `http://user:open-sesame@a`", "in `http://***@a`");
	(void)setenv("https_proxy", "http://b a d", 1);
	assert_found(NULL, "x", "x");
	clear_variables();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proxy__what_it_never_sees),
		cmocka_unit_test(test_proxy__the_first_variable_that_is_set),
		cmocka_unit_test(test_proxy__its_credentials_are_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
