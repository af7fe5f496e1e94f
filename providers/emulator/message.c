/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/message.h"

#include <stdarg.h>

#include "engine/base/json.h"

const char *request_query(const struct request *request, const char *name)
{
	return json_string_value(json_object_get(request->query, name));
}

const char *request_header(const struct request *request, const char *name)
{
	return json_string_value(json_object_get(request->headers, name));
}

void response_header(struct response *response, const char *name, const char *fmt, ...)
{
	struct header *header = ARENA_PUSH(response->arena, response->headers, response->nheaders);
	va_list args;

	header->name = name;
	va_start(args, fmt);
	header->value = arena_vprintf(response->arena, fmt, args);
	va_end(args);
}

bool response_json(struct response *response, unsigned status, json_t *body_new)
{
	json_decref(response->body);
	response->body = body_new;
	response->status = status;
	return true;
}

bool refuse(struct response *response, unsigned status, const char *code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	const char *message = arena_vprintf(response->arena, fmt, args);
	va_end(args);
	response_json(response, status,
		json_pack("{s:{s:s,s:s}}", "error", "code", code, "message", message));
	return false;
}

bool refuse_detail(struct response *response, const char *code, const char *fmt, ...)
{
	json_t *details = json_at(response->body, "/error/details");
	va_list args;

	va_start(args, fmt);
	const char *message = arena_vprintf(response->arena, fmt, args);
	va_end(args);
	if (details == NULL) {
		details = json_array();
		json_put(response->body, "/error/details", details);
	}
	json_array_append_new(details, json_pack("{s:s,s:s}", "code", code, "message", message));
	return false;
}
