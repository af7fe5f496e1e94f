/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/config/internal.h"

#define SUPPORTED_FORMAT 1

/* A folder's files that say nothing of Waybill are not ours. files.c numbers folders oddly. */
static bool is_ours(const struct document *d)
{
	return d->layer % 2 == 0 || yaml_has(d->yaml, "/waybill");
}

static bool parse_files(struct config *c, struct diags *diags)
{
	struct config_internal *in = c->internal;
	bool good = true;
	for (size_t i = 0; i < in->inputs.nfiles; i++) {
		const struct text_file *file = &in->inputs.files[i];
		struct document d = { .layer = file->layer };
		d.yaml = yaml_parse(c->arena, file->name, file->text, file->length, diags);
		if (!d.yaml)
			good = false;
		else if (is_ours(&d))
			*ARENA_PUSH(c->arena, in->documents, in->ndocuments) = d;
	}
	return good;
}

static bool refuse_nothing(const struct inputs *in, struct diags *diags)
{
	(void)diag_error(diags, (struct place){ .file = in->roots ? in->roots[0] : NULL },
		"no-configuration", "no *.yaml file with `waybill: 1` was found");
	diag_help(diags, "name a file or a folder with -f");
	return false;
}

bool config_files(struct arena *a, const struct config_options *options, struct config_file **files,
	size_t *count, struct diags *diags)
{
	struct config c = { .arena = a, .internal = ARENA_NEW(a, struct config_internal) };
	struct inputs *in = &c.internal->inputs;
	if (!files_gather(a, options, in, diags) || !parse_files(&c, diags))
		return false;
	if (!c.internal->ndocuments)
		return refuse_nothing(in, diags);
	for (size_t i = 0, k = 0; i < in->nfiles && k < c.internal->ndocuments; i++) {
		const struct text_file *file = &in->files[i];
		if (strcmp(yaml_name(c.internal->documents[k].yaml), file->name) != 0)
			continue;
		k++;
		*ARENA_PUSH(a, *files, *count) =
			(struct config_file){ file->name, file->text, file->length };
	}
	return true;
}

static bool check_format(const struct document *d, struct diags *diags)
{
	const json_t *root = yaml_value(d->yaml);
	const json_t *format = json_object_get(root, "waybill");
	struct place at = { .file = yaml_name(d->yaml) };
	if (json_is_null(root))
		return diag_error(diags, at, "empty-file", "holds nothing");
	if (!json_is_object(root))
		at = yaml_place(d->yaml, "", YAML_VALUE);
	if (!format)
		return diag_error(diags, at, "format-version", "does not say `waybill: 1`");
	if (json_is_integer(format) && json_integer_value(format) == SUPPORTED_FORMAT)
		return true;
	(void)diag_error(diags, yaml_place(d->yaml, "/waybill", YAML_VALUE), "format-version",
		"this is not a format that Waybill " WAYBILL_VERSION " reads");
	diag_help(diags, "write `waybill: %d`, or use a newer Waybill", SUPPORTED_FORMAT);
	return false;
}

/* Reads up to three numbers of a version; what is left out is zero. */
static bool read_version(const char **text, unsigned out[3])
{
	for (size_t i = 0; i < 3; i++) {
		out[i] = 0;
		if (**text < '0' || **text > '9')
			return false;
		for (; **text >= '0' && **text <= '9'; (*text)++)
			out[i] = out[i] > 1000000 ? out[i] : out[i] * 10 + (unsigned)(**text - '0');
		if (**text != '.')
			break;
		(*text)++;
	}
	for (size_t i = 0; i < 3; i++)
		if (out[i] > 1000000)
			return false;
	return true;
}

