/* SPDX-License-Identifier: Apache-2.0 */
/* language.h - the whole YAML as one JSON Schema, for editors
 *
 * Made of schemas/language/waybill.json, which holds the words of ours, and of the types in
 * schemas/, flattened as the configuration flattens them. It says what a schema can say: structure,
 * kinds, choices, what is required. Each type becomes definitions: `routeTables` of what is ours,
 * `routeTables.existing` where nothing is required, `routeTables.expect` where what the server
 * fills in may stand too, and `routeTables.item`, which chooses.
 */
#ifndef WAYBILL_CMD_LANGUAGE_H
#define WAYBILL_CMD_LANGUAGE_H

#include <jansson.h>

#include "engine/base/arena.h"
#include "schemas/schema.h"

/* schemas/language/waybill.json as it stands; in the arena. */
json_t *language_words(struct arena *);
/* Whether a word of "/$defs/words" has a meaning in resources of the type. */
bool language_applies(const struct schema *, const json_t *word);
/* The whole schema, new. */
json_t *language_schema(struct arena *, const struct catalog *);

#endif
