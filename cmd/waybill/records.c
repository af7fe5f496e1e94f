/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/records.h"

#include "engine/base/text.h"
#include "schemas/arm_id.h"

bool records_read(struct session *s, struct records *out)
{
	return state_records(s->state, s->arena, NULL, &out->items, &out->count, &s->diags);
}

const struct record *records_find(const struct records *records, const char *address_or_id)
{
	for (size_t i = 0; i < records->count; i++) {
		const struct record *record = &records->items[i];
		if (text_same_nocase(record->address, address_or_id) ||
			arm_id_same(record->id, address_or_id))
			return record;
	}
	return NULL;
}

bool records_unknown(struct session *s, const struct records *records, const char *address_or_id)
{
	const char **addresses = NULL;
	size_t n = 0;
	for (size_t i = 0; i < records->count; i++)
		*ARENA_PUSH(s->arena, addresses, n) = records->items[i].address;
	const char *nearest = text_nearest_address(address_or_id, addresses, n);
	(void)diag_error(&s->diags, PLACE_NONE, "unknown-address",
		"the state knows nothing of `%s`", address_or_id);
	if (nearest)
		diag_help(&s->diags, "did you mean `%s`?", nearest);
	else
		diag_help(&s->diags, "`waybill state list` shows what it knows");
	return false;
}

bool records_settled(struct session *s)
{
	struct intent *intents;
	size_t count;
	if (!state_open_intents(s->state, s->arena, &intents, &count, &s->diags))
		return false;
	if (count == 0)
		return true;
	(void)diag_error(&s->diags, PLACE_NONE, "state-unsettled",
		"a run that died left %zu write%s of which the state does not know what came",
		count, count == 1 ? "" : "s");
	diag_help(&s->diags, "run `waybill apply` first: it asks the cloud, and settles them");
	return false;
}

/* An address is short by what was the default when it was written. */
struct config *records_names(struct session *s, const struct records *records)
{
	struct config *names = ARENA_NEW(s->arena, struct config);
	*names = (struct config){ .arena = s->arena, .catalog = s->catalog };
	for (size_t i = 0; i < records->count && !names->resource_group; i++) {
		const struct record *record = &records->items[i];
		struct arm_id id;
		if (text_starts_nocase(record->address, "subscriptions/") ||
			!arm_id_parse(s->arena, record->id, &id))
			continue;
		names->subscription = id.subscription;
		if (!text_starts_nocase(record->address, "resourceGroups/"))
			names->resource_group = id.resource_group;
	}
	return names;
}
