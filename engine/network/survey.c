/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network/survey.h"

#include "engine/base/sort.h"

/* What decides how a node sees a destination. */
struct source {
	const struct topology_node *node;
	size_t class_after, class_now;
	unsigned families;
};

struct group {
	const struct topology_node **nodes;
	size_t nnodes;
	unsigned families;
	void *memo;
};

struct set {
	const struct topology_node *nodes;
	size_t nnodes;
	struct group *groups;
	size_t ngroups;
	size_t *group_of; /* by index of the node in the set */
};

struct surveyor {
	struct arena *arena;
	const struct survey *survey;
	struct set *sets; /* as config->node_sets */
	survey_fn *tell;
	void *context;
};

static unsigned family_bit(enum family family)
{
	return family == FAMILY_IPV4 ? 1 : 2;
}

static int compare_sources(const void *a, const void *b)
{
	const struct source *x = a, *y = b;
	if (x->class_after != y->class_after)
		return x->class_after < y->class_after ? -1 : 1;
	if (x->class_now != y->class_now)
		return x->class_now < y->class_now ? -1 : 1;
	if (x->node->forwarding != y->node->forwarding)
		return x->node->forwarding < y->node->forwarding ? -1 : 1;
	return (x->families > y->families) - (x->families < y->families);
}

static int compare_in_order(const void *a, const void *b)
{
	const struct source *x = a, *y = b;
	int order = compare_sources(a, b);
	return order ? order : (x->node > y->node) - (x->node < y->node);
}

static void find_groups(struct surveyor *v, struct set *set)
{
	const struct survey *s = v->survey;
	struct source *sources = mem_alloc((set->nnodes + 1) * sizeof *sources);
	set->group_of = arena_alloc(v->arena, (set->nnodes + 1) * sizeof *set->group_of);
	for (size_t i = 0; i < set->nnodes; i++) {
		const struct topology_node *n = &set->nodes[i];
		size_t index = (size_t)(n - s->topology->nodes);
		sources[i] = (struct source){ .node = n,
			.class_after = reach_class(s->reach, n->subnet),
			.class_now = s->now
				? reach_class(s->now, s->topology_now->nodes[index].subnet)
				: 0 };
		for (size_t p = 0; p < n->pods.count; p++)
			sources[i].families |= family_bit(n->pods.items[p].base.family);
	}
	sort_items(sources, set->nnodes, sizeof *sources, compare_in_order);
	for (size_t i = 0; i < set->nnodes; i++) {
		if (i == 0 || compare_sources(&sources[i - 1], &sources[i]) != 0) {
			struct group *g = ARENA_PUSH(v->arena, set->groups, set->ngroups);
			g->families = sources[i].families;
		}
		struct group *g = &set->groups[set->ngroups - 1];
		*ARENA_PUSH(v->arena, g->nodes, g->nnodes) = sources[i].node;
		set->group_of[sources[i].node - set->nodes] = set->ngroups - 1;
	}
	free(sources);
}

static void follow_group(struct surveyor *v, struct group *g, bool is_member,
	const struct topology_node *to, const struct prefix *pods)
{
	const struct survey *s = v->survey;
	size_t count = g->nnodes - is_member;
	if (count == 0 || !(g->families & family_bit(pods->base.family)))
		return;
	const struct topology_node *from = g->nodes[g->nodes[0] == to ? 1 : 0];
	struct reach_path after, now;
	struct survey_paths paths = { .from = (const struct topology_node *const *)g->nodes,
		.nfrom = g->nnodes,
		.count = count,
		.after = &after,
		.memo = &g->memo };
	reach_follow(s->reach, from, to, pods, &after);
	if (s->now == s->reach) {
		paths.now = &after;
	} else if (s->now) {
		const struct topology_node *nodes = s->topology_now->nodes;
		const struct topology_node *same = &nodes[from - s->topology->nodes];
		reach_follow(s->now, same, &nodes[to - s->topology->nodes], pods, &now);
		paths.now = &now;
	}
	v->tell(v->context, &paths);
}

static void survey_sets(struct surveyor *v, const struct set *from, const struct set *to)
{
	for (size_t i = 0; i < to->nnodes; i++)
		for (size_t p = 0; p < to->nodes[i].pods.count; p++)
			for (size_t g = 0; g < from->ngroups; g++)
				follow_group(v, &from->groups[g],
					from == to && to->group_of[i] == g, &to->nodes[i],
					&to->nodes[i].pods.items[p]);
}

struct pair {
	size_t from, to;
};

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

/* Each ordered pair of sets that belong together, once. */
static struct pair *find_pairs(struct surveyor *v, size_t *count)
{
	const struct config *c = v->survey->config;
	struct pair *pairs = NULL;
	size_t n = 0;
	for (size_t i = 0; i < c->nnode_sets; i++)
		*ARENA_PUSH(v->arena, pairs, n) = (struct pair){ i, i };
	for (size_t j = 0; j < c->njoins; j++)
		for (size_t a = 0; a < c->joins[j].nsets; a++)
			for (size_t b = 0; b < c->joins[j].nsets; b++)
				*ARENA_PUSH(v->arena, pairs, n) =
					(struct pair){ c->joins[j].sets[a], c->joins[j].sets[b] };
	if (n)
		qsort(pairs, n, sizeof *pairs, compare_pairs);
	*count = 0;
	for (size_t i = 0; i < n; i++)
		if (*count == 0 || compare_pairs(&pairs[*count - 1], &pairs[i]) != 0)
			pairs[(*count)++] = pairs[i];
	return pairs;
}

void survey_run(struct arena *a, const struct survey *s, survey_fn *tell, void *context)
{
	struct surveyor v = { .arena = a, .survey = s, .tell = tell, .context = context };
	const struct topology_node *next = s->topology->nodes;
	v.sets = arena_alloc(a, (s->config->nnode_sets + 1) * sizeof *v.sets);
	for (size_t i = 0; i < s->config->nnode_sets; i++) {
		v.sets[i].nodes = next;
		v.sets[i].nnodes = s->config->node_sets[i].nnodes;
		next += v.sets[i].nnodes;
		find_groups(&v, &v.sets[i]);
	}
	size_t count;
	const struct pair *pairs = find_pairs(&v, &count);
	for (size_t i = 0; i < count; i++)
		survey_sets(&v, &v.sets[pairs[i].from], &v.sets[pairs[i].to]);
}

void survey_count(struct survey_counts *c, enum reach_verdict verdict, size_t count)
{
	c->total += count;
	c->of[verdict] += count;
}

size_t survey_reached(const struct survey_counts *c)
{
	return c->of[REACH_OK] + c->of[REACH_ASSUMED];
}
