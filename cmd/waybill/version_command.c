/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/program.h"

int version_command(struct session *s)
{
	if (s->json)
		(void)json_object_set_new(s->document, "version", json_string(WAYBILL_VERSION));
	else
		(void)buf_puts(&s->out, "waybill " WAYBILL_VERSION "\n");
	return EXIT_DONE;
}
