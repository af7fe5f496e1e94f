/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "engine/config/config.h"

#define HEAD                                                                                       \
	"waybill: 1\nsubscription: s-1\nresourceGroup: g\nlocation: japaneast\n" /* 4 lines        \
										  */

static struct arena *arena;
static struct catalog *catalog;
static struct diags diags;
static char folder[] = "/tmp/waybill-config-XXXXXX";

static const char *write_file(const char *name, const char *text)
{
	char *path = arena_printf(arena, "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return path;
}

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	catalog = catalog_new(arena);
	diags_init(&diags, arena);
	(void)snprintf(folder, sizeof folder, "/tmp/waybill-config-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	static const char *const names[] = { "a.yaml", "b.yml", "c.yaml", "vars.yaml",
		"other.yaml" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		(void)unlink(arena_printf(arena, "%s/%s", folder, names[i]));
	int failed = rmdir(folder);
	arena_free(arena);
	return failed;
}

static struct config *load_with(struct config_options options, const char *text)
{
	const char *path = write_file("a.yaml", text);
	options.paths = &path;
	options.npaths = 1;
	struct config *c = config_load(arena, catalog, &options, &diags);
	return c && config_resolve(c, &diags) ? c : NULL;
}

static struct config *load(const char *text)
{
	static const char *const environment[] = { "AZURE_SUBSCRIPTION_ID=s-9", "HOME=/root",
		"ARM_CLIENT_SECRET=hidden", "WAYBILL_ENV_OWNER=net", NULL };
	return load_with((struct config_options){ .environment = environment }, text);
}

static struct config *load_good(const char *text)
{
	struct config *c = load(text);
	for (size_t i = 0; i < diags.count; i++)
		print_error("%zu:%zu %s %s\n", diags.items[i].at.line, diags.items[i].at.column,
			diags.items[i].code, diags.items[i].text);
	assert_non_null(c);
	assert_int_equal(diags.nerrors, 0);
	return c;
}

static const char *body_text(struct config *c, const char *address)
{
	const struct resource *r = config_find(c, address);
	assert_non_null(r);
	return json_canonical(arena, r->body);
}

/* ---- faults ---- */

struct fault {
	const char *text;
	const char *code;
	size_t line, column;
};

#define TABLE HEAD "routeTables:\n  t:\n    routes:\n      r: " /* line 8, column 10 */
#define NETWORK HEAD "virtualNetworks:\n  vv:\n"
#define NODES HEAD "nodeSets:\n  w:\n    "

static const struct fault faults[] = {
	{ "", "empty-file", 0, 0 },
	{ "location: japaneast\n", "format-version", 0, 0 },
	{ "waybill: 2\n", "format-version", 1, 10 },
	{ "waybill: 1\nrequires: \">=9\"\n", "requires", 2, 11 },
	{ "waybill: 1\nrequires: new\n", "requires", 2, 11 },
	{ "waybill: 1\nroutTables: {}\n", "unknown-member", 2, 1 },
	{ "waybill: 1\nsettle: {}\n", "wrong-type", 2, 9 },
	{ "waybill: 1\nbackend: {}\n", "missing-member", 2, 1 },
	{ "waybill: 1\nlocation: [a]\n", "wrong-type", 2, 11 },
	{ "waybill: 1\nsubscription: s\nrouteTables:\n  t: {}\n", "missing-resource-group", 4, 3 },
	{ "waybill: 1\nsubscription: a/b\nrouteTables:\n  t: {}\n", "bad-subscription", 2, 15 },
	{ "waybill: 1\nsubscription: s\nresourceGroup: g\nrouteTables:\n  t: {}\n",
		"missing-member", 5, 3 },
	{ TABLE "{addressPrefix: 10.0.0.0/8, nextHopType: None, nextHopIpAdress: 10.0.0.1}",
		"unknown-member", 8, 57 },
	{ TABLE "{addressPrefix: 10, nextHopType: None}", "wrong-type", 8, 26 },
	{ TABLE "{addressPrefix: 10.0.0.0/8}", "missing-member", 8, 7 },
	{ TABLE "{addressPrefix: 10.0.0.0/33, nextHopType: None}", "bad-cidr", 8, 26 },
	{ TABLE "{addressPrefix: 10.0.0.1/8, nextHopType: None}", "host-bits", 8, 26 },
	{ TABLE "{addressPrefix: 10.0.0.0/8, nextHopType: Nowhere}", "not-a-choice", 8, 51 },
	{ TABLE "{addressPrefix: 10.0.0.0/8, nextHopType: VirtualAppliance}", "next-hop", 8, 51 },
	{ TABLE "{addressPrefix: 10.0.0.0/8, nextHopType: None, nextHopIpAddress: 10.0.0.1}",
		"next-hop", 8, 57 },
	{ TABLE "{addressPrefix: 10.0.0.0/8, nextHopType: VirtualAppliance, nextHopIpAddress: "
		"fd00::1}",
		"family-mismatch", 8, 87 },
	{ TABLE "{addressPrefix: 10.0.0.0/8, nextHopType: VirtualAppliance, nextHopIpAddress: "
		"1.2.3}",
		"bad-ip", 8, 87 },
	{ TABLE "{addressPrefix: 10.0.0.0/8, nextHopType: None, hasBgpOverride: true}",
		"read-only-member", 8, 57 },
	{ TABLE "{addressPrefix: 10.0.0.0/8, nextHopType: None}\n"
		"      q: {addressPrefix: 10.0.0.0/8, nextHopType: None}",
		"route-duplicate-prefix", 9, 26 },
	{ TABLE "{addressPrefix: 10.0.0.0/8, nextHopType: None}\n"
		"      q: {name: R, addressPrefix: 11.0.0.0/8, nextHopType: None}",
		"route-duplicate-name", 9, 7 },
	{ TABLE "{addressPrefix: 10.0.0.0/8, nextHopType: None, ignore: []}", "wrong-type", 8, 65 },
	{ TABLE "{addressPrefix: 10.0.0.0/8, nextHopType: None, nodeRoutes: []}", "unknown-member",
		8, 57 },
	{ TABLE "null", "missing-member", 8, 7 },
	{ HEAD "routeTables:\n  t-: {}\n", "bad-name", 6, 3 },
	{ HEAD "routeTables:\n  t: {name: u/}\n", "bad-name", 6, 13 },
	{ HEAD "routeTables:\n  t: {}\n  u: {name: T}\n", "duplicate-resource", 7, 3 },
	{ HEAD "routeTables:\n  t: {existing: true, adopt: true}\n", "adopt-existing", 6, 23 },
	{ HEAD "routeTables:\n  t: {existing: 1}\n", "wrong-type", 6, 17 },
	{ HEAD "routeTables:\n  t: {tags: {a: 1}}\n", "wrong-type", 6, 17 },
	{ HEAD "routeTables:\n  t: {location: }\n", "wrong-type", 6, 17 },
	{ HEAD "routeTables:\n  t: {foreignRoutes: drop}\n", "not-a-choice", 6, 22 },
	{ HEAD "routeTables:\n  t: {lifecycle: {ignoreChanges: [tag]}}\n", "unknown-member", 6,
		35 },
	{ HEAD "routeTables:\n  t: {dependsOn: [routeTables/u]}\n", "unknown-reference", 6, 19 },
	{ HEAD "routeTables:\n  t: {dependsOn: [routeTables/u]}\n  u: {dependsOn: "
	       "[routeTables/t]}\n",
		"cycle", 6, 19 },
	{ HEAD "routeTables:\n  t: {tags: {a: \"${routeTables.u.tags.b}\"}}\n"
	       "  u: {tags: {b: \"${routeTables.t.tags.a}\"}}\n",
		"cycle", 6, 17 },
	{ HEAD "routeTables:\n  t: {tags: {a: \"${routeTables.t.tags.a}\"}}\n", "cycle", 6, 17 },
	{ HEAD "routeTables:\n  t: {tags: {a: \"x${routeTables.v.id}\"}}\n", "unknown-reference", 6,
		21 },
	{ HEAD "routeTables:\n  t: {tags: {a: \"${routTables.t.id}\"}}\n", "unknown-reference", 6,
		20 },
	{ HEAD "routeTables:\n  t: {tags: {a: \"${routeTables.t.colour}\"}}\n", "unknown-member", 6,
		20 },
	{ HEAD "routeTables:\n  t: {tags: {a: \"${var.x}\"}}\n", "undefined-variable", 6, 20 },
	{ HEAD "routeTables:\n  t: {tags: {a: \"${env.HOME}\"}}\n", "env-not-allowed", 6, 20 },
	{ HEAD "routeTables:\n  t: {tags: {a: \"${env.ARM_CLIENT_SECRET}\"}}\n", "env-forbidden", 6,
		20 },
	{ HEAD "routeTables:\n  t: {tags: {a: \"${env.WAYBILL_ENV_X}\"}}\n", "env-missing", 6, 20 },
	{ HEAD "routeTables:\n  t: {tags: {a: \"${node.name}\"}}\n", "expression-scope", 6, 20 },
	{ HEAD "routeTables:\n  t: {tags: {a: \"${var.x\"}}\n", "bad-expression", 6, 18 },
	{ HEAD "routeTables:\n  t: {location: \"${routeTables.t.resourceGuid}\"}\n",
		"known-after-apply", 6, 17 },
	{ HEAD "forget: [routeTable/x]\n", "bad-address", 5, 10 },
	{ HEAD "forget: [routeTables/t]\nrouteTables:\n  t: {}\n", "forget-declared", 5, 10 },
	{ HEAD "outputs: {a: {}}\n", "missing-member", 5, 11 },
	{ NETWORK "    addressSpace: {}\n", "missing-member", 7, 5 },
	{ NETWORK "    subnets: {s: {addressPrefix: 10.0.0.0/24}}\n", "missing-member", 6, 3 },
	{ NETWORK "    existing: true\n    subnets: {s: {}}\n", "missing-member", 8, 15 },
	{ NETWORK "    existing: true\n    subnets: {s: {existing: true, routeTable: t}}\n",
		"unknown-reference", 8, 47 },
	{ NETWORK
		"    existing: true\n    subnets: {s: {existing: true, routeTable: "
		"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v}}",
		"reference-type", 8, 47 },
	{ NETWORK
		"    existing: true\n    subnets: {s: {existing: true, addressPrefix: 10.0.0.0/24, "
		"addressPrefixes: [10.0.0.0/24]}}",
		"same-member-twice", 8, 63 },
	{ NETWORK "    existing: true\n    flowTimeoutInMinutes: 99\n", "out-of-range", 8, 27 },
	{ NETWORK "    existing: true\n    properties: {}\n", "unknown-member", 8, 5 },
	{ NODES "csv: {fil: nodes.csv}\n", "unknown-member", 7, 11 },
	{ NODES "incomplete: skip\n", "node-source", 6, 3 },
	{ NODES "nodes: {a: {podCIDR: 10.0.0.0/24}}\n", "node-incomplete", 7, 13 },
	{ NODES "nodes: {a: {ip: x, podCIDR: 10.0.0.0/24}}\n", "bad-ip", 7, 21 },
	{ NODES "nodes: {a: {ip: 10.1.0.1, podCIDR: 10.0.0.1/24}}\n", "host-bits", 7, 40 },
	{ NODES "nodes: {a: {ips: [10.1.0.1, 10.1.0.2], podCIDR: 10.0.0.0/24}}\n", "node-family", 7,
		33 },
	{ NODES "nodes: {a: {ip: 10.1.0.1, podCIDR: 10.0.0.0/24}, A: {ip: 10.1.0.2, podCIDR: "
		"10.0.1.0/24}}\n",
		"node-duplicate", 7, 54 },
	{ NODES "nodes: {a: {ip: 10.1.0.1, podCIDR: \"fd00::/64\"}}\n"
		"routeTables: {t: {nodeRoutes: [{nodeSet: w}]}}\n",
		"node-family", 7, 13 },
	{ NODES "nodes: {}\nrouteTables: {t: {nodeRoutes: [{nodeSet: v}]}}\n", "unknown-reference",
		8, 42 },
	{ NODES "nodes: {a: {ip: 10.1.0.1, podCIDR: 10.0.0.0/24}, b: {ip: 10.1.0.2, podCIDR: "
		"10.0.1.0/24}}\nrouteTables: {t: {nodeRoutes: [{nodeSet: w, name: same}]}}\n",
		"route-duplicate-name", 8, 32 },
	{ NODES "range: {count: 0, firstIP: 10.0.0.1, podCIDRs: 10.2.0.0/16, podPrefixLength: "
		"24}\n",
		"out-of-range", 7, 20 },
	{ NODES "range: {count: 3, firstIP: 10.0.0.1, podCIDRs: 10.2.0.0/16, podPrefixLength: "
		"17}\n",
		"range-too-long", 7, 52 },
	{ HEAD "variables: {a: {type: text}}\n", "wrong-type", 5, 23 },
	{ HEAD "variables: {a: {type: string}}\n", "variable-without-value", 5, 13 },
	{ HEAD "variables: {a: {type: number, default: x}}\n", "wrong-type", 5, 40 },
	{ HEAD "variables: {a: {default: x, pattern: y}}\n", "variable-pattern", 5, 26 },
	{ HEAD "variables: {a: {default: x}}\nrouteTables: {\"${var.a}\": {}, x: {}}\n",
		"duplicate-key", 6, 15 },
};

/* Alone, at its place, and with a help. */
static bool is_told(const struct fault *f)
{
	const struct diag *d = diags.items;
	return d && diags.nerrors == 1 && strcmp(d->code, f->code) == 0 && d->at.line == f->line &&
		d->at.column == f->column && d->help;
}

static void test_config__each_fault_has_its_code_and_place(void **state)
{
	(void)state;
	size_t wrong = 0;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		const struct fault *f = &faults[i];
		diags_init(&diags, arena);
		struct config *c = load(f->text);
		diags_sort(&diags);
		if (!c && is_told(f))
			continue;
		wrong++;
		print_error("%s\nwanted %s at %zu:%zu%s\n", f->text, f->code, f->line, f->column,
			c ? ", was accepted" : "");
		for (size_t k = 0; k < diags.count; k++)
			print_error("  got %s at %zu:%zu: %s\n", diags.items[k].code,
				diags.items[k].at.line, diags.items[k].at.column,
				diags.items[k].text);
	}
	assert_int_equal(wrong, 0);
}

