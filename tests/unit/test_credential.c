/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/buf.h"
#include "providers/net/credential.h"
#include "providers/net/url.h"

static bool find(struct arena *arena, const char *const *environment, struct credential *out,
	struct diags *diags)
{
	diags_init(diags, arena);
	static const char *const nothing_else[] = { "ARM_USE_MSI=false", "ARM_USE_CLI=false" };
	const char **all = NULL;
	size_t count = 0;
	for (size_t i = 0; i < ARRAY_LEN(nothing_else); i++)
		*ARENA_PUSH(arena, all, count) = nothing_else[i];
	for (; *environment; environment++)
		*ARENA_PUSH(arena, all, count) = *environment;
	(void)ARENA_PUSH(arena, all, count);
	const struct credential_options options = { .environment = all,
		.cloud = "public",
		.login = "https://login.microsoftonline.com",
		.arm = "https://management.azure.com" };
	return credential_find(&options, out, diags);
}

static void test_credential__ready_token_wins_and_is_trimmed(void **state)
{
	(void)state;
	static const char *const environment[] = { "AZURE_TENANT_ID=t", "AZURE_CLIENT_ID=c",
		"AZURE_CLIENT_SECRET=s", "WAYBILL_ACCESS_TOKEN= abc.def\n", NULL };
	struct arena *arena = arena_new();
	struct credential found;
	struct diags diags;
	assert_true(find(arena, environment, &found, &diags));
	assert_int_equal(found.kind, CREDENTIAL_READY);
	assert_string_equal(found.token, "abc.def");
	credential_release(&found);
	arena_free(arena);
}

static void test_credential__azure_before_arm(void **state)
{
	(void)state;
	static const char *const environment[] = { "ARM_TENANT_ID=t2", "ARM_CLIENT_ID=c2",
		"ARM_CLIENT_SECRET=s2", "AZURE_TENANT_ID=t1", "AZURE_CLIENT_ID=c1",
		"AZURE_CLIENT_SECRET=s 1&x=\xc3\xa4", NULL };
	struct arena *arena = arena_new();
	struct credential found;
	struct diags diags;
	assert_true(find(arena, environment, &found, &diags));
	assert_int_equal(found.kind, CREDENTIAL_SECRET);
	assert_string_equal(found.tenant, "t1");
	assert_string_equal(found.client_id, "c1");
	assert_string_equal(found.secret, "s 1&x=\xc3\xa4");
	assert_string_equal(found.source, "AZURE_CLIENT_SECRET");
	credential_release(&found);
	/* Half a family does not hide a whole one. */
	assert_true(find(arena,
		(const char *const[]){ "AZURE_TENANT_ID=t1", "ARM_TENANT_ID=t2", "ARM_CLIENT_ID=c2",
			"ARM_CLIENT_SECRET=s2", NULL },
		&found, &diags));
	assert_string_equal(found.tenant, "t2");
	credential_release(&found);
	arena_free(arena);
}

static void test_credential__missing_variables_are_named(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	struct credential found;
	struct diags diags;
	assert_false(find(arena, (const char *const[]){ "PATH=/bin", NULL }, &found, &diags));
	assert_string_equal(diags.items[0].code, "sign-in");
	assert_non_null(strstr(diags.items[0].text, "AZURE_CLIENT_SECRET"));
	assert_false(
		find(arena, (const char *const[]){ "ARM_TENANT_ID=t", "ARM_CLIENT_ID=c", NULL },
			&found, &diags));
	assert_non_null(strstr(diags.items[0].text, ": ARM_CLIENT_SECRET not set"));
	assert_false(
		find(arena, (const char *const[]){ "ARM_CLIENT_SECRET=s", "ARM_CLIENT_ID=c", NULL },
			&found, &diags));
	assert_string_equal(diags.items[0].text,
		"half a credential for Azure: ARM_CLIENT_SECRET is set, and not set: "
		"ARM_TENANT_ID");
	arena_free(arena);
}

static void test_credential__hostile_values_are_refused(void **state)
{
	(void)state;
	static const char *const tokens[] = { "WAYBILL_ACCESS_TOKEN=a\r\nX-Evil: 1",
		"WAYBILL_ACCESS_TOKEN=Bearer abc", "WAYBILL_ACCESS_TOKEN=\n" };
	struct arena *arena = arena_new();
	struct credential found;
	struct diags diags;
	for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
		assert_false(find(arena, (const char *const[]){ tokens[i], NULL }, &found, &diags));
	assert_false(find(arena,
		(const char *const[]){ "AZURE_TENANT_ID=evil.example/x?", "AZURE_CLIENT_ID=c",
			"AZURE_CLIENT_SECRET=s", NULL },
		&found, &diags));
	arena_free(arena);
}

