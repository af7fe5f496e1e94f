/* SPDX-License-Identifier: Apache-2.0 */
/* document.h - values as JSON and as YAML text that is safe to print
 *
 * Both forms stay valid and mean the same value: control, bidi and other characters outside ASCII
 * are escaped as the format allows, and so is what would form a CI command (`::`, `##`).
 */
#ifndef WAYBILL_CMD_DOCUMENT_H
#define WAYBILL_CMD_DOCUMENT_H

#include <jansson.h>

#include "engine/base/buf.h"

/* Indented, with a final line break. */
void document_json(struct buf *out, const json_t *);
void document_yaml(struct buf *out, const json_t *);
/* A value in one line, for a sentence: strings in quotes. */
void document_inline(struct buf *out, const json_t *);

#endif
