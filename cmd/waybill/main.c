/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* environ */
#include <unistd.h>

#include "cmd/waybill/program.h"
#include "cmd/waybill/signals.h"

int main(int argc, char **argv)
{
	mem_guard_jansson();
	signals_install();
	return program((const char *const *)(argc ? argv + 1 : argv), (const char *const *)environ);
}