static bool tell_default(void *context, const char **out, struct diags *told)
{
	(void)told;
	(*(int *)context)++;
	*out = "s-az";
	return true;
}

static void test_config__a_subscription_that_the_yaml_does_not_name(void **state)
{
	(void)state;
	static const char text[] = "waybill: 1\nresourceGroup: g\nrouteTables:\n  t: {location: "
				   "x}\n  u: {location: x}\n";
	static const char *const with[] = { "AZURE_SUBSCRIPTION_ID=s-9", NULL };
	static const char *const without[] = { "HOME=/root", NULL };
	int asked = 0;
	struct config_options options = { .environment = without };
	assert_null(load_with(options, text));
	assert_string_equal(diags.items[0].code, "missing-subscription");
	diags_init(&diags, arena);
	options.default_subscription = tell_default;
	options.default_context = &asked;
	struct config *c = load_with(options, text);
	assert_non_null(c);
	assert_int_equal(asked, 1);
	assert_string_equal(c->subscription, "s-az");
	json_auto_t *inputs = config_inputs(c);
	assert_string_equal(json_text_at(inputs, "/environment/AZURE_SUBSCRIPTION_ID"), "s-az");
	options.environment = with;
	c = load_with(options, text);
	assert_non_null(c);
	assert_string_equal(c->subscription, "s-9");
}

