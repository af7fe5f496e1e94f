/* SPDX-License-Identifier: Apache-2.0 */
/* newer.c - what ARM tells of our resources that the schemas do not know
 *
 * It goes back as it was read (diff.h, body_writable), and is told once a type and member. There
 * may be 100,000 bodies with the same members in the same order, so each member says which one
 * comes next, mostly.
 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/plan/internal.h"

#define FINDINGS_MOST 20
#define DEPTH_MOST 16
#define TEXT_MOST 80 /* bytes of a name or value that is ARM's */

struct level;

/* A member that the schema knows. */
struct known {
	const char *name;
	const json_t *choices; /* of an enum, or NULL */
	const char *last;      /* the value that was last among them */
	struct level *inside;  /* of an object, or of the items of a list; or NULL */
	size_t next;           /* the member that came behind it last */
};

struct level {
	struct known *members;
	size_t count;
	size_t first; /* the member that came first last */
	bool closed;  /* no others are expected */
};

struct finding {
	const struct schema *schema;
	const char *member; /* as the YAML would write it */
	const char *value;  /* NULL: the member itself is newer */
	const struct actual *actual;
	size_t count;
};

struct telling {
	struct planner *planner;
	struct arena *arena; /* while it lasts */
	const struct schema *schema;
	const struct actual *actual;
	struct typed {
		const struct schema *schema;
		struct level *level;
	} * types; /* those that have been met */
	size_t ntypes;
	struct finding findings[FINDINGS_MOST];
	size_t nfindings, nleft;
};

/* Where the walk stands: spelled out only when there is something to tell. */
struct path {
	const struct path *up;
	const char *name;
};

/* ---- what is known ---- */

static struct known *add_known(struct arena *a, struct level *l, const char *name)
{
	struct known *k = ARENA_PUSH(a, l->members, l->count);
	*k = (struct known){ .name = name, .next = l->count };
	return k;
}

static struct level *level_new(struct arena *a, const json_t *node, unsigned depth)
{
	struct level *l = ARENA_NEW(a, struct level);
	*l = (struct level){ .closed = schema_is_closed(node) };
	const char *name;
	json_t *member;
	json_object_foreach (json_object_get(node, "properties"), name, member) {
		struct known *k = add_known(a, l, name);
		/* What is only the server's is not sent, a reference is an id to us, and children
		 * are looked at as resources. */
		if (schema_is_read_only(member) || schema_is_child_list(member) ||
			schema_reference_type(member) || depth >= DEPTH_MOST)
			continue;
		const json_t *inner =
			schema_kind(member) == KIND_ARRAY ? schema_items(member) : member;
		k->choices = schema_enum(member);
		if (schema_kind(inner) == KIND_OBJECT && !schema_reference_type(inner))
			k->inside = level_new(a, inner, depth + 1);
	}
	size_t i;
	json_array_foreach (schema_unmanaged(node), i, member)
		(void)add_known(a, l, json_string_value(member));
	return l;
}

static struct known *find_known(struct level *l, const char *name, size_t guess)
{
	if (guess < l->count && strcmp(l->members[guess].name, name) == 0)
		return &l->members[guess];
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->members[i].name, name) == 0)
			return &l->members[i];
	return NULL;
}

/* ---- what is not ---- */

static const char *member_text(struct arena *a, const struct path *at)
{
	if (!at)
		return NULL;
	const char *outer = member_text(a, at->up);
	if (strcmp(at->name, "properties") == 0)
		return outer;
	return outer ? arena_printf(a, "%s.%s", outer, at->name) : at->name;
}

/* Never in the middle of a character. */
static const char *cut(struct arena *a, const char *text)
{
	size_t len = strlen(text);
	if (len <= TEXT_MOST)
		return arena_strdup(a, text);
	for (len = TEXT_MOST; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;)
		len--;
	return arena_printf(a, "%.*s...", (int)len, text);
}

static void found(struct telling *t, const struct path *at, const char *value)
{
	struct arena *a = t->planner->arena;
	const struct path last = { NULL, cut(t->arena, at->name) };
	const char *outer = member_text(t->arena, at->up);
	const char *member = outer ? arena_printf(t->arena, "%s.%s", outer, last.name) : last.name;
	for (size_t i = 0; i < t->nfindings; i++) {
		struct finding *f = &t->findings[i];
		if (f->schema == t->schema && !f->value == !value &&
			strcmp(f->member, member) == 0) {
			f->count++;
			return;
		}
	}
	if (t->nfindings == FINDINGS_MOST) {
		t->nleft++;
		return;
	}
	t->findings[t->nfindings++] = (struct finding){ .schema = t->schema,
		.member = arena_strdup(a, member),
		.value = value ? cut(a, value) : NULL,
		.actual = t->actual,
		.count = 1 };
}

