/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/yaml.h"
#include "engine/base/yaml_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void expect(bool good)
{
	if (!good)
		abort();
}

/* The comments and the lines that hold something: what a formatter could lose unseen. */
static void count(const char *text, size_t len, size_t *comments, size_t *lines)
{
	size_t mark = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	*comments = *lines = 0;
	bool empty = true;
	for (size_t i = mark; i < len; i++) {
		*comments += text[i] == '#';
		if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r' && text[i] != '\n')
			empty = false;
		if (text[i] == '\n' || text[i] == '\r' || i + 1 == len) {
			*lines += !empty;
			empty = true;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const first[] = { "waybill", "a", NULL };
	static const char *const last[] = { "outputs", "b", NULL };
	static const struct yaml_order order = { first, last };
	struct arena *a = arena_new();
	struct diags diags;
	diags_init(&diags, a);
	const char *text = (const char *)data;
	size_t once_len = 0, twice_len = 0;
	const char *once = yaml_format("input", text, len, &order, &once_len, &diags);
	expect((once == NULL) == (diags.nerrors > 0));
	if (once) {
		const struct yaml *before = yaml_parse(a, "input", text, len, &diags);
		const struct yaml *after = yaml_parse(a, "once", once, once_len, &diags);
		expect(before && after && json_equal(yaml_value(before), yaml_value(after)));
		const char *twice = yaml_format("once", once, once_len, &order, &twice_len, &diags);
		expect(twice && twice_len == once_len && memcmp(once, twice, once_len) == 0);
		size_t comments[2], lines[2];
		count(text, len, &comments[0], &lines[0]);
		count(once, once_len, &comments[1], &lines[1]);
		expect(comments[0] == comments[1] && lines[0] == lines[1]);
	}
	arena_free(a);
	return 0;
}
