/* SPDX-License-Identifier: Apache-2.0 */
/* target.h - what a path (or an ARM id) speaks of */
#ifndef WAYBILL_EMULATOR_TARGET_H
#define WAYBILL_EMULATOR_TARGET_H

#include "engine/base/arena.h"
#include "providers/emulator/types.h"

enum target_kind {
	TARGET_UNKNOWN,
	TARGET_HOOK,      /* /_emulator/... */
	TARGET_LIST,      /* a collection, of a group or (group NULL) of the subscription */
	TARGET_CONTENT,   /* everything in a group */
	TARGET_ITEM,      /* one resource */
	TARGET_OPERATION, /* what Azure-AsyncOperation points to */
	TARGET_RESULT,    /* what Location points to */
	TARGET_USAGES,    /* of a location */
	TARGET_ACTION,    /* what is asked of an item by one more word: /start, /instanceView */
	TARGET_TENANTS,
	TARGET_SUBSCRIPTIONS,
	TARGET_SUBSCRIPTION,
	TARGET_LOCATIONS,
	TARGET_PROVIDERS,
	TARGET_PROVIDER,
	TARGET_REGISTRATION, /* of a provider: its action says which way */
	TARGET_RESOURCES,    /* everything in a subscription */
};

struct target {
	enum target_kind kind;
	const struct resource_type *type; /* of the item, or of the items of a list */
	const struct resource_type *root_type;
	const char *subscription, *group;
	const char *root;      /* name of the top-level resource, as in the path */
	const char *child;     /* name of the subnet or route, or NULL */
	const char *operation; /* id */
	const char *location;  /* of usages, or that a list is limited to */
	const char *provider;  /* as in the path, of what has one */
	const char *part;      /* of an instance's NICs, the one that is asked of; or NULL */
	const char *asked;     /* the type that follows the provider there, known or not; or NULL */
	const char *asked_below; /* the type inside that one, likewise */
	const char *action;      /* of TARGET_ACTION and TARGET_REGISTRATION, as in the path */
	const char *hook;        /* what follows /_emulator/ */
	const char *group_key;   /* lower-cased ids: keys of the cloud */
	const char *root_key;    /* of a group item the group's */
	const char *name;        /* of the item */
};

struct target target_parse(struct arena *, const char *path);

/* The path without slashes that are doubled or stand at its end: both mean nothing to ARM. */
const char *target_path(struct arena *, const char *path);

#endif
