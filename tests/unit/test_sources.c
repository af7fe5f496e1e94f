/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes from files, machines and clusters; several sources of one set, overrides, exclusions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/config/config.h"
#include "tests/support/folder.h"

#define SET                                                                                        \
	"waybill: 1\nsubscription: s\nresourceGroup: g\nlocation: l\nnodeSets:\n  w:\n" /* 6       \
											 */

static struct arena *arena;
static struct diags diags;
static struct catalog *catalog;
static struct folder folder;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	catalog = catalog_new(arena);
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

static struct config *load(const char *set, const char *name, const char *file)
{
	const char *text = arena_printf(arena, "%s%s", SET, set);
	folder_write(&folder, "a.yaml", text, strlen(text));
	folder_write(&folder, name, file, strlen(file));
	const char *path = folder_path(&folder, arena, "a.yaml");
	struct config_options options = { .paths = &path, .npaths = 1 };
	return config_load(arena, catalog, &options, &diags);
}

/* The rows as "name ip,ip cidr,cidr;". */
static const char *rows(const struct config *c)
{
	for (size_t i = 0; i < diags.count; i++)
		print_error("%zu:%zu %s %s\n", diags.items[i].at.line, diags.items[i].at.column,
			diags.items[i].code, diags.items[i].text);
	assert_non_null(c);
	const struct node_set *set = &c->node_sets[0];
	const char *text = "";
	for (size_t i = 0; i < set->nnodes; i++) {
		const struct node *n = &set->nodes[i];
		text = arena_printf(arena, "%s%s", text, n->name);
		for (size_t j = 0; j < n->nips; j++)
			text = arena_printf(arena, "%s%c%s", text, j ? ',' : ' ', n->ips[j]);
		for (size_t j = 0; j < n->npod_cidrs; j++)
			text = arena_printf(arena, "%s%c%s", text, j ? ',' : ' ', n->pod_cidrs[j]);
		text = arena_printf(arena, "%s;", text);
	}
	return text;
}

static void expect(const char *code, size_t line, size_t column)
{
	assert_true(diags.count > 0);
	assert_string_equal(diags.items[0].code, code);
	assert_int_equal(diags.items[0].at.line, line);
	assert_int_equal(diags.items[0].at.column, column);
	assert_non_null(diags.items[0].help);
}

/* ---- csv ---- */

#define CSV "    csv: {file: n.csv}\n"

static void test_csv__rows_in_any_order_of_columns(void **state)
{
	(void)state;
	struct config *c = load(CSV, "n.csv",
		"podCIDR,name,ip,podCIDR6,ip6\r\n"
		"10.200.1.0/24,b,10.0.0.5,fd01:0:0:1::/64,fd00::5\r\n"
		"10.200.0.0/24,a,10.0.0.4,,\r\n");
	assert_string_equal(rows(c),
		"a 10.0.0.4 10.200.0.0/24;"
		"b 10.0.0.5,fd00::5 10.200.1.0/24,fd01:0:0:1::/64;");
}

static void test_csv__quotes_marks_and_empty_lines(void **state)
{
	(void)state;
	struct config *c = load(CSV, "n.csv",
		"\xef\xbb\xbfname,\"ip\",podCIDR\n"
		"\"a\",10.0.0.4,\"10.200.0.0/24\"\n\n"
		"b,10.0.0.5,10.200.1.0/24");
	assert_string_equal(rows(c), "a 10.0.0.4 10.200.0.0/24;b 10.0.0.5 10.200.1.0/24;");
}

static void test_csv__a_quoted_name_holds_quotes_commas_and_breaks(void **state)
{
	(void)state;
	struct config *c =
		load(CSV, "n.csv", "name,ip,podCIDR\n\"a\"\"b,c\nd\",10.0.0.4,10.200.0.0/24\n");
	assert_string_equal(rows(c), "a\"b,c\nd 10.0.0.4 10.200.0.0/24;");
}

