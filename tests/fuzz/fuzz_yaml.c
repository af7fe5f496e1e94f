/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Places asked for in one input: they are linear each. */
#define PLACES_MOST 2000

/* assert() would be gone in a build with NDEBUG. */
static void expect(bool good)
{
	if (!good)
		abort();
}

struct walk {
	struct arena *arena;
	const struct yaml *yaml;
	size_t count;
};

static void expect_place(const struct walk *w, const char *pointer)
{
	expect(yaml_has(w->yaml, pointer));
	for (enum yaml_side side = YAML_KEY; side <= YAML_VALUE; side++) {
		struct place at = yaml_place(w->yaml, pointer, side);
		expect(at.line > 0 && at.column > 0 && at.width > 0 && at.excerpt);
	}
}

/* The end of a text is found in or behind the place of the whole. */
static void expect_within(const struct walk *w, const json_t *value, const char *pointer)
{
	size_t len = json_string_length(value);
	if (len == 0)
		return;
	struct place whole = yaml_place(w->yaml, pointer, YAML_VALUE);
	struct place at = yaml_place_within(w->yaml, whole, json_string_value(value), len - 1, 1);
	expect(at.line > whole.line || (at.line == whole.line && at.column >= whole.column));
	expect(at.width > 0 && at.excerpt);
}

static void walk(struct walk *w, json_t *value, const char *pointer)
{
	if (w->count++ >= PLACES_MOST)
		return;
	expect_place(w, pointer);
	expect_within(w, value, pointer);
	const char *key;
	json_t *item;
	size_t i;
	json_object_foreach (value, key, item)
		walk(w, item, pointer_add(w->arena, pointer, key));
	json_array_foreach (value, i, item)
		walk(w, item, pointer_add_index(w->arena, pointer, i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena *a = arena_new();
	struct diags diags;
	struct buf out;
	diags_init(&diags, a);
	buf_init(&out, BUF_OWN_TEXT);
	const struct yaml *y = yaml_parse(a, "input", (const char *)data, len, &diags);
	expect((y == NULL) == (diags.nerrors > 0));
	if (y) {
		struct walk w = { .arena = a, .yaml = y };
		walk(&w, yaml_value(y), "");
		expect(json_canonical(a, yaml_value(y)) != NULL);
	}
	diags_render(&diags, &out, 0, false);
	expect(diags.count == 0 || out.len > 0);
	json_decref(diags_json(&diags));
	buf_release(&out);
	arena_free(a);
	return 0;
}