/* ---- what is right ---- */

static void test_config__flat_members_become_arm_bodies(void **state)
{
	(void)state;
	struct config *c = load_good(HEAD
		"routeTables:\n  t:\n    tags: {owner: net}\n    disableBgpRoutePropagation: true\n"
		"    routes:\n      r: {addressPrefix: 10.0.0.0/8, nextHopType: none}\n"
		"virtualNetworks:\n  vv:\n    addressSpace: {addressPrefixes: [10.0.0.0/8]}\n"
		"    subnets:\n      s:\n        addressPrefix: 10.0.0.0/24\n        routeTable: "
		"t\n"
		"        delegations: {d: {serviceName: Microsoft.Sql/servers}}\n");
	assert_int_equal(c->nresources, 4);
	assert_string_equal(c->resources[0]->address, "routeTables/t");
	assert_string_equal(c->resources[1]->address, "routeTables/t/routes/r");
	assert_ptr_equal(c->resources[1]->parent, c->resources[0]);
	assert_string_equal(body_text(c, "routeTables/t"),
		"{\"location\":\"japaneast\",\"properties\":{\"disableBgpRoutePropagation\":true},"
		"\"tags\":{\"owner\":\"net\"}}");
	assert_string_equal(body_text(c, "routeTables/t/routes/r"),
		"{\"properties\":{\"addressPrefix\":\"10.0.0.0/8\",\"nextHopType\":\"None\"}}");
	assert_string_equal(body_text(c, "virtualNetworks/vv/subnets/s"),
		"{\"properties\":{\"addressPrefix\":\"10.0.0.0/"
		"24\",\"delegations\":[{\"name\":\"d\","
		"\"properties\":{\"serviceName\":\"Microsoft.Sql/"
		"servers\"}}],\"routeTable\":{\"id\":"
		"\"/subscriptions/s-1/resourceGroups/g/providers/Microsoft.Network/routeTables/"
		"t\"}}}");
	const struct resource *subnet = config_find(c, "virtualNetworks/vv/subnets/s");
	assert_int_equal(subnet->nreferences, 1);
	assert_string_equal(subnet->references[0].pointer, "/properties/routeTable");
	assert_ptr_equal(subnet->references[0].target, c->resources[0]);
}