static void test_csv__each_fault_has_its_place(void **state)
{
	(void)state;
	static const struct {
		const char *text, *code;
		size_t line, column;
	} faults[] = {
		{ "name,ip,podCIDR\n", "node-set-empty", 0, 0 },
		{ "", "csv-syntax", 1, 1 },
		{ "name,ip\n", "csv-syntax", 1, 1 },
		{ "name,ip,podCidr\n", "unknown-member", 1, 9 },
		{ "name,ip,podCIDR,ip\n", "csv-syntax", 1, 17 },
		{ "name,ip,podCIDR\na,10.0.0.4\n", "csv-syntax", 2, 1 },
		{ "name,ip,podCIDR\n\"a,10.0.0.4,10.2.0.0/24\n", "csv-syntax", 2, 1 },
		{ "name,ip,podCIDR\n\"a\"b,10.0.0.4,10.2.0.0/24\n", "csv-syntax", 2, 4 },
		{ "name,ip,podCIDR\na\"b,10.0.0.4,10.2.0.0/24\n", "csv-syntax", 2, 2 },
		{ "name,ip,podCIDR\n\xc3\xa4,10.0.0,10.2.0.0/24\n", "bad-ip", 2, 3 },
		{ "name,ip,podCIDR\na,10.0.0.4,10.2.0.1/24\n", "host-bits", 2, 12 },
		{ "name,ip,podCIDR\n,10.0.0.4,10.2.0.0/24\n", "csv-syntax", 2, 1 },
		{ "name,ip,podCIDR\na,,10.2.0.0/24\n", "node-incomplete", 2, 1 },
		{ "name,ip,podCIDR\na,10.0.0.4,10.2.0.0/24\nA,10.0.0.5,10.2.1.0/24\n",
			"node-duplicate", 3, 1 },
		{ "name,ip,podCIDR\n\xff,10.0.0.4,10.2.0.0/24\n", "nodes-unreadable", 0, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		diags_init(&diags, arena);
		assert_null(load(CSV, "n.csv", faults[i].text));
		print_message("%s", faults[i].text);
		expect(faults[i].code, faults[i].line, faults[i].column);
		assert_string_equal(diags.items[0].at.file, folder_path(&folder, arena, "n.csv"));
	}
}

static void test_csv__a_file_outside_the_folder_is_refused(void **state)
{
	(void)state;
	assert_null(load("    csv: {file: /etc/passwd}\n", "n.csv", ""));
	expect("path-outside", 7, 17);
}

static void test_csv__an_absent_file_is_told_with_the_line_that_names_it(void **state)
{
	(void)state;
	assert_null(load("    csv: {file: other.csv}\n", "n.csv", ""));
	expect("file-unreadable", 0, 0);
	assert_int_equal(diags.items[0].notes[0].at.line, 7);
}

/* ---- kubernetes ---- */

#define KUBERNETES "    kubernetes: {file: n.json}\n"
#define ITEM(name, labels, ip, cidr)                                                               \
	"{\"kind\":\"Node\",\"metadata\":{\"name\":\"" name "\",\"labels\":{" labels               \
	"}},\"spec\":{" cidr "},\"status\":{\"addresses\":[{\"type\":\"Hostname\",\"address\":"    \
	"\"h\"}," ip "]}}"
#define INTERNAL(ip) "{\"type\":\"InternalIP\",\"address\":\"" ip "\"}"
#define LIST(items) "{\"kind\":\"List\",\"items\":[" items "]}"
#define CONTROL "\"node-role.kubernetes.io/control-plane\":\"\""

static void test_kubernetes__internal_addresses_and_pod_cidrs(void **state)
{
	(void)state;
	struct config *c = load(KUBERNETES, "n.json",
		LIST(ITEM("b", "", INTERNAL("10.0.0.5") "," INTERNAL("fd00::5"),
			"\"podCIDR\":\"10.200.1.0/24\",\"podCIDRs\":[\"10.200.1.0/24\",\"fd01::/"
			"64\"]") "," ITEM("a", "", INTERNAL("10.0.0.4") "," INTERNAL("10.0.0.9"),
			"\"podCIDR\":\"10.200.0.0/24\"")));
	assert_string_equal(
		rows(c), "a 10.0.0.4 10.200.0.0/24;b 10.0.0.5,fd00::5 10.200.1.0/24,fd01::/64;");
}

static void test_kubernetes__labels_choose_and_exclude(void **state)
{
	(void)state;
	static const char text[] = LIST(ITEM("a", CONTROL, INTERNAL("10.0.0.4"),
		"\"podCIDR\":\"10.2.0.0/24\"") "," ITEM("b", "\"pool\":\"blue\"",
		INTERNAL("10.0.0.5"), "\"podCIDR\":\"10.2.1.0/24\"") "," ITEM("c", "",
		INTERNAL("10.0.0.6"), "\"podCIDR\":\"10.2.2.0/24\""));
	struct config *c = load(KUBERNETES
		"    exclude: {labels: {node-role.kubernetes.io/control-plane: \"*\"}}\n",
		"n.json", text);
	assert_string_equal(rows(c), "b 10.0.0.5 10.2.1.0/24;c 10.0.0.6 10.2.2.0/24;");
	c = load("    kubernetes: {file: n.json, labels: {pool: blue}}\n", "n.json", text);
	assert_string_equal(rows(c), "b 10.0.0.5 10.2.1.0/24;");
	c = load(KUBERNETES "    exclude: {names: [\"[ac]\", \"B\", c]}\n", "n.json", text);
	assert_string_equal(rows(c), "a 10.0.0.4 10.2.0.0/24;");
}

static void test_kubernetes__a_list_may_say_the_kind_of_its_items(void **state)
{
	(void)state;
	static const char item[] = "{\"metadata\":{\"name\":\"a\"},"
				   "\"spec\":{\"podCIDR\":\"10.2.0.0/24\"},"
				   "\"status\":{\"addresses\":[{\"type\":\"InternalIP\","
				   "\"address\":\"10.0.0.4\"}]}}";
	struct config *c = load(KUBERNETES, "n.json",
		arena_printf(arena, "{\"kind\":\"NodeList\",\"items\":[%s]}", item));
	assert_string_equal(rows(c), "a 10.0.0.4 10.2.0.0/24;");
	assert_null(load(KUBERNETES, "n.json",
		arena_printf(arena, "{\"kind\":\"PodList\",\"items\":[%s]}", item)));
	expect("nodes-unreadable", 0, 0);
}

static void test_kubernetes__what_is_no_list_of_nodes_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *code;
	} faults[] = {
		{ "", "nodes-unreadable" },
		{ "{\"kind\":\"List\"}", "nodes-unreadable" },
		{ "[]", "nodes-unreadable" },
		{ LIST("{\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"}}"), "nodes-unreadable" },
		{ LIST("{\"kind\":\"Node\"}"), "nodes-unreadable" },
		{ LIST("3"), "nodes-unreadable" },
		{ LIST(""), "node-set-empty" },
		{ LIST(ITEM("a", "", INTERNAL("10.0.0.4"), "")), "node-incomplete" },
		{ LIST(ITEM("a", "", INTERNAL("ten"), "\"podCIDR\":\"10.2.0.0/24\"")), "bad-ip" },
		{ LIST(ITEM("a", "", INTERNAL("10.0.0.4"), "\"podCIDRs\":[4]")),
			"nodes-unreadable" },
	};
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		diags_init(&diags, arena);
		assert_null(load(KUBERNETES, "n.json", faults[i].text));
		expect(faults[i].code, 0, 0);
	}
}

