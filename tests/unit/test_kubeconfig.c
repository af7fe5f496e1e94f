/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <stdlib.h>

#include "engine/base/json.h"
#include "providers/kubernetes/kubeconfig.h"
#include "providers/kubernetes/pem.h"
#include "tests/support/certificate.h"
#include "tests/support/folder.h"

static struct arena *arena;
static struct diags diags;
static struct folder folder;
static struct kube_access access;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	diags_init(&diags, arena);
	folder_make(&folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	folder_remove(&folder);
	arena_free(arena);
	return 0;
}

static const char *write(const char *name, const char *text)
{
	folder_write(&folder, name, text, strlen(text));
	return folder_path(&folder, arena, name);
}

#define CLUSTER "clusters:\n- name: c\n  cluster:\n    server: https://c.example:6443/prefix//\n"
#define CONTEXT "contexts:\n- name: x\n  context: {cluster: c, user: u, namespace: n}\n"
#define CURRENT "apiVersion: v1\nkind: Config\npreferences: {}\ncurrent-context: x\n"
#define USER "users:\n- name: u\n  user:\n"

static void expect_good(const char *paths, const char *context)
{
	diags_init(&diags, arena);
	bool good = kubeconfig_read(arena, paths, context, &access, &diags);
	for (size_t i = 0; i < diags.count; i++)
		print_error("%s:%zu: %s [%s]\n", diags.items[i].at.file, diags.items[i].at.line,
			diags.items[i].text, diags.items[i].code);
	assert_true(good);
	assert_int_equal(diags.count, 0);
}

static void expect_refused(const char *text, const char *code, size_t line)
{
	diags_init(&diags, arena);
	assert_false(kubeconfig_read(arena, write("k", text), NULL, &access, &diags));
	assert_int_equal(diags.count, 1);
	assert_string_equal(diags.items[0].code, code);
	assert_int_equal(diags.items[0].at.line, line);
	assert_null(diags.items[0].at.excerpt);
}

static void test_kubeconfig__token_of_the_current_context(void **state)
{
	(void)state;
	expect_good(write("k", CURRENT CLUSTER CONTEXT USER "    token: abc\n"), NULL);
	assert_string_equal(access.context, "x");
	assert_string_equal(access.server, "https://c.example:6443/prefix");
	assert_string_equal(access.token, "abc");
	assert_null(access.authority);
	assert_null(access.token_file);
	assert_null(access.exec);
}

static void test_kubeconfig__a_context_without_a_user_is_nobody(void **state)
{
	(void)state;
	expect_good(
		write("k", CURRENT CLUSTER "contexts: [{name: x, context: {cluster: c}}]\n"), NULL);
	assert_null(access.token);
	assert_null(access.certificate);
}

static void test_kubeconfig__certificates_as_data_and_as_files(void **state)
{
	(void)state;
	const char *certificate = NULL, *key = NULL;
	certificate_make(arena, &certificate, &key);
	(void)write("ca.pem", certificate);
	(void)write("key.pem", key);
	const char *text = arena_printf(arena,
		CURRENT CLUSTER
		"    certificate-authority: ca.pem\n    tls-server-name: other\n" CONTEXT USER
		"    client-certificate: nowhere\n"
		"    client-certificate-data: %s\n    client-key: key.pem\n",
		pem_to_base64(arena, certificate));
	expect_good(write("k", text), NULL);
	assert_string_equal(access.authority, certificate);
	assert_string_equal(access.certificate, certificate);
	assert_string_equal(access.key, key);
	assert_string_equal(access.server_name, "other");
}

static void test_kubeconfig__of_several_files_the_first_gives_it(void **state)
{
	(void)state;
	const char *first = write("1", "current-context: y\n" CONTEXT);
	const char *second = write("2",
		CURRENT CLUSTER "contexts:\n- {name: x, context: {cluster: none}}\n"
				"- {name: y, context: {cluster: c, user: u}}\n");
	const char *third = write("3", USER "    token: one\n- name: u\n  user: {token: two}\n");
	const char *paths =
		arena_printf(arena, ":%s:%s-is-not-there:%s:%s", first, first, second, third);
	expect_good(paths, NULL);
	assert_string_equal(access.context, "y");
	assert_string_equal(access.token, "one");
	expect_good(paths, "x");
	assert_string_equal(access.server, "https://c.example:6443/prefix");
}

