/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_scalar.h - what a YAML scalar means: the core schema of YAML 1.2
 *
 * Only yaml.c uses this. Tags come resolved, as libyaml gives them.
 */
#ifndef WAYBILL_BASE_YAML_SCALAR_H
#define WAYBILL_BASE_YAML_SCALAR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define YAML_CORE_TAG "tag:yaml.org,2002:"

struct yaml_text {
	const char *text; /* UTF-8, NUL-terminated, without a NUL inside */
	size_t len;
	const char *tag; /* NULL when it has none */
	bool plain;      /* neither quoted nor a block */
};

/* New; or NULL and the error in *code and *what, which says what the text is or has. */
json_t *yaml_scalar(const struct yaml_text *, const char **code, const char **what);

#endif
