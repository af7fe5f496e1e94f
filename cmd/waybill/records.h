/* SPDX-License-Identifier: Apache-2.0 */
/* records.h - what the state knows, as the commands that look at it and mend it need it */
#ifndef WAYBILL_CMD_RECORDS_H
#define WAYBILL_CMD_RECORDS_H

#include "cmd/waybill/session.h"

struct records {
	struct record *items; /* sorted by id without case */
	size_t count;
};

/* All that the open state holds. */
bool records_read(struct session *, struct records *);
/* By address or id, or NULL. */
const struct record *records_find(const struct records *, const char *address_or_id);
/* Says that there is none, and which is near. */
bool records_unknown(struct session *, const struct records *, const char *address_or_id);
/* Refuses to mend a state in which writes of a run that died are not settled yet. */
bool records_settled(struct session *);

/* Names for ids without a configuration: the defaults that the recorded addresses were made with.
 * It serves config_address_of() and config_id_of() alone. Needs the catalog. */
struct config *records_names(struct session *, const struct records *);

#endif
