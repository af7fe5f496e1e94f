/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/config/pattern.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

struct pattern {
	regex_t regex;
};

/* ---- what it would cost ---- */

struct estimate {
	const char *next;
	size_t costs[PATTERN_DEPTH + 1]; /* of each open parenthesis, the whole first */
	size_t depth;
	size_t atom; /* the cost of what was read last, not yet in costs[depth] */
	const char *why;
};

static size_t bounded(size_t cost)
{
	return cost > PATTERN_COST ? PATTERN_COST + 1 : cost;
}

static void end_atom(struct estimate *e)
{
	e->costs[e->depth] = bounded(e->costs[e->depth] + e->atom);
	e->atom = 0;
}

/* `next` stands behind the opening bracket. */
static void skip_brackets(struct estimate *e)
{
	e->next += *e->next == '^';
	e->next += *e->next == ']';
	while (*e->next && *e->next != ']') {
		char kind = '\0';
		if (*e->next == '[')
			kind = e->next[1];
		bool is_class = kind == ':' || kind == '.' || kind == '=';
		const char end[3] = { kind, ']', '\0' };
		const char *stop = is_class ? strstr(e->next + 2, end) : NULL;
		e->next = stop ? stop + 2 : e->next + 1;
	}
	e->next += *e->next == ']';
}

/* `next` stands behind the opening brace. How often it repeats at most. */
static size_t read_bounds(struct estimate *e)
{
	size_t most = 1;
	while (*e->next && *e->next != '}') {
		char *end = NULL;
		unsigned long n = strtoul(e->next, &end, 10);
		if (end == e->next)
			end++;
		else if (n > most)
			most = n;
		e->next = end;
	}
	e->next += *e->next == '}';
	return bounded(most);
}

static void open_group(struct estimate *e)
{
	end_atom(e);
	if (e->depth == PATTERN_DEPTH)
		e->why = "its parentheses nest too deeply";
	else
		e->costs[++e->depth] = 1;
}

static void close_group(struct estimate *e)
{
	end_atom(e);
	if (e->depth > 0)
		e->atom = e->costs[e->depth--];
}

static void estimate_one(struct estimate *e)
{
	char c = *e->next++;
	switch (c) {
	case '(':
		open_group(e);
		return;
	case ')':
		close_group(e);
		return;
	case '{':
		e->atom = bounded(e->atom * read_bounds(e));
		return;
	case '+':
	case '*':
	case '?':
		e->atom = bounded(e->atom * 2);
		return;
	case '[':
		end_atom(e);
		skip_brackets(e);
		break;
	case '\\':
		end_atom(e);
		if (*e->next >= '0' && *e->next <= '9')
			e->why = "it refers back to a group";
		else if ((*e->next >= 'a' && *e->next <= 'z') ||
			(*e->next >= 'A' && *e->next <= 'Z'))
			e->why = "a backslash before a letter has no meaning in it; write a class "
				 "such "
				 "as [0-9] or [[:alpha:]]";
		e->next += *e->next != '\0';
		break;
	default:
		end_atom(e);
	}
	e->atom = 1;
}

static const char *too_costly(const char *text)
{
	struct estimate e = { .next = text };
	if (strlen(text) > PATTERN_BYTES)
		return "it is too long";
	while (*e.next && !e.why)
		estimate_one(&e);
	while (e.depth > 0)
		close_group(&e);
	end_atom(&e);
	if (!e.why && e.costs[0] > PATTERN_COST)
		return "its repetitions unfold to too much";
	return e.why;
}

/* ---- using it ---- */

static void free_pattern(void *pattern)
{
	regfree(&((struct pattern *)pattern)->regex);
}

const struct pattern *pattern_compile(struct arena *a, const char *text, const char **why)
{
	*why = too_costly(text);
	if (*why)
		return NULL;
	struct pattern *p = ARENA_NEW(a, struct pattern);
	int failed = regcomp(&p->regex, text, REG_EXTENDED);
	if (failed) {
		char message[200];
		(void)regerror(failed, &p->regex, message, sizeof message);
		*why = arena_strdup(a, message);
		return NULL;
	}
	arena_defer(a, free_pattern, p);
	return p;
}

bool pattern_matches(const struct pattern *p, const char *text)
{
	regmatch_t match;
	if (strlen(text) > PATTERN_TEXT_BYTES || regexec(&p->regex, text, 1, &match, 0) != 0)
		return false;
	return match.rm_so == 0 && text[match.rm_eo] == '\0';
}
