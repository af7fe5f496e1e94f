/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/machine_state.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/machine_model.h"

#define POWER_AT "/properties/" MACHINE_POWER
#define USUAL_TIME "2026-01-01T00:00:00+00:00"

static const char *power_of(const json_t *machine)
{
	const char *power = json_text_at(machine, POWER_AT);

	return power != NULL ? power : "running";
}

bool machine_runs(const json_t *machine)
{
	return strcmp(power_of(machine), "running") == 0;
}

void machine_set_power(json_t *machine, const char *power)
{
	json_put(machine, POWER_AT, json_string(power));
}

json_t *machine_told(const json_t *machine)
{
	/* Only what is changed is copied: there are thousands of machines in a list. */
	json_t *copy = json_copy((json_t *)machine);
	json_t *properties = json_copy(json_object_get(machine, "properties"));

	json_object_del(properties, MACHINE_POWER);
	machine_complete(machine, properties);
	json_object_set_new(copy, "properties", properties);
	return copy;
}

json_t *machine_instance_view(const json_t *machine)
{
	const char *state = json_text_at(machine, "/properties/provisioningState");
	const char *power = power_of(machine);
	bool ready = state == NULL || strcmp(state, "Succeeded") == 0;

	return json_pack("{s:s,s:[{s:s,s:s,s:s,s:s},{s:o,s:s,s:o}]}", "computerName",
		json_text_at(machine, "/name"), "statuses", "code",
		ready ? "ProvisioningState/succeeded" : "ProvisioningState/updating", "level",
		"Info", "displayStatus", ready ? "Provisioning succeeded" : "Updating", "time",
		USUAL_TIME, "code", json_sprintf("PowerState/%s", power), "level", "Info",
		"displayStatus", json_sprintf("VM %s", power));
}

json_t *machine_expanded(const json_t *machine)
{
	json_t *told = machine_told(machine);

	json_object_set_new(json_object_get(told, "properties"), "instanceView",
		machine_instance_view(machine));
	return told;
}

bool machine_is_expanded(const struct request *request)
{
	const char *expand = request_query(request, "$expand");
	const char *status = request_query(request, "statusOnly");

	return (expand != NULL && text_same_nocase(expand, "instanceView")) ||
		(status != NULL && text_same_nocase(status, "true"));
}