static void test_config__existing_takes_no_defaults(void **state)
{
	(void)state;
	struct config *c = load_good(HEAD
		"virtualNetworks:\n  vv:\n    existing: true\n    expect: {location: Japan East, "
		"provisioningState: Succeeded}\n");
	assert_string_equal(body_text(c, "virtualNetworks/vv"), "{}");
	assert_string_equal(json_canonical(arena, c->resources[0]->expect),
		"{\"location\":\"Japan "
		"East\",\"properties\":{\"provisioningState\":\"Succeeded\"}}");
	assert_true(c->resources[0]->existing);
}

static void test_config__groups_scopes_and_addresses(void **state)
{
	(void)state;
	struct config *c = load_good(HEAD
		"resourceGroups:\n  g: {}\n  far: {name: far-away}\n"
		"routeTables:\n  t: {}\n  u: {resourceGroup: far}\n  w: {subscription: s-2}\n");
	const struct resource *u = config_find(c, "resourceGroups/far-away/routeTables/u");
	assert_non_null(u);
	assert_string_equal(u->address, "resourceGroups/far-away/routeTables/u");
	assert_string_equal(config_address_of(c, u->id), u->address);
	assert_int_equal(u->nreferences, 1);
	assert_string_equal(u->references[0].target->address, "resourceGroups/far-away");
	const struct resource *w =
		config_find(c, "subscriptions/s-2/resourceGroups/g/routeTables/w");
	assert_non_null(w);
	assert_string_equal(config_address_of(c, w->id), w->address);
	assert_ptr_equal(config_find(c,
				 "/SUBSCRIPTIONS/s-2/resourcegroups/G/providers/"
				 "microsoft.network/routetables/W"),
		w);
	assert_null(config_find(c, "routeTables/w"));
	assert_null(config_id_of(c, "nothing/here", &diags));
}

