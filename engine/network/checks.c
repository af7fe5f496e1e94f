/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network/checks.h"

#include <stdarg.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/network/checks_internal.h"

static const struct check table[] = {
	{ "appliance-loop", SEVERITY_ERROR, check_appliance_loop },
	{ "azure-path-captured", SEVERITY_WARNING, check_default_route },
	{ "limit-exceeded", SEVERITY_ERROR, check_limit_exceeded },
	{ "limit-near", SEVERITY_WARNING, check_limit_near },
	{ "network-overlap", SEVERITY_ERROR, check_network_overlap },
	{ "next-hop-outside-network", SEVERITY_ERROR, check_next_hop_outside },
	{ "next-hop-reserved", SEVERITY_ERROR, check_next_hop_reserved },
	{ "next-hop-unknown", SEVERITY_WARNING, check_next_hop_unknown },
	{ "node-address-reserved", SEVERITY_ERROR, check_node_reserved },
	{ "node-address-twice", SEVERITY_ERROR, check_node_twice },
	{ "node-not-forwarding", SEVERITY_WARNING, check_node_forwarding },
	{ "node-outside-subnets", SEVERITY_ERROR, check_node_outside },
	{ "node-subnet-table", SEVERITY_ERROR, check_node_subnet_table },
	{ "pod-cidr-captured", SEVERITY_ERROR, check_pod_captured },
	{ "pod-cidr-in-subnet", SEVERITY_ERROR, check_pod_in_subnet },
	{ "pod-cidr-in-vnet", SEVERITY_ERROR, check_pod_in_network },
	{ "pod-cidr-overlap", SEVERITY_ERROR, check_pod_overlap },
	{ "pod-cidr-without-route", SEVERITY_WARNING, check_pod_without_route },
	{ "range-forbidden", SEVERITY_ERROR, check_forbidden_range },
	{ "route-stale", SEVERITY_WARNING, check_route_stale },
	{ "service-tag-unknown", SEVERITY_WARNING, check_service_tag },
	{ "subnet-outside-network", SEVERITY_ERROR, check_subnet_outside },
	{ "subnet-overlap", SEVERITY_ERROR, check_subnet_overlap },
	{ "subnet-size", SEVERITY_ERROR, check_subnet_size },
	{ "table-region", SEVERITY_ERROR, check_table_region },
	{ "table-unattached", SEVERITY_WARNING, check_table_unattached },
};

const struct check *checks_all(size_t *count)
{
	*count = ARRAY_LEN(table);
	return table;
}

/* ---- what the configuration says of findings ---- */

static bool ignores(const struct resource *r, const char *code)
{
	for (; r; r = r->parent)
		if (json_object_get(r->ignored, code))
			return true;
	return false;
}

static bool is_silenced(const struct subject *s, const char *code)
{
	return ignores(s->resource, code) || (s->set && json_object_get(s->set->ignored, code));
}

bool check_found(struct checking *ck, struct place at, struct subject one, struct subject other,
	const char *fmt, ...)
{
	if (is_silenced(&one, ck->code) || is_silenced(&other, ck->code)) {
		ck->ignored++;
		return false;
	}
	va_list args;
	va_start(args, fmt);
	const char *text = arena_vprintf(ck->arena, fmt, args);
	va_end(args);
	if (ck->severity == SEVERITY_ERROR)
		(void)diag_error(ck->diags, at, ck->code, "%s", text);
	else
		diag_warning(ck->diags, at, ck->code, "%s", text);
	if (one.resource)
		diag_about(ck->diags, one.resource->address);
	return true;
}

static bool check_codes(const struct checking *ck, const json_t *codes, const char *pointer)
{
	const char *names[ARRAY_LEN(table)];
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		names[i] = table[i].code;
	bool good = true;
	const char *code;
	json_t *value;
	json_object_foreach ((json_t *)codes, code, value) {
		bool known = false;
		for (size_t i = 0; i < ARRAY_LEN(table) && !known; i++)
			known = strcmp(names[i], code) == 0;
		if (known)
			continue;
		const char *at = pointer_add(ck->arena, pointer, code);
		good = diag_error(ck->diags, config_place(ck->config, at, YAML_KEY),
			"unknown-check", "there is no check `%s`", code);
		const char *near = text_nearest(code, names, ARRAY_LEN(table));
		if (near)
			diag_help(ck->diags, "did you mean `%s`?", near);
		else
			diag_help(ck->diags, "the checks are in docs/checks.md");
	}
	return good;
}

static bool check_all_codes(const struct checking *ck)
{
	const struct config *c = ck->config;
	bool good = check_codes(ck, c->checks, "/checks");
	for (size_t i = 0; i < c->nnode_sets; i++)
		good &= check_codes(ck, c->node_sets[i].ignored,
			pointer_add(ck->arena, c->node_sets[i].pointer, "ignore"));
	for (size_t i = 0; i < c->nresources; i++)
		if (c->resources[i]->ignored)
			good &= check_codes(ck, c->resources[i]->ignored,
				pointer_add(ck->arena, c->resources[i]->pointer, "ignore"));
	return good;
}

/* What a check looks at is as large as the network, and goes with it. */
static void run_check(struct checking *ck, const struct check *check, const char *word)
{
	ck->code = check->code;
	ck->severity = check->severity;
	if (word)
		ck->severity = strcmp(word, "error") == 0 ? SEVERITY_ERROR : SEVERITY_WARNING;
	ck->arena = arena_new();
	ck->seen = arena_json(ck->arena, json_object());
	check->run(ck);
	arena_free(ck->arena);
}

bool checks_run(const struct config *config, const struct checks_subject *subject,
	struct checks_report *report, struct diags *diags)
{
	size_t errors = diags->nerrors;
	struct checking ck = { .arena = diags->arena,
		.config = config,
		.topology = subject->topology,
		.is_read = subject->is_read,
		.usages = subject->usages,
		.diags = diags };
	(void)check_all_codes(&ck);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const char *word =
			json_string_value(json_object_get(config->checks, table[i].code));
		if (!word || strcmp(word, "off") != 0)
			run_check(&ck, &table[i], word);
	}
	report->ignored = ck.ignored;
	return diags->nerrors == errors;
}

/* ---- each thing once ---- */

static const char *pair_key(const struct checking *ck, const char *one, const char *other)
{
	return arena_printf(ck->arena, "%s\n%s", one ? one : "", other ? other : "");
}

bool check_first(struct checking *ck, const char *one, const char *other)
{
	const char *key = pair_key(ck, one, other);
	if (json_object_get(ck->seen, key))
		return false;
	(void)json_object_set_new(ck->seen, key, json_true());
	return true;
}

struct tallies tallies_new(struct checking *ck)
{
	return (struct tallies){ .keys = arena_json(ck->arena, json_object()) };
}

void tally_add(struct checking *ck, struct tallies *all, const char *key, const char *other_key,
	struct tally first)
{
	key = pair_key(ck, key, other_key);
	const json_t *index = json_object_get(all->keys, key);
	if (index) {
		all->items[json_integer_value(index)].count++;
		return;
	}
	(void)json_object_set_new(all->keys, key, json_integer((json_int_t)all->count));
	first.count = 1;
	*ARENA_PUSH(ck->arena, all->items, all->count) = first;
}

const char *tally_more(struct checking *ck, const struct tally *t)
{
	return t->count == 1
		? ""
		: arena_printf(ck->arena, ", and so it is with %zu more", t->count - 1);
}