static int compare_versions(const unsigned a[3], const unsigned b[3])
{
	for (size_t i = 0; i < 3; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

/* One of the conditions between commas. 1: holds, 0: does not, -1: cannot be read. */
static int check_condition(const char **text)
{
	*text += strspn(*text, " ");
	char sign = **text;
	bool or_equal = sign && (*text)[1] == '=';
	if (!sign || !strchr("<>=", sign))
		return -1;
	*text += or_equal ? 2 : 1;
	*text += strspn(*text, " ");
	unsigned wanted[3] = { 0 }, ours[3] = { 0 };
	const char *version = WAYBILL_VERSION;
	if (!read_version(text, wanted) || !read_version(&version, ours))
		return -1;
	*text += strspn(*text, " ");
	int order = compare_versions(ours, wanted);
	if (order == 0)
		return or_equal || sign == '=';
	return (sign == '<' && order < 0) || (sign == '>' && order > 0);
}

static bool check_requires(const struct document *d, struct diags *diags)
{
	const json_t *value = json_object_get(yaml_value(d->yaml), "requires");
	if (!value)
		return true;
	struct place at = yaml_place(d->yaml, "/requires", YAML_VALUE);
	const char *text = json_string_value(value);
	int holds = text ? 1 : -1;
	while (holds == 1) {
		holds = check_condition(&text);
		if (*text != ',')
			break;
		text++;
	}
	if (holds == 1 && *text == '\0')
		return true;
	if (holds == 0) {
		(void)diag_error(diags, at, "requires",
			"this is Waybill " WAYBILL_VERSION ", which the configuration excludes");
		return false;
	}
	(void)diag_error(diags, at, "requires", "this is not a condition on versions");
	diag_help(diags, "write it as in \">=0.1\" or \">=0.1, <2\"");
	return false;
}

struct merge {
	struct config *config;
	size_t document; /* the one that is merged in */
	bool same_layer;
	struct diags *diags;
};

static bool given_twice(const struct merge *m, const char *pointer)
{
	const struct config_internal *in = m->config->internal;
	const struct document *now = &in->documents[m->document];
	struct place first = PLACE_NONE;
	for (size_t i = m->document; i-- > 0;)
		if (in->documents[i].layer == now->layer &&
			yaml_has(in->documents[i].yaml, pointer))
			first = yaml_place(in->documents[i].yaml, pointer, YAML_KEY);
	char *name = pointer_last(m->config->arena, pointer);
	(void)diag_error(m->diags, yaml_place(now->yaml, pointer, YAML_KEY), "given-twice",
		"`%s` is given twice in one folder", name ? name : "");
	diag_note(m->diags, first, "it is given here too");
	diag_help(m->diags,
		"keep one, or put the other into a file of its own that a later -f names");
	return false;
}

static json_t *merge_value(const struct merge *m, json_t *old, json_t *new, const char *pointer);

/* New values win, maps are merged by key, null removes. */
static json_t *merge_maps(const struct merge *m, json_t *old, json_t *new, const char *pointer)
{
	json_t *merged = old ? json_copy(old) : json_object();
	const char *key;
	json_t *value;
	json_object_foreach (new, key, value) {
		char *at = pointer_add(m->config->arena, pointer, key);
		json_t *before = json_object_get(merged, key);
		if (json_is_null(value) && !m->same_layer)
			(void)json_object_del(merged, key);
		else
			(void)json_object_set_new(merged, key, merge_value(m, before, value, at));
	}
	return merged;
}

static json_t *merge_value(const struct merge *m, json_t *old, json_t *new, const char *pointer)
{
	if (!old && (m->same_layer || !json_is_object(new)))
		return json_incref(new);
	if (json_is_object(new) && (!old || json_is_object(old)))
		return merge_maps(m, old, new, pointer);
	if (old && m->same_layer && strcmp(pointer, "/waybill") != 0)
		(void)given_twice(m, pointer);
	return json_incref(new);
}

/* The documents [*next, ...) of one -f as one value. New. */
static json_t *merge_layer(struct config *c, size_t *next, struct diags *diags)
{
	const struct config_internal *in = c->internal;
	size_t layer = in->documents[*next].layer;
	json_t *merged = json_incref(yaml_value(in->documents[*next].yaml));
	for ((*next)++; *next < in->ndocuments && in->documents[*next].layer == layer; (*next)++) {
		struct merge m = {
			.config = c, .document = *next, .same_layer = true, .diags = diags
		};
		json_auto_t *old = merged;
		merged = merge_value(&m, old, yaml_value(in->documents[*next].yaml), "");
	}
	return merged;
}

static json_t *merge_documents(struct config *c, struct diags *diags)
{
	size_t next = 0;
	json_t *merged = merge_layer(c, &next, diags);
	while (next < c->internal->ndocuments) {
		json_auto_t *old = merged;
		json_auto_t *layer = merge_layer(c, &next, diags);
		struct merge m = { .config = c, .diags = diags };
		merged = merge_value(&m, old, layer, "");
	}
	return merged;
}

bool documents_merge(struct config *c, struct diags *diags)
{
	struct config_internal *in = c->internal;
	bool good = parse_files(c, diags);
	if (good && in->ndocuments == 0)
		return refuse_nothing(&in->inputs, diags);
	for (size_t i = 0; i < in->ndocuments; i++) {
		good &= check_format(&in->documents[i], diags);
		good &= check_requires(&in->documents[i], diags);
	}
	if (!good)
		return false;
	size_t before = diags->nerrors;
	c->merged = arena_json(c->arena, merge_documents(c, diags));
	return diags->nerrors == before;
}

/* ---- keys ---- */

static json_t *expand_value(struct scope *s, json_t *value, const char *pointer, bool *good);

static const char *expand_key(struct scope *s, const char *pointer, const char *key)
{
	if (!expression_in(key))
		return key;
	json_t *value = NULL;
	const struct text_template *t = scope_parse(s, pointer, key);
	if (!t || scope_evaluate_template(s, t, pointer, key, &value) != EXPRESSION_VALUE)
		return NULL;
	(void)arena_json(s->config->arena, value);
	if (json_is_string(value))
		return json_string_value(value);
	(void)wrong_type(s->diags, place_key(s->config, pointer), key, "text", value);
	return NULL;
}

static json_t *expand_map(struct scope *s, json_t *map, const char *pointer, bool *good)
{
	struct config *c = s->config;
	json_t *out = json_object();
	const char *key;
	json_t *value;
	json_object_foreach (map, key, value) {
		char *raw = pointer_add(c->arena, pointer, key);
		const char *name = expand_key(s, raw, key);
		if (!name) {
			*good = false;
			continue;
		}
		const char *at = raw;
		if (name != key) {
			at = pointer_add(c->arena, pointer, name);
			struct place first = place_key(c, at);
			(void)json_object_set_new(c->internal->renamed, at, json_string(key));
			if (json_object_get(map, name) || json_object_get(out, name)) {
				*good = diag_error(s->diags, place_key(c, at), "duplicate-key",
					"the key becomes `%s`, which stands here already", name);
				diag_note(s->diags, first, "here");
				continue;
			}
		}
		(void)json_object_set_new(out, name, expand_value(s, value, at, good));
	}
	return out;
}

/* New. Values without such keys are shared. */
static json_t *expand_value(struct scope *s, json_t *value, const char *pointer, bool *good)
{
	if (json_is_object(value))
		return expand_map(s, value, pointer, good);
	if (!json_is_array(value))
		return json_incref(value);
	json_t *out = json_array();
	size_t i;
	json_t *item;
	json_array_foreach (value, i, item) {
		char *at = pointer_add_index(s->config->arena, pointer, i);
		(void)json_array_append_new(out, expand_value(s, item, at, good));
	}
	return out;
}

static bool has_such_key(const json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;
	json_object_foreach ((json_t *)value, key, member)
		if (expression_in(key) || has_such_key(member))
			return true;
	json_array_foreach (value, i, member)
		if (has_such_key(member))
			return true;
	return false;
}

bool documents_expand_keys(struct config *c, struct diags *diags)
{
	if (!has_such_key(c->merged))
		return true;
	struct scope s = { .config = c, .is_plain = true, .is_key = true, .diags = diags };
	bool good = true;
	c->merged = arena_json(c->arena, expand_value(&s, c->merged, "", &good));
	return good;
}