static void test_config__expressions_in_bodies_and_keys(void **state)
{
	(void)state;
	struct config *c = load_good(HEAD
		"variables:\n  p: {default: kube}\n  n: {type: boolean, default: true}\n"
		"routeTables:\n  \"${var.p}-t\":\n    disableBgpRoutePropagation: ${var.n}\n"
		"    tags: {a: \"${var.p | upper}$${x}\", b: \"${routeTables.kube-t.tags.a}\",\n"
		"           c: \"${env.WAYBILL_ENV_OWNER}\", d: "
		"\"${routeTables.kube-t.resourceGuid}!\"}\n"
		"outputs: {i: \"${routeTables.kube-t.id}\", g: "
		"\"${routeTables.kube-t.resourceGuid}\"}\n");
	assert_string_equal(body_text(c, "routeTables/kube-t"),
		"{\"location\":\"japaneast\",\"properties\":{\"disableBgpRoutePropagation\":true},"
		"\"tags\":{\"a\":\"KUBE${x}\",\"b\":\"KUBE${x}\",\"c\":\"net\","
		"\"d\":\"${routeTables.kube-t.resourceGuid}!\"}}");
	const struct resource *r = c->resources[0];
	assert_int_equal(r->nunknown, 1);
	assert_string_equal(r->unknown[0], "/tags/d");
	struct place at = config_member_place(c, r, "/tags/c", YAML_VALUE);
	assert_int_equal(at.line, 12);
	json_auto_t *outputs = config_outputs(c, NULL, NULL, &diags);
	assert_string_equal(json_canonical(arena, outputs),
		"{\"g\":null,\"i\":\"/subscriptions/s-1/resourceGroups/g/providers/"
		"Microsoft.Network/routeTables/kube-t\"}");
}

