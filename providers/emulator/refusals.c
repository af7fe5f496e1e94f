/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/refusals.h"

#include <stdarg.h>

#include "engine/base/json.h"

/* What the gateway itself answers says so. */
static bool by_gateway(struct response *response)
{
	response_header(response, "x-ms-failure-cause", "gateway");
	return false;
}

bool refuse_group_missing(struct response *response, const char *group)
{
	refuse(response, 404, "ResourceGroupNotFound", "Resource group '%s' could not be found.",
		group);
	return by_gateway(response);
}

static bool refuse_root_missing(struct response *response, const struct target *target)
{
	refuse(response, 404, "ResourceNotFound",
		"The Resource '%s/%s' under resource group '%s' was not found. For more details "
		"please go to https://aka.ms/ARMResourceNotFoundFix",
		target->root_type->name, target->root, target->group);
	return by_gateway(response);
}

bool refuse_missing(
	struct response *response, const struct target *target, const struct cloud *cloud)
{
	if (cloud_find(cloud, type_at(TYPE_GROUP), target->group_key) == NULL)
		return refuse_group_missing(response, target->group);
	if (target->child == NULL || cloud_find(cloud, target->root_type, target->root_key) == NULL)
		return refuse_root_missing(response, target);
	refuse(response, 404, "NotFound",
		"Resource /subscriptions/%s/resourceGroups/%s/providers/%s/%s/%s/%s not found.",
		target->subscription, target->group, target->root_type->name, target->root,
		target->type->segment, target->child);
	json_put(response->body, "/error/details", json_array());
	return false;
}

bool refuse_parent_missing(struct response *response, const struct target *target)
{
	refuse(response, 404, "ParentResourceNotFound",
		"Can not perform requested operation on nested resource. Parent resource '%s' not "
		"found.",
		target->root);
	return by_gateway(response);
}

bool refuse_method(struct response *response, const struct request *request)
{
	return refuse(response, 405, "MethodNotAllowed",
		"The requested resource does not support http method '%s'.", request->method);
}

bool refuse_path(struct response *response, const struct request *request)
{
	return refuse(response, 404, "InvalidResourceType",
		"The resource type could not be found for path '%s'.", request->path);
}

bool refuse_content(struct response *response, const char *why)
{
	return refuse(response, 400, "InvalidRequestContent",
		"The request content was invalid and could not be deserialized: '%s'.", why);
}

bool refuse_format(struct response *response, const char *code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	const char *message = arena_vprintf(response->arena, fmt, args);
	va_end(args);
	refuse(response, 400, "InvalidRequestFormat", "Cannot parse the request.");
	return refuse_detail(response, code, "%s", message);
}

bool refuse_reference(struct response *response, const char *to, const char *from)
{
	return refuse(response, 400, "InvalidResourceReference",
		"Resource %s referenced by resource %s was not found. Please make sure that the "
		"referenced resource exists, and that both resources are in the same region.",
		to, from);
}

bool refuse_busy(struct response *response, const struct request *request, const char *endpoint,
	const struct cloud *cloud, const struct operation *operation)
{
	refuse(response, 429, "AnotherOperationInProgress",
		"Another operation on this or dependent resource is in progress. To retrieve "
		"status "
		"of the operation use uri: %s.",
		operation_status_address(operation, cloud, endpoint, request));
	operation_retry_headers(response, operation_remaining_ms(operation, request->now_ms));
	return false;
}
