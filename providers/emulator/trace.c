/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"

FILE *trace_open(const char *path, struct diags *diags)
{
	FILE *file = fopen(path, "w");

	if (file == NULL)
		diag_error(diags, PLACE_NONE, "trace-not-written", "cannot write `%s`: %s", path,
			strerror(errno));
	return file;
}

static json_t *headers_of(const struct response *response)
{
	json_t *out = json_object();

	for (size_t i = 0; i < response->nheaders; i++)
		json_object_set_new(
			out, response->headers[i].name, json_string(response->headers[i].value));
	return out;
}

void trace_add(FILE *file, const struct request *request, const struct response *response)
{
	json_auto_t *exchange = NULL;
	char *why = NULL;
	json_t *sent;
	char *text;

	if (request->body_len > TRACE_BODY_BYTES)
		return;
	sent = request->body_len > 0 ? json_parse(request->arena, request->body, request->body_len,
					       TRACE_BODY_BYTES, &why)
				     : NULL;
	exchange = json_pack("{s:s,s:s,s:o*,s:i,s:o,s:O*}", "method", request->method, "url",
		request->url, "request", sent, "status", (int)response->status, "headers",
		headers_of(response), "response", response->body);
	text = exchange != NULL ? json_dumps(exchange, JSON_COMPACT) : NULL;
	if (text != NULL && strlen(text) <= TRACE_BODY_BYTES)
		/* A disk that is full ends no emulator; who reads the file sees a line cut. */
		(void)fprintf(file, "%s\n", text);
	(void)fflush(file);
	free(text);
}
