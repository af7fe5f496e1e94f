/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_value(const char *name)
{
	const char *value = getenv(name);
	return value && *value;
}

struct terminal terminal_look(bool no_color)
{
	const char *kind = getenv("TERM");
	bool colour = !no_color && !has_value("NO_COLOR") && !(kind && strcmp(kind, "dumb") == 0);
	return (struct terminal){
		.out_colour = colour && isatty(STDOUT_FILENO),
		.err_colour = colour && isatty(STDERR_FILENO),
		.can_ask = isatty(STDIN_FILENO),
	};
}