/* ---- several sources ---- */

static void test_sources__several_make_one_set(void **state)
{
	(void)state;
	struct config *c = load(CSV "    range: {count: 2, name: \"r${node.index}\", firstIP: "
				    "10.1.0.4, podCIDRs: 10.3.0.0/16, podPrefixLength: 24}\n"
				    "    nodes: {z: {ip: 10.0.0.9, podCIDR: 10.4.0.0/24}}\n",
		"n.csv", "name,ip,podCIDR\na,10.0.0.4,10.2.0.0/24\n");
	assert_string_equal(rows(c),
		"a 10.0.0.4 10.2.0.0/24;r0 10.1.0.4 10.3.0.0/24;"
		"r1 10.1.0.5 10.3.1.0/24;z 10.0.0.9 10.4.0.0/24;");
}

static void test_sources__nodes_override_by_name(void **state)
{
	(void)state;
	struct config *c = load(CSV "    nodes: {A: {podCIDR: 10.9.0.0/24}}\n", "n.csv",
		"name,ip,podCIDR\na,10.0.0.4,\nb,10.0.0.5,10.2.1.0/24\n");
	assert_string_equal(rows(c), "a 10.0.0.4 10.9.0.0/24;b 10.0.0.5 10.2.1.0/24;");
}

static void test_sources__an_override_of_nobody_must_be_whole(void **state)
{
	(void)state;
	assert_null(load(CSV "    nodes: {c: {podCIDR: 10.9.0.0/24}}\n", "n.csv",
		"name,ip,podCIDR\na,10.0.0.4,10.2.0.0/24\n"));
	expect("node-incomplete", 8, 13);
}