static json_t *live(void *context, const char *id, const char *pointer)
{
	(void)id;
	return strcmp(pointer, "/properties/resourceGuid") == 0 ? context : NULL;
}

static void test_config__unknown_members_are_filled_in_later(void **state)
{
	(void)state;
	struct config *c = load_good(
		HEAD "routeTables: {t: {tags: {a: \"<${routeTables.t.resourceGuid}>\"}}}\n");
	json_auto_t *guid = json_string("77");
	assert_true(
		config_fill_unknown(c, c->resources[0], c->resources[0]->body, live, guid, &diags));
	assert_string_equal(json_text_at(c->resources[0]->body, "/tags/a"), "<77>");
}

static void test_config__values_of_variables_are_not_evaluated_again(void **state)
{
	(void)state;
	const struct config_variable given = { "x", "${env.HOME}" };
	struct config *c =
		load_with((struct config_options){ .variables = &given, .nvariables = 1 },
			HEAD "variables: {x: {}}\nrouteTables: {t: {tags: {a: \"${var.x}\"}}}\n");
	assert_non_null(c);
	assert_string_equal(json_text_at(c->resources[0]->body, "/tags/a"), "${env.HOME}");
}

static void test_variables__later_sources_win(void **state)
{
	(void)state;
	static const char *const environment[] = { "WAYBILL_VAR_a=env", "WAYBILL_VAR_b=env",
		"WAYBILL_VAR_c=env", "WAYBILL_VAR_unused=1", NULL };
	const char *file = write_file("vars.yaml", "b: file\nc: file\n");
	const struct config_variable given[] = { { "c", "line" }, { "n", "7" } };
	struct config *c = load_with((struct config_options){ .environment = environment,
					     .variable_files = &file,
					     .nvariable_files = 1,
					     .variables = given,
					     .nvariables = 2 },
		"waybill: 1\nvariables:\n  a: {default: x}\n  b: {}\n  c: {}\n  d: {default: x}\n"
		"  n: {type: number}\n");
	assert_non_null(c);
	assert_string_equal(json_canonical(arena, c->variables),
		"{\"a\":\"env\",\"b\":\"file\",\"c\":\"line\",\"d\":\"x\",\"n\":7}");
	const struct config_variable typo = { "prefx", "1" };
	assert_null(load_with((struct config_options){ .variables = &typo, .nvariables = 1 },
		"waybill: 1\nvariables: {prefix: {default: x}}\n"));
	assert_string_equal(diags.items[0].code, "undefined-variable");
	assert_string_equal(diags.items[0].help, "did you mean `prefix`?");
}

