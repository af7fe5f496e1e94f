/* SPDX-License-Identifier: Apache-2.0 */
/* embedded.h - files of the source tree as embed.sh writes them into the program at build */
#ifndef WAYBILL_BASE_EMBEDDED_H
#define WAYBILL_BASE_EMBEDDED_H

#include <stddef.h>

struct embedded_file {
	const char *file; /* its path in the source tree */
	const char *text;
};

extern const struct embedded_file embedded_schemas[]; /* schemas/, JSON */
extern const size_t nembedded_schemas;
extern const struct embedded_file embedded_language[]; /* schemas/language/, JSON */
extern const size_t nembedded_language;
extern const struct embedded_file embedded_pages[]; /* docs/codes/, Markdown */
extern const size_t nembedded_pages;

#endif