static void test_sources__one_name_in_two_sources_is_refused(void **state)
{
	(void)state;
	assert_null(load(CSV "    range: {count: 1, name: a, firstIP: 10.1.0.4, podCIDRs: "
			     "10.3.0.0/16, podPrefixLength: 24}\n",
		"n.csv", "name,ip,podCIDR\na,10.0.0.4,10.2.0.0/24\n"));
	assert_string_equal(diags.items[0].code, "node-duplicate");
}

static void test_sources__none_left_is_an_error(void **state)
{
	(void)state;
	assert_null(load(CSV "    exclude: {names: [\"*\"]}\n", "n.csv",
		"name,ip,podCIDR\na,10.0.0.4,10.2.0.0/24\n"));
	expect("node-set-empty", 6, 3);
}

static void test_sources__incomplete_rows_may_be_skipped(void **state)
{
	(void)state;
	struct config *c = load(CSV "    incomplete: skip\n", "n.csv",
		"name,ip,podCIDR\na,10.0.0.4,\nb,10.0.0.5,10.2.1.0/24\n");
	assert_string_equal(rows(c), "b 10.0.0.5 10.2.1.0/24;");
}

static void test_sources__inputs_bring_their_files(void **state)
{
	(void)state;
	struct config *c = load(CSV, "n.csv", "name,ip,podCIDR\na,10.0.0.4,10.2.0.0/24\n");
	assert_non_null(c);
	json_auto_t *inputs = config_inputs(c);
	folder_write(&folder, "n.csv", "", 0);
	assert_string_equal(rows(config_load_inputs(arena, catalog, inputs, NULL, &diags)),
		"a 10.0.0.4 10.2.0.0/24;");
}

/* ---- what is read elsewhere ---- */

static json_t *json_of(const char *text)
{
	char *why = NULL;
	json_t *value = json_parse(arena, text, strlen(text), 1 << 20, &why);
	assert_non_null(value);
	return arena_json(arena, value);
}

static void test_machines__join_their_nics(void **state)
{
	(void)state;
	struct config *c =
		load("    virtualMachines: {name: \"worker-*\", podCIDRTag: pod-cidr}\n"
		     "routeTables: {t: {nodeRoutes: [{nodeSet: w, name: \"r-${node.podCIDR | "
		     "slug}\"}]}}\n",
			"n.json", "");
	assert_non_null(c);
	assert_true(config_resolve(c, &diags));
	assert_int_equal(c->nresources, 1);
	struct node_set *set = &c->node_sets[0];
	assert_false(set->is_read);
	const json_t *machines = json_of(
		"[{\"id\":\"/subscriptions/s-1/resourceGroups/G/providers/Microsoft.Compute/"
		"virtualMachines/"
		"Worker-0\",\"name\":\"Worker-0\",\"tags\":{\"Pod-CIDR\":\"10.2.0.0/24\"},"
		"\"properties\":{\"networkProfile\":{\"networkInterfaces\":[{\"id\":\"/N/x\"},"
		"{\"id\":\"/N/a\",\"properties\":{\"primary\":true}}]}}},"
		"{\"id\":\"/subscriptions/s-1/resourceGroups/g/providers/Microsoft.Compute/"
		"virtualMachines/other\",\"name\":\"other\"}]");
	const json_t *nics = json_of(
		"[{\"id\":\"/n/"
		"A\",\"properties\":{\"enableIPForwarding\":true,\"ipConfigurations\":["
		"{\"properties\":{\"privateIPAddress\":\"10.1.0.9\"}},"
		"{\"properties\":{\"privateIPAddress\":\"10.1.0.1\",\"primary\":true,\"subnet\":"
		"{\"id\":\"/sub\"}}}]}}]");
	size_t count = 0;
	const char **ids = config_nic_ids(c, set, machines, &count);
	assert_int_equal(count, 1);
	assert_string_equal(ids[0], "/N/a");
	assert_true(config_set_nodes(
		c, set, &(struct node_rows){ .machines = machines, .nics = nics }, &diags));
	assert_int_equal(set->nnodes, 1);
	assert_string_equal(set->nodes[0].ips[0], "10.1.0.1");
	assert_string_equal(set->nodes[0].subnet, "/sub");
	assert_int_equal(set->nodes[0].ip_forwarding, 1);
	assert_true(config_resolve(c, &diags));
	assert_string_equal(c->resources[1]->name, "r-10-2-0-0-24");
	assert_false(config_set_nodes(c, set, &(struct node_rows){ .machines = machines }, &diags));
	assert_string_equal(diags.items[0].code, "node-incomplete");
	set->skip_incomplete = true;
	assert_false(config_set_nodes(c, set, &(struct node_rows){ .machines = machines }, &diags));
	assert_string_equal(diags.items[1].code, "node-set-empty");
}