static void test_variables__text_of_the_environment_is_read_as_the_type_asks(void **state)
{
	(void)state;
	static const char *const environment[] = { "WAYBILL_ENV_N=7", "WAYBILL_ENV_L=[no, 1]",
		"WAYBILL_ENV_S=7", NULL };
	struct config *c = load_with((struct config_options){ .environment = environment },
		"waybill: 1\nvariables:\n"
		"  n: {type: number, default: \"${env.WAYBILL_ENV_N}\", allowed: [7.0]}\n"
		"  m: {type: number, default: \"${env.WAYBILL_ENV_M | default 3}\"}\n"
		"  l: {type: list, default: \"${env.WAYBILL_ENV_L}\"}\n"
		"  s: {default: \"${env.WAYBILL_ENV_S}\"}\n");
	assert_non_null(c);
	assert_string_equal(json_canonical(arena, c->variables),
		"{\"l\":[\"no\",1],\"m\":3,\"n\":7,\"s\":\"7\"}");
}

static void test_nodes__routes_of_both_families(void **state)
{
	(void)state;
	struct config *c = load_good(HEAD
		"nodeSets:\n  w:\n    nodes:\n      b: {ip: 10.1.0.2, podCIDR: 10.2.1.0/24}\n"
		"      a: {ips: [10.1.0.1, \"fd00::1\"], podCIDRs: [10.2.0.0/24, \"fd01::/64\"]}\n"
		"routeTables: {t: {nodeRoutes: [{nodeSet: w}]}}\n");
	assert_int_equal(c->nresources, 4);
	assert_string_equal(c->resources[1]->name, "a");
	assert_string_equal(c->resources[2]->name, "a-ipv6");
	assert_string_equal(body_text(c, "routeTables/t/routes/a-ipv6"),
		"{\"properties\":{\"addressPrefix\":\"fd01::/64\",\"nextHopIpAddress\":\"fd00::1\","
		"\"nextHopType\":\"VirtualAppliance\"}}");
	assert_string_equal(c->resources[1]->node, "a");
	assert_string_equal(c->resources[1]->node_set, "w");
	assert_string_equal(c->node_sets[0].nodes[0].name, "a");
	assert_int_equal(
		config_member_place(c, c->resources[1], "/properties/addressPrefix", YAML_VALUE)
			.line,
		10);
}

/* ---- files ---- */

static struct config *load_paths(const char *const *paths, size_t count)
{
	const struct config_options options = { .paths = paths, .npaths = count };
	diags_init(&diags, arena);
	struct config *c = config_load(arena, catalog, &options, &diags);
	return c && config_resolve(c, &diags) ? c : NULL;
}

static void test_files__later_overrides_and_null_removes(void **state)
{
	(void)state;
	const char *paths[] = { write_file("a.yaml",
					HEAD "routeTables: {t: {tags: {a: x, b: y}}, u: {}}\n"),
		write_file("c.yaml",
			"waybill: 1\nlocation: westus\n"
			"routeTables: {t: {tags: {a: z, b: null}}, u: null, n: null}\n") };
	struct config *c = load_paths(paths, 2);
	assert_non_null(c);
	assert_int_equal(c->nresources, 1);
	assert_string_equal(
		body_text(c, "routeTables/t"), "{\"location\":\"westus\",\"tags\":{\"a\":\"z\"}}");
	struct place at = config_member_place(c, c->resources[0], "/tags/a", YAML_VALUE);
	assert_string_equal(at.file, paths[1]);
	assert_int_equal(at.line, 3);
}

