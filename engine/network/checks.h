/* SPDX-License-Identifier: Apache-2.0 */
/* checks.h - what is wrong with a network, told before anybody meets it
 *
 * A check is a code, a severity and one function over a topology. `checks: {CODE: ...}` in the
 * configuration gives a code another severity or turns it off; `ignore: {CODE: reason}` on a
 * resource, on what encloses it or on a node set silences what is found there, counted. What is
 * not known (a network that was not read) is never found fault with.
 */
#ifndef WAYBILL_NETWORK_CHECKS_H
#define WAYBILL_NETWORK_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "engine/config/config.h"
#include "engine/network/topology.h"
#include "engine/network/usages.h"

struct checking;

struct check {
	const char *code;
	enum severity severity; /* unless the configuration says otherwise */
	void (*run)(struct checking *);
};

/* All of them, by code. */
const struct check *checks_all(size_t *count);

struct checks_report {
	size_t ignored; /* findings that `ignore` silenced */
};

/* What is judged. */
struct checks_subject {
	const struct topology *topology;
	bool is_read; /* it holds what stands in the cloud too, so what it lacks is not there */
	const struct usages *usages; /* limits that the cloud told, or NULL */
};

/* False with errors. */
bool checks_run(const struct config *, const struct checks_subject *, struct checks_report *,
	struct diags *);

#endif