static bool is_choice(struct known *k, const char *value)
{
	if (k->last && strcmp(k->last, value) == 0)
		return true;
	size_t i;
	json_t *choice;
	json_array_foreach ((json_t *)k->choices, i, choice)
		if (text_same_nocase(json_string_value(choice), value)) {
			k->last = value;
			return true;
		}
	return false;
}

static void look(struct telling *t, struct level *l, const json_t *object, const struct path *up)
{
	const char *name;
	json_t *value;
	size_t i, *guess = &l->first;
	json_object_foreach ((json_t *)object, name, value) {
		struct known *k = find_known(l, name, *guess);
		const struct path at = { up, name };
		if (!k) {
			if (l->closed)
				found(t, &at, NULL);
			continue;
		}
		*guess = (size_t)(k - l->members);
		guess = &k->next;
		if (k->choices && json_is_string(value) && !is_choice(k, json_string_value(value)))
			found(t, &at, json_string_value(value));
		if (!k->inside)
			continue;
		if (json_is_object(value))
			look(t, k->inside, value, &at);
		json_t *item;
		json_array_foreach (value, i, item)
			look(t, k->inside, item, &at);
	}
}

/* ---- which are looked at, and what is said ---- */

static void tell(struct telling *t, const struct finding *f)
{
	struct planner *p = t->planner;
	const struct actual *actual = f->actual;
	const struct change *c = planner_change(p, actual->id);
	if (!c && actual->parent)
		c = planner_change(p, actual->parent);
	const char *address = config_address_of(p->config, actual->id);
	struct place at = c ? c->at : PLACE_NONE;
	if (f->value)
		diag_warning(p->diags, at, "newer-than-schema",
			"`%s` of %s is `%s`, which is no value that we know of a %s", f->member,
			address, f->value, f->schema->title);
	else
		diag_warning(p->diags, at, "newer-than-schema",
			"%s has `%s`, which is no member that we know of a %s", address, f->member,
			f->schema->title);
	diag_about(p->diags, address);
	if (f->count > 1)
		diag_help(p->diags,
			"and so do %zu more; each write sends it back as it was read, and a newer "
			"Waybill may know it",
			f->count - 1);
	else
		diag_help(p->diags,
			"each write sends it back as it was read, and a newer Waybill may know it");
}

/* Those that a write of ours may send back: what we know of, and what is inside of it. */
static bool is_concerned(const struct telling *t, const struct actual *actual)
{
	const struct planner *p = t->planner;
	const struct change *c = planner_change(p, actual->parent ? actual->parent : actual->id);
	return c && c->actual;
}

static struct level *level_of(struct telling *t, const struct schema *schema)
{
	for (size_t i = 0; i < t->ntypes; i++)
		if (t->types[i].schema == schema)
			return t->types[i].level;
	struct level *level = level_new(t->arena, schema->root, 0);
	*ARENA_PUSH(t->arena, t->types, t->ntypes) = (struct typed){ schema, level };
	return level;
}

void planner_tell_newer(struct planner *p)
{
	if (p->options->only_looks)
		return;
	struct telling *t = ARENA_NEW(p->arena, struct telling);
	*t = (struct telling){ .planner = p, .arena = arena_new() };
	const char *parent = NULL;
	bool concerned = false;
	struct level *level = NULL;
	for (size_t i = 0; i < p->snapshot->nactuals; i++) {
		const struct actual *actual = &p->snapshot->actuals[i];
		if (!actual->parent || actual->parent != parent)
			concerned = is_concerned(t, actual);
		parent = actual->parent;
		if (!concerned)
			continue;
		if (!level || actual->schema != t->schema)
			level = level_of(t, actual->schema);
		t->schema = actual->schema;
		t->actual = actual;
		look(t, level, actual->body, NULL);
	}
	for (size_t i = 0; i < t->nfindings; i++)
		tell(t, &t->findings[i]);
	if (t->nleft)
		diag_warning(p->diags, PLACE_NONE, "newer-than-schema",
			"%zu more members are newer than this Waybill", t->nleft);
	arena_free(t->arena);
}