static void test_kubeconfig__a_plugin_where_nothing_else_is_given(void **state)
{
	(void)state;
	static const char exec[] = "    exec:\n"
				   "      apiVersion: client.authentication.k8s.io/v1beta1\n"
				   "      command: bin/sign-in\n"
				   "      args: [get, \"$(x)\"]\n"
				   "      env: [{name: A, value: b=c}]\n"
				   "      interactiveMode: IfAvailable\n"
				   "      provideClusterInfo: true\n"
				   "      installHint: from there\n";
	const char *text = arena_printf(arena,
		CURRENT CLUSTER "    extensions:\n    - name: client.authentication.k8s.io/exec\n"
				"      extension: {audience: me}\n" CONTEXT USER "%s",
		exec);
	expect_good(write("k", text), NULL);
	assert_non_null(access.exec);
	assert_string_equal(access.exec->command, folder_path(&folder, arena, "bin/sign-in"));
	assert_int_equal(access.exec->narguments, 2);
	assert_string_equal(access.exec->arguments[1], "$(x)");
	assert_int_equal(access.exec->nvariables, 1);
	assert_string_equal(access.exec->variables[0], "A=b=c");
	assert_true(access.exec->wants_cluster);
	assert_string_equal(json_text_at(access.exec->config, "/audience"), "me");
	expect_good(write("k", arena_printf(arena, "%s    tokenFile: t\n", text)), NULL);
	assert_null(access.exec);
	assert_string_equal(access.token_file, folder_path(&folder, arena, "t"));
}

static void test_kubeconfig__what_would_weaken_it_is_refused(void **state)
{
	(void)state;
	expect_refused(CURRENT CLUSTER "    insecure-skip-tls-verify: true\n" CONTEXT USER
				       "    token: t\n",
		"kubeconfig-unsupported", 9);
	expect_good(write("k",
			    CURRENT CLUSTER "    insecure-skip-tls-verify: false\n" CONTEXT USER
					    "    token: t\n    as: \"\"\n    as-groups: []\n"),
		NULL);
	expect_refused(CURRENT CLUSTER CONTEXT USER "    token: t\n    as-groups: [root]\n",
		"kubeconfig-unsupported", 16);
	expect_refused(
		CURRENT CLUSTER CONTEXT USER "    password: p\n", "kubeconfig-unsupported", 15);
}

static void test_kubeconfig__what_is_missing_is_told_where(void **state)
{
	(void)state;
	expect_refused(CURRENT CONTEXT, "kubeconfig-invalid", 7);
	expect_refused(CURRENT CLUSTER CONTEXT, "kubeconfig-invalid", 11);
	expect_refused(CLUSTER CONTEXT, "kubeconfig-context", 0);
	expect_refused(CURRENT, "kubeconfig-context", 0);
	expect_refused("a: [\n", "kubeconfig-invalid", 2);
	expect_refused("", "kubeconfig-invalid", 1);
	expect_refused(CURRENT CLUSTER CONTEXT USER "    client-key-data: '!'\n",
		"kubeconfig-invalid", 15);
	expect_refused(CURRENT CLUSTER CONTEXT USER "    exec: {command: x}\n",
		"kubeconfig-unsupported", 15);
	diags_init(&diags, arena);
	assert_false(
		kubeconfig_read(arena, folder_path(&folder, arena, "none"), NULL, &access, &diags));
	assert_string_equal(diags.items[0].code, "kubeconfig-unreadable");
}

static void test_kubeconfig__inside_of_a_cluster(void **state)
{
	(void)state;
	static const char *const environment[] = { "KUBERNETES_SERVICE_HOST=fd00::1",
		"KUBERNETES_SERVICE_PORT=443", NULL };
	const char *certificate = NULL, *key = NULL;
	certificate_make(arena, &certificate, &key);
	assert_false(kubeconfig_in_cluster(arena, folder.path, environment, &access));
	(void)write("ca.crt", certificate);
	const char *token = write("token", "t");
	assert_true(kubeconfig_in_cluster(arena, folder.path, environment, &access));
	assert_string_equal(access.server, "https://[fd00::1]:443");
	assert_string_equal(access.token_file, token);
	assert_string_equal(access.authority, certificate);
	assert_false(kubeconfig_in_cluster(arena, folder.path, environment + 1, &access));
	(void)write("ca.crt", "none");
	assert_false(kubeconfig_in_cluster(arena, folder.path, environment, &access));
}

static void test_pem__base64_there_and_back(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "!", "YQ", "YQ=", "AAAA", "YQ==YQ==" };
	char *text = pem_from_base64("aGVs\nbG8=\n", 10);
	assert_string_equal(text, "hello");
	assert_string_equal(pem_to_base64(arena, text), "aGVsbG8=");
	free(text);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_null(pem_from_base64(bad[i], strlen(bad[i])));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_kubeconfig__token_of_the_current_context),
		CASE(test_kubeconfig__a_context_without_a_user_is_nobody),
		CASE(test_kubeconfig__certificates_as_data_and_as_files),
		CASE(test_kubeconfig__of_several_files_the_first_gives_it),
		CASE(test_kubeconfig__a_plugin_where_nothing_else_is_given),
		CASE(test_kubeconfig__what_would_weaken_it_is_refused),
		CASE(test_kubeconfig__what_is_missing_is_told_where),
		CASE(test_kubeconfig__inside_of_a_cluster),
		CASE(test_pem__base64_there_and_back),
	};
	mem_guard_jansson();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