static void test_files__a_folder_is_one_layer(void **state)
{
	(void)state;
	const char *path = folder;
	(void)write_file("a.yaml", HEAD "routeTables: {t: {}}\n");
	(void)write_file("b.yml", "waybill: 1\nrouteTables: {u: {}}\n");
	(void)write_file("other.yaml", "kind: not waybill\n");
	struct config *c = load_paths(&path, 1);
	assert_non_null(c);
	assert_int_equal(c->nresources, 2);
	(void)write_file("b.yml", "waybill: 1\nlocation: westus\n");
	assert_null(load_paths(&path, 1));
	assert_string_equal(diags.items[0].code, "given-twice");
	assert_int_equal(diags.items[0].at.line, 2);
	assert_int_equal(diags.items[0].nnotes, 1);
	assert_int_equal(diags.items[0].notes[0].at.line, 4);
}

static void test_files__links_out_of_the_folder_and_missing_files(void **state)
{
	(void)state;
	const char *path = folder;
	assert_int_equal(symlink("/etc/hostname", arena_printf(arena, "%s/a.yaml", folder)), 0);
	assert_null(load_paths(&path, 1));
	assert_string_equal(diags.items[0].code, "path-outside");
	assert_int_equal(unlink(arena_printf(arena, "%s/a.yaml", folder)), 0);
	assert_null(load_paths(&path, 1));
	assert_string_equal(diags.items[0].code, "no-configuration");
	path = arena_printf(arena, "%s/none.yaml", folder);
	assert_null(load_paths(&path, 1));
	assert_string_equal(diags.items[0].code, "file-unreadable");
}

static void test_inputs__a_configuration_can_be_made_again(void **state)
{
	(void)state;
	struct config *c = load_good("waybill: 1\nsubscription: ${env.AZURE_SUBSCRIPTION_ID}\n"
				     "resourceGroup: g\nlocation: x\nrouteTables: {t: {}}\n");
	json_auto_t *inputs = config_inputs(c);
	assert_string_equal(json_text_at(inputs, "/environment/AZURE_SUBSCRIPTION_ID"), "s-9");
	assert_null(json_at(inputs, "/environment/HOME"));
	struct config *again = config_load_inputs(arena, catalog, inputs, NULL, &diags);
	assert_non_null(again);
	assert_true(config_resolve(again, &diags));
	assert_string_equal(again->resources[0]->id, c->resources[0]->id);
	json_auto_t *twice = config_inputs(again);
	assert_true(json_equal(inputs, twice));
}

static void test_examples__resolve(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		size_t resources;
	} examples[] = { { "examples/hard-way", 3 }, { "examples/greenfield", 31 },
		{ "examples/large", 404 } };
	static const char *const environment[] = { "AZURE_SUBSCRIPTION_ID=s-9", NULL };
	for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
		const struct config_options options = {
			.paths = &examples[i].path, .npaths = 1, .environment = environment
		};
		struct config *c = config_load(arena, catalog, &options, &diags);
		assert_non_null(c);
		assert_true(config_resolve(c, &diags));
		assert_int_equal(c->nresources, examples[i].resources);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_config__each_fault_has_its_code_and_place),
		CASE(test_config__a_subscription_that_the_yaml_does_not_name),
		CASE(test_config__flat_members_become_arm_bodies),
		CASE(test_config__existing_takes_no_defaults),
		CASE(test_config__groups_scopes_and_addresses),
		CASE(test_config__expressions_in_bodies_and_keys),
		CASE(test_config__unknown_members_are_filled_in_later),
		CASE(test_config__values_of_variables_are_not_evaluated_again),
		CASE(test_variables__later_sources_win),
		CASE(test_variables__text_of_the_environment_is_read_as_the_type_asks),
		CASE(test_nodes__routes_of_both_families),
		CASE(test_files__later_overrides_and_null_removes),
		CASE(test_files__a_folder_is_one_layer),
		CASE(test_files__links_out_of_the_folder_and_missing_files),
		CASE(test_inputs__a_configuration_can_be_made_again),
		CASE(test_examples__resolve),
	};
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
