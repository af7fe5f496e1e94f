/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/waybill/explain.h"
#include "cmd/waybill/program.h"
#include "engine/base/embedded.h"
#include "engine/base/text.h"

#define PAGE_SUFFIX ".md"
#define ARM_PREFIX "arm:"

/* "docs/codes/bad-cidr.md" -> "bad-cidr" */
static char *page_name(struct arena *a, const struct embedded_file *page)
{
	const char *slash = strrchr(page->file, '/');
	const char *name = slash ? slash + 1 : page->file;
	return arena_strndup(a, name, strlen(name) - strlen(PAGE_SUFFIX));
}

static const struct embedded_file *find_page(struct arena *a, const char *name)
{
	for (size_t i = 0; i < nembedded_pages; i++)
		if (text_same_nocase(page_name(a, &embedded_pages[i]), name))
			return &embedded_pages[i];
	return NULL;
}

/* Every refusal of ARM has a page: its own, or the one about all of them. */
static const struct embedded_file *page_of_code(struct arena *a, const char *code)
{
	if (!text_starts_nocase(code, ARM_PREFIX))
		return find_page(a, code);
	const struct embedded_file *page =
		find_page(a, arena_printf(a, "arm-%s", code + strlen(ARM_PREFIX)));
	return page ? page : find_page(a, "arm");
}

/* What a page says in short: its first sentence behind the heading. */
static char *page_summary(struct arena *a, const struct embedded_file *page)
{
	const char *text = page->text + strcspn(page->text, "\n");
	text += strspn(text, "\n");
	const char *end = strchr(text, '.');
	while (end && end[1] != ' ' && end[1] != '\n')
		end = strchr(end + 1, '.');
	char *summary = arena_strndup(a, text, end ? (size_t)(end - text) : strlen(text));
	for (char *c = summary; *c; c++)
		if (*c == '\n')
			*c = ' ';
	return summary;
}

static int list_pages(struct session *s)
{
	for (size_t i = 0; i < nembedded_pages; i++) {
		const char *name = page_name(s->arena, &embedded_pages[i]);
		const char *summary = page_summary(s->arena, &embedded_pages[i]);
		if (s->json)
			(void)json_object_set_new(s->document, name, json_string(summary));
		else
			(void)buf_printf(&s->out, "%-28s  %s\n", name, summary);
	}
	return EXIT_DONE;
}

static int unknown_word(struct session *s, const char *word)
{
	const char **names = NULL;
	size_t count = 0;
	for (size_t i = 0; i < nembedded_pages; i++)
		*ARENA_PUSH(s->arena, names, count) = page_name(s->arena, &embedded_pages[i]);
	const char *nearest = text_nearest(word, names, count);
	(void)diag_error(&s->diags, PLACE_NONE, "nothing-to-explain",
		"`%s` is neither a code nor a member", word);
	if (nearest)
		diag_help(&s->diags, "did you mean `%s`?", nearest);
	else
		diag_help(&s->diags,
			"give it a code such as bad-cidr, or a member such as "
			"routeTables.routes; without a word it lists the codes");
	return EXIT_ERROR;
}

int explain_command(struct session *s)
{
	if (!s->nwords)
		return list_pages(s);
	const char *word = s->words[0];
	const struct embedded_file *page = page_of_code(s->arena, word);
	s->catalog = catalog_new(s->arena);
	/* `requires` is both. */
	json_auto_t *member = explain_member(s->arena, s->catalog, word);
	if (!page && !member)
		return unknown_word(s, word);
	if (member && s->json)
		(void)json_object_update(s->document, member);
	else if (member)
		explain_render(&s->out, member);
	if (page && s->json) {
		(void)json_object_set_new(s->document, "code", json_string(word));
		(void)json_object_set_new(s->document, "page", json_string(page->text));
	} else if (page) {
		(void)buf_printf(&s->out, "%s%s", member ? "\n" : "", page->text);
	}
	return EXIT_DONE;
}
