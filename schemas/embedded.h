/* SPDX-License-Identifier: Apache-2.0 */
/* embedded.h - the schema files as embed.sh writes them into the program at build */
#ifndef WAYBILL_SCHEMAS_EMBEDDED_H
#define WAYBILL_SCHEMAS_EMBEDDED_H

#include <stddef.h>

struct embedded_schema {
	const char *file; /* its path in the source tree */
	const char *text; /* JSON */
};

extern const struct embedded_schema embedded_schemas[];
extern const size_t nembedded_schemas;

#endif