static void test_credential__another_cloud_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *variable;
		bool good;
	} cases[] = {
		{ "AZURE_AUTHORITY_HOST=https://login.microsoftonline.com/", true },
		{ "AZURE_AUTHORITY_HOST=https://login.windows.net", true },
		{ "AZURE_AUTHORITY_HOST=https://login.microsoftonline.us", false },
		{ "AZURE_AUTHORITY_HOST=http://login.microsoftonline.com", false },
		{ "AZURE_AUTHORITY_HOST=https://login.microsoftonline.com.evil.example", false },
		{ "AZURE_AUTHORITY_HOST=https://login.microsoftonline.com@evil.example", false },
		{ "ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST=https://login.microsoftonline.com/", true },
		{ "ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST=https://login.stack.example/", false },
		{ "ARM_METADATA_HOSTNAME=management.azure.com", true },
		{ "ARM_METADATA_HOSTNAME=https://management.azure.com/", true },
		{ "ARM_METADATA_HOSTNAME=management.local.azurestack.external", false },
		{ "ARM_METADATA_HOST=management.usgovcloudapi.net", false },
		{ "ARM_RESOURCE_MANAGER_ENDPOINT=https://management.azure.com/", true },
		{ "ARM_RESOURCE_MANAGER_ENDPOINT=https://management.azure.com.evil/", false },
		{ "ARM_ENVIRONMENT=public", true },
		{ "ARM_ENVIRONMENT=global", true },
		{ "ARM_ENVIRONMENT=usgovernmentl4", false },
		{ "ARM_ENVIRONMENT=china", false },
	};
	struct arena *arena = arena_new();
	struct credential found;
	struct diags diags;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *const environment[] = { "AZURE_TENANT_ID=t", "AZURE_CLIENT_ID=c",
			"AZURE_CLIENT_SECRET=s", cases[i].variable, NULL };
		assert_int_equal(find(arena, environment, &found, &diags), cases[i].good);
		assert_int_equal(diags.nerrors, !cases[i].good);
		credential_release(&found);
	}
	arena_free(arena);
}

static void test_credential__what_stands_in_an_address_is_not_told(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	struct credential found;
	struct diags diags;
	assert_false(find(arena,
		(const char *const[]){ "AZURE_TENANT_ID=t", "AZURE_CLIENT_ID=c",
			"AZURE_CLIENT_SECRET=s",
			"AZURE_AUTHORITY_HOST=https://ann:planted@evil.example", NULL },
		&found, &diags));
	assert_non_null(strstr(diags.items[0].text, "evil.example"));
	assert_null(strstr(diags.items[0].text, "planted"));
	arena_free(arena);
}

static void test_credential__a_cloud_by_its_metadata_host(void **state)
{
	(void)state;
	static const struct {
		const char *variable;
		bool good;
	} cases[] = {
		{ "ARM_METADATA_HOSTNAME=stack.example", true },
		{ "ARM_METADATA_HOSTNAME=management.stack.example:444", true },
		{ "ARM_METADATA_HOSTNAME=management.stack.example", false },
		{ "ARM_RESOURCE_MANAGER_ENDPOINT=https://management.stack.example:444", true },
		{ "ARM_ENVIRONMENT=public", false },
		{ "ARM_ENVIRONMENT=custom", true },
		{ "AZURE_AUTHORITY_HOST=https://stack.example/", true },
	};
	struct arena *arena = arena_new();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *const environment[] = { "AZURE_TENANT_ID=t", "AZURE_CLIENT_ID=c",
			"AZURE_CLIENT_SECRET=s", cases[i].variable, NULL };
		const struct credential_options options = { .environment = environment,
			.cloud = "https://stack.example",
			.login = "https://stack.example/adfs",
			.arm = "https://management.stack.example:444" };
		struct credential found;
		struct diags diags;
		diags_init(&diags, arena);
		assert_int_equal(credential_find(&options, &found, &diags), cases[i].good);
		credential_release(&found);
	}
	arena_free(arena);
}

static void keep_line(void *context, enum net_log_level level, const char *line)
{
	struct buf *told = context;
	(void)level;
	(void)buf_printf(told, "%s\n", line);
}

