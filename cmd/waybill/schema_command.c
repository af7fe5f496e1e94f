/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/document.h"
#include "cmd/waybill/language.h"
#include "cmd/waybill/program.h"

int schema_command(struct session *s)
{
	s->catalog = catalog_new(s->arena);
	json_auto_t *schema = language_schema(s->arena, s->catalog);
	document_json(&s->out, schema);
	return EXIT_DONE;
}
