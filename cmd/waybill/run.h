/* SPDX-License-Identifier: Apache-2.0 */
/* run.h - who runs this command, where, and for which commit: for the state's history */
#ifndef WAYBILL_CMD_RUN_H
#define WAYBILL_CMD_RUN_H

#include "cmd/waybill/session.h"

struct run run_of(const struct session *);

#endif