static void test_cluster__its_nodes_are_read_as_a_file_s(void **state)
{
	(void)state;
	struct config *c = load("    kubernetes: {context: x, labels: {pool: blue}}\n"
				"    nodes: {b: {ip: 10.0.0.9}}\n",
		"n.json", "");
	assert_non_null(c);
	struct node_set *set = &c->node_sets[0];
	assert_false(set->is_read);
	assert_true(set->wants_cluster);
	assert_false(set->wants_machines);
	assert_string_equal(set->context, "x");
	const json_t *nodes =
		json_of("[{\"metadata\":{\"name\":\"b\",\"labels\":{\"pool\":\"blue\"}},"
			"\"spec\":{\"podCIDRs\":[\"10.2.1.0/24\"]}},"
			"{\"metadata\":{\"name\":\"a\",\"labels\":{\"pool\":\"green\"}}}]");
	assert_true(config_set_nodes(c, set, &(struct node_rows){ .nodes = nodes }, &diags));
	assert_string_equal(rows(c), "b 10.0.0.9 10.2.1.0/24;");
	nodes = json_of("[{\"metadata\":{\"name\":\"c\",\"labels\":{\"pool\":\"blue\"}}}]");
	assert_false(config_set_nodes(c, set, &(struct node_rows){ .nodes = nodes }, &diags));
	expect("node-incomplete", 7, 5);
	assert_non_null(strstr(diags.items[0].help, "incomplete: skip"));
	diags_init(&diags, arena);
	assert_false(
		config_set_nodes(c, set, &(struct node_rows){ .nodes = json_of("[]") }, &diags));
	expect("node-set-empty", 7, 5);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_csv__rows_in_any_order_of_columns),
		CASE(test_csv__quotes_marks_and_empty_lines),
		CASE(test_csv__a_quoted_name_holds_quotes_commas_and_breaks),
		CASE(test_csv__each_fault_has_its_place),
		CASE(test_csv__a_file_outside_the_folder_is_refused),
		CASE(test_csv__an_absent_file_is_told_with_the_line_that_names_it),
		CASE(test_kubernetes__internal_addresses_and_pod_cidrs),
		CASE(test_kubernetes__labels_choose_and_exclude),
		CASE(test_kubernetes__a_list_may_say_the_kind_of_its_items),
		CASE(test_kubernetes__what_is_no_list_of_nodes_is_refused),
		CASE(test_sources__several_make_one_set),
		CASE(test_sources__nodes_override_by_name),
		CASE(test_sources__an_override_of_nobody_must_be_whole),
		CASE(test_sources__one_name_in_two_sources_is_refused),
		CASE(test_sources__none_left_is_an_error),
		CASE(test_sources__incomplete_rows_may_be_skipped),
		CASE(test_sources__inputs_bring_their_files),
		CASE(test_machines__join_their_nics),
		CASE(test_cluster__its_nodes_are_read_as_a_file_s),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
