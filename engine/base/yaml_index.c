/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_index.c - the node of one item among many, without a walk over all of them */
#include <stdlib.h>
#include <string.h>

#include "engine/base/yaml_internal.h"

#define LEAST_INDEXED 32

struct yaml_index {
	const struct yaml_node *of;
	size_t count;
	bool is_map;
	struct indexed {
		const char *key; /* of a map, sorted by it; NULL in a list, in its order */
		const struct yaml_node *node;
	} items[];
};

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct indexed *)a)->key, ((const struct indexed *)b)->key);
}

static int by_node(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)(*(struct yaml_index *const *)a)->of;
	uintptr_t y = (uintptr_t)(*(struct yaml_index *const *)b)->of;
	return (x > y) - (x < y);
}

void yaml_index_add(struct yaml *y, const struct yaml_node *of, json_t *value)
{
	bool is_map = json_is_object(value);
	size_t count = is_map ? json_object_size(value) : json_array_size(value);
	if (count < LEAST_INDEXED)
		return;
	struct yaml_index *index =
		arena_alloc(y->arena, sizeof *index + count * sizeof *index->items);
	*index = (struct yaml_index){ .of = of, .is_map = is_map };
	void *member = is_map ? json_object_iter(value) : NULL;
	for (const struct yaml_node *node = of->child; node && index->count < count;
		node = node->next) {
		struct indexed *item = &index->items[index->count++];
		*item = (struct indexed){ .node = node };
		if (!is_map)
			continue;
		item->key = json_object_iter_key(member);
		member = json_object_iter_next(value, member);
	}
	if (is_map)
		qsort(index->items, index->count, sizeof *index->items, by_key);
	*ARENA_PUSH(y->arena, y->indexes, y->nindexes) = index;
}

void yaml_index_sort(struct yaml *y)
{
	if (y->nindexes > 1)
		qsort(y->indexes, y->nindexes, sizeof(struct yaml_index *), by_node);
}

static const struct yaml_index *find_index(const struct yaml *y, const struct yaml_node *of)
{
	const struct yaml_index wanted = { .of = of }, *key = &wanted;
	struct yaml_index *const *found = y->nindexes
		? bsearch(&key, y->indexes, y->nindexes, sizeof(struct yaml_index *), by_node)
		: NULL;
	return found ? *found : NULL;
}

/* Few: what is not indexed. */
static const struct yaml_node *walk(
	json_t *value, const struct yaml_node *of, const char *token, size_t position)
{
	if (json_is_object(value))
		return yaml_member(value, of->child, token);
	const struct yaml_node *item = of->child;
	while (item && position--)
		item = item->next;
	return item;
}

const struct yaml_node *yaml_item(
	const struct yaml *y, const struct yaml_node *of, json_t *value, const char *token)
{
	if (!json_is_object(value) && !json_is_array(value))
		return NULL;
	size_t position = json_is_array(value) ? strtoul(token, NULL, 10) : 0;
	const struct yaml_index *index = find_index(y, of);
	if (!index)
		return walk(value, of, token, position);
	if (!index->is_map)
		return position < index->count ? index->items[position].node : NULL;
	const struct indexed wanted = { .key = token };
	const struct indexed *found =
		bsearch(&wanted, index->items, index->count, sizeof wanted, by_key);
	return found ? found->node : NULL;
}
