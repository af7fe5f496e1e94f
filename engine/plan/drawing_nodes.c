/* SPDX-License-Identifier: Apache-2.0 */
/* drawing_nodes.c - nodes into the boxes of their subnets, many of one set as one */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/plan/drawing_internal.h"

/* ---- ranges ---- */

static int compare_prefixes(const struct prefix *a, const struct prefix *b)
{
	int order = ip_compare(&a->base, &b->base);
	return order ? order : (a->length > b->length) - (a->length < b->length);
}

void sketch_widen(struct sketch_range *r, const struct prefix *p)
{
	size_t i = p->base.family == FAMILY_IPV6;
	if (r->count[i] == 0 || compare_prefixes(p, &r->least[i]) < 0)
		r->least[i] = *p;
	if (r->count[i] == 0 || compare_prefixes(p, &r->most[i]) > 0)
		r->most[i] = *p;
	r->count[i]++;
}

static const char *one_text(const struct sketch *s, const struct prefix *p, bool address)
{
	char text[PREFIX_TEXT];
	if (address)
		ip_format(&p->base, text);
	else
		prefix_format(p, text);
	return sketch_text(s, arena_strdup(s->arena, text));
}

const char *sketch_range_text(const struct sketch *s, const struct sketch_range *r, bool addresses)
{
	const char *all = NULL;
	for (size_t i = 0; i < 2; i++) {
		if (r->count[i] == 0)
			continue;
		const char *text = one_text(s, &r->least[i], addresses);
		if (compare_prefixes(&r->least[i], &r->most[i]) != 0)
			text = arena_printf(
				s->arena, "%s ... %s", text, one_text(s, &r->most[i], addresses));
		all = all ? arena_printf(s->arena, "%s, %s", all, text) : text;
	}
	return all;
}

/* ---- names ---- */

/* As people count: worker-2 before worker-10. */
static int compare_names(const char *a, const char *b)
{
	while (*a && *b) {
		if (!isdigit((unsigned char)*a) || !isdigit((unsigned char)*b)) {
			if (*a != *b)
				return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
			a++;
			b++;
			continue;
		}
		a += strspn(a, "0");
		b += strspn(b, "0");
		size_t alen = strspn(a, "0123456789"), blen = strspn(b, "0123456789");
		if (alen != blen)
			return alen < blen ? -1 : 1;
		int order = strncmp(a, b, alen);
		if (order)
			return order;
		a += alen;
		b += blen;
	}
	return (*a != '\0') - (*b != '\0');
}

/* ---- nodes ---- */

struct place_of {
	const struct topology_node *node;
	struct drawing_box *subnet; /* NULL: none that is known */
};

static int compare_places(const void *a, const void *b)
{
	const struct place_of *x = a, *y = b;
	if (x->subnet != y->subnet) {
		if (!x->subnet || !y->subnet)
			return x->subnet ? -1 : 1;
		return x->subnet->number < y->subnet->number ? -1 : 1;
	}
	return (x->node > y->node) - (x->node < y->node); /* sets follow each other there */
}

struct drawing_box *sketch_subnet_of(const struct sketch *s, size_t node)
{
	const struct topology_subnet *subnet = s->planned->nodes[node].subnet;
	if (subnet)
		return s->subnets[subnet - s->planned->subnets];
	subnet = s->now->nodes[node].subnet;
	return subnet ? s->subnets_now[subnet - s->now->subnets] : NULL;
}

static void widen_by_node(
	struct sketch_range *ips, struct sketch_range *pods, const struct topology_node *n)
{
	for (size_t i = 0; i < n->nips; i++) {
		const struct prefix host = { n->ips[i], family_bits(n->ips[i].family) };
		sketch_widen(ips, &host);
	}
	for (size_t i = 0; i < n->pods.count; i++)
		sketch_widen(pods, &n->pods.items[i]);
}

static void add_nodes(
	struct sketch *s, struct drawing_box *in, const struct place_of *places, size_t count)
{
	struct drawing_box *box = sketch_box(s, in, DRAWN_NODES, MARK_UNCHANGED);
	struct sketch_range ips = { 0 }, pods = { 0 };
	const char *first = places[0].node->node->name, *last = first;
	box->count = count;
	for (size_t i = 0; i < count; i++) {
		const char *name = places[i].node->node->name;
		first = compare_names(name, first) < 0 ? name : first;
		last = compare_names(name, last) > 0 ? name : last;
		widen_by_node(&ips, &pods, places[i].node);
		s->nodes[places[i].node - s->planned->nodes] = box;
	}
	box->name = sketch_text(s, first);
	if (count > 1) {
		box->name = arena_printf(s->arena, "%s ... %s", box->name, sketch_text(s, last));
		sketch_say(box,
			arena_printf(s->arena, "%zu nodes of set %s", count,
				sketch_text(s, places[0].node->set->name)));
	}
	sketch_say(box, sketch_range_text(s, &ips, true));
	const char *range = sketch_range_text(s, &pods, false);
	sketch_say(box, range ? arena_printf(s->arena, "pods %s", range) : "no pods");
}

void sketch_nodes(struct sketch *s)
{
	size_t nnodes = s->planned->nnodes;
	struct drawing_box *outside = NULL;
	struct place_of *places = arena_alloc(s->arena, (nnodes + 1) * sizeof *places);
	s->nodes = arena_alloc(s->arena, (nnodes + 1) * sizeof(*s->nodes));
	for (size_t i = 0; i < nnodes; i++)
		places[i] = (struct place_of){ &s->planned->nodes[i], sketch_subnet_of(s, i) };
	if (nnodes)
		qsort(places, nnodes, sizeof *places, compare_places);
	for (size_t i = 0, end; i < nnodes; i = end) {
		struct drawing_box *in = places[i].subnet;
		for (end = i + 1; end < nnodes && places[end].subnet == in &&
			places[end].node->set == places[i].node->set;)
			end++;
		if (!in && !outside) {
			outside = sketch_box(s, NULL, DRAWN_OUTSIDE, MARK_UNCHANGED);
			outside->name = "in no known subnet";
		}
		in = in ? in : outside;
		if (end - i > DRAWING_ALIKE)
			add_nodes(s, in, places + i, end - i);
		else
			for (size_t n = i; n < end; n++)
				add_nodes(s, in, places + n, 1);
	}
}