static void test_credential__each_source_is_told_of(void **state)
{
	(void)state;
	static const struct {
		const char *environment[5], *told;
	} cases[] = {
		{ { "AZURE_CLIENT_SECRET=s", "AZURE_CLIENT_ID=c", "ARM_USE_MSI=0",
			  "ARM_USE_CLI=0" },
			"sign-in by a client secret: wrong: half a credential for Azure: "
			"AZURE_CLIENT_SECRET is set, and not set: AZURE_TENANT_ID\n"
			"sign-in by a client certificate: not looked at, what comes before is "
			"set and wrong\n" },
		{ { "AZURE_POD_IDENTITY_AUTHORITY_HOST=http://127.0.0.1:1" },
			"a managed identity: taken (AZURE_POD_IDENTITY_AUTHORITY_HOST)\n"
			"sign-in by az: not looked at, what comes before was taken\n" },
		{ { "WAYBILL_IDENTITY_PRINCIPAL_ID=p" },
			"a managed identity: taken (WAYBILL_IDENTITY_PRINCIPAL_ID)\n" },
		{ { "AZURE_TOKEN_CREDENTIALS=managedidentitycredential" },
			"a managed identity: taken (AZURE_TOKEN_CREDENTIALS)\n" },
		{ { "ARM_USE_MSI=true" }, "a managed identity: taken (ARM_USE_MSI)\n" },
		{ { "ARM_USE_MSI=0", "ARM_USE_CLI=0" },
			"sign-in by Azure Pipelines: SYSTEM_OIDCREQUESTURI is not set: this "
			"is no job of theirs\n" },
		{ { "SYSTEM_OIDCREQUESTURI=https://a", "SYSTEM_ACCESSTOKEN=t", "ARM_USE_MSI=0",
			  "ARM_USE_CLI=0" },
			"sign-in by Azure Pipelines: not set: "
			"ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID\n" },
	};
	struct arena *arena = arena_new();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf told;
		buf_init(&told, BUF_OWN_TEXT);
		const struct credential_options options = { .environment = cases[i].environment,
			.cloud = "public",
			.login = "https://login.microsoftonline.com",
			.log = { .write = keep_line, .context = &told, .level = NET_LOG_DEBUG } };
		struct credential found;
		struct diags diags;
		diags_init(&diags, arena);
		(void)credential_find(&options, &found, &diags);
		assert_non_null(strstr(told.data, cases[i].told));
		credential_release(&found);
		buf_release(&told);
	}
	arena_free(arena);
}

static void test_credential__origins(void **state)
{
	(void)state;
	static const char base[] = "https://management.azure.com";
	assert_true(url_same_origin(base, "https://MANAGEMENT.azure.com:443/x?y"));
	static const char *const foreign[] = { "http://management.azure.com/",
		"https://management.azure.com:444/", "https://management.azure.com.evil/",
		"https://management.azure.com@evil/", "https://user@management.azure.com/",
		"https://evil/https://management.azure.com", "//management.azure.com/", "/x",
		"https://management.azure.com%2eevil/", "" };
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		assert_false(url_same_origin(base, foreign[i]));
	assert_true(url_is_loopback("http://127.8.9.1:80/"));
	assert_true(url_is_loopback("http://[::1]/"));
	assert_true(url_is_loopback("http://localhost"));
	assert_false(url_is_loopback("http://localhost.evil"));
	assert_false(url_is_loopback("http://128.0.0.1"));
	assert_false(url_is_loopback("http://127.0.0.1.nip.io"));
	assert_true(url_is_link_local("http://169.254.169.254/metadata"));
	assert_false(url_is_link_local("http://169.255.169.254/"));
	assert_false(url_is_link_local("http://169.254.169.254.evil.example/"));
	struct arena *arena = arena_new();
	assert_string_equal(
		url_resolve(arena, "https://h/a/b?c=1", "/d?e=%2F"), "https://h/d?e=%2F");
	assert_string_equal(
		url_resolve(arena, "https://h/a", "https://i/A%2f?x"), "https://i/A%2f?x");
	assert_string_equal(url_with_parameter(arena, "https://h/a?b=%2F", "c", "d e&f=/"),
		"https://h/a?b=%2F&c=d%20e%26f%3D%2F");
	assert_string_equal(url_with_parameter(arena, "https://h/a", "b", "c"), "https://h/a?b=c");
	assert_null(url_with_parameter(arena, "nowhere", "b", "c"));
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_credential__ready_token_wins_and_is_trimmed),
		cmocka_unit_test(test_credential__azure_before_arm),
		cmocka_unit_test(test_credential__missing_variables_are_named),
		cmocka_unit_test(test_credential__hostile_values_are_refused),
		cmocka_unit_test(test_credential__another_cloud_is_refused),
		cmocka_unit_test(test_credential__what_stands_in_an_address_is_not_told),
		cmocka_unit_test(test_credential__a_cloud_by_its_metadata_host),
		cmocka_unit_test(test_credential__each_source_is_told_of),
		cmocka_unit_test(test_credential__origins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
