/* SPDX-License-Identifier: Apache-2.0 */
/* terminal.h - what the two outputs can show
 *
 * Colours only where a person looks: a terminal, no --no-color, no NO_COLOR, and no dumb one.
 */
#ifndef WAYBILL_CMD_TERMINAL_H
#define WAYBILL_CMD_TERMINAL_H

#include <stdbool.h>

struct terminal {
	bool out_colour, err_colour;
	bool can_ask; /* stdin is a terminal */
};

struct terminal terminal_look(bool no_color);

#define PAINT_PLAIN "\x1b[0m"
#define PAINT_BOLD "\x1b[1m"
#define PAINT_GREY "\x1b[90m"
#define PAINT_RED "\x1b[31m"
#define PAINT_GREEN "\x1b[32m"
#define PAINT_YELLOW "\x1b[33m"

#endif
