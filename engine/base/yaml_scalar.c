/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/yaml_scalar.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/arena.h"

#define DIGITS "0123456789"

enum kind {
	KIND_NULL,
	KIND_BOOL,
	KIND_INTEGER,
	KIND_OCTAL,
	KIND_HEX,
	KIND_REAL,
	KIND_NOT_A_NUMBER,
	KIND_TEXT
};

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

static enum kind kind_of_number(const char *text)
{
	static const char *const special[] = { ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN" };
	const char *at = text + (*text == '-' || *text == '+');
	if (is_one_of(at, special, at == text ? 6 : 3))
		return KIND_NOT_A_NUMBER;
	if (strncmp(text, "0o", 2) == 0)
		return text[2] && !text[2 + strspn(text + 2, "01234567")] ? KIND_OCTAL : KIND_TEXT;
	if (strncmp(text, "0x", 2) == 0)
		return text[2] && !text[2 + strspn(text + 2, DIGITS "abcdefABCDEF")] ? KIND_HEX
										     : KIND_TEXT;
	size_t whole = strspn(at, DIGITS), fraction = 0;
	at += whole;
	if (whole && !*at)
		return KIND_INTEGER;
	if (*at == '.') {
		fraction = strspn(at + 1, DIGITS);
		at += fraction + 1;
	}
	if (whole + fraction == 0)
		return KIND_TEXT;
	if (*at == 'e' || *at == 'E') {
		at++;
		at += *at == '-' || *at == '+';
		size_t exponent = strspn(at, DIGITS);
		at += exponent;
		if (exponent == 0)
			return KIND_TEXT;
	}
	return *at ? KIND_TEXT : KIND_REAL;
}

static enum kind kind_of(const char *text)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };
	static const char *const bools[] = { "true", "True", "TRUE", "false", "False", "FALSE" };
	if (*text && strchr("+-." DIGITS, *text))
		return kind_of_number(text);
	/* Most text is neither, and its first letter says so. */
	if (*text && !strchr("~nNtTfF", *text))
		return KIND_TEXT;
	if (is_one_of(text, nulls, ARRAY_LEN(nulls)))
		return KIND_NULL;
	return is_one_of(text, bools, ARRAY_LEN(bools)) ? KIND_BOOL : KIND_TEXT;
}

/* strtod() reads decimal and 0x, but not 0o. */
static double to_real(const char *text, enum kind kind)
{
	if (kind != KIND_OCTAL)
		return strtod(text, NULL);
	double sum = 0;
	for (const char *digit = text + 2; *digit; digit++)
		sum = sum * 8 + (*digit - '0');
	return sum;
}

/* NULL for what is too large for a number. */
static json_t *number_new(const char *text, enum kind kind)
{
	if (kind != KIND_REAL) {
		int radix = kind == KIND_OCTAL ? 8 : kind == KIND_HEX ? 16 : 10;
		errno = 0;
		long long integer = strtoll(kind == KIND_OCTAL ? text + 2 : text, NULL, radix);
		if (errno != ERANGE)
			return json_integer(integer);
	}
	double real = to_real(text, kind);
	return isfinite(real) ? json_real(real) : NULL;
}

static json_t *value_new(
	const struct yaml_text *scalar, enum kind kind, const char **code, const char **what)
{
	json_t *value = NULL;
	switch (kind) {
	case KIND_NULL:
		return json_null();
	case KIND_BOOL:
		return json_boolean(scalar->text[0] == 't' || scalar->text[0] == 'T');
	case KIND_TEXT:
		return json_stringn_nocheck(scalar->text, scalar->len);
	case KIND_INTEGER:
	case KIND_OCTAL:
	case KIND_HEX:
	case KIND_REAL:
		value = number_new(scalar->text, kind);
		break;
	case KIND_NOT_A_NUMBER:
		break;
	}
	*code = "not-a-number";
	*what = kind == KIND_NOT_A_NUMBER ? "is not a number that JSON knows"
					  : "is too large for a number";
	return value;
}

/* The value that a core tag makes of the text, or NULL when it does not fit. */
static json_t *tagged_new(
	const struct yaml_text *scalar, const char *name, const char **code, const char **what)
{
	enum kind kind = kind_of(scalar->text);
	bool integer = kind == KIND_INTEGER || kind == KIND_OCTAL || kind == KIND_HEX;
	bool real = integer || kind == KIND_REAL || kind == KIND_NOT_A_NUMBER;
	bool fits = false;
	*code = "yaml-syntax";
	if (strcmp(name, "str") == 0) {
		return json_stringn_nocheck(scalar->text, scalar->len);
	} else if (strcmp(name, "null") == 0) {
		fits = kind == KIND_NULL;
		*what = "is not a null, as its tag says";
	} else if (strcmp(name, "bool") == 0) {
		fits = kind == KIND_BOOL;
		*what = "is not true or false, as its tag says";
	} else if (strcmp(name, "int") == 0) {
		fits = integer;
		*what = "is not an integer, as its tag says";
	} else if (strcmp(name, "float") == 0) {
		fits = real;
		*what = "is not a number, as its tag says";
	} else {
		*code = "unknown-tag";
		*what = "has a tag that is not one for a scalar";
	}
	if (!fits)
		return NULL;
	json_t *value = value_new(scalar, kind, code, what);
	if (!value || !integer || strcmp(name, "float") != 0)
		return value;
	json_t *as_real = json_real(json_number_value(value));
	json_decref(value);
	return as_real;
}

json_t *yaml_scalar(const struct yaml_text *scalar, const char **code, const char **what)
{
	const size_t core = sizeof YAML_CORE_TAG - 1;
	if (!scalar->tag)
		return value_new(
			scalar, scalar->plain ? kind_of(scalar->text) : KIND_TEXT, code, what);
	if (strcmp(scalar->tag, "!") == 0)
		return value_new(scalar, KIND_TEXT, code, what);
	if (strncmp(scalar->tag, YAML_CORE_TAG, core) == 0)
		return tagged_new(scalar, scalar->tag + core, code, what);
	*code = "unknown-tag";
	*what = "has a tag that is not one of YAML's own";
	return NULL;
}
