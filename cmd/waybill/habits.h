/* SPDX-License-Identifier: Apache-2.0 */
/* habits.h - what people type by habit of another tool, and what to type here instead
 *
 * A word that means the same here is simply taken (options.h). These are those of Terraform, az,
 * git and kubectl that mean nothing here; the error that refuses one helps with the text, which is
 * static and ends without a full stop.
 */
#ifndef WAYBILL_CMD_HABITS_H
#define WAYBILL_CMD_HABITS_H

/* Of a command's first word; NULL when nobody is known to type it. */
const char *habit_of_command(const char *word);
/* Of an option without its dashes; NULL likewise. */
const char *habit_of_option(const char *name);

#endif
