/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - the clock by which everything waits
 *
 * It only goes forward. Waits, patience and budgets are told in its milliseconds; who sleeps,
 * sleeps for clock_wait_ms() of them. The two are in a file of their own, so that a test may link
 * others in their place, by which hours pass in seconds.
 */
#ifndef WAYBILL_BASE_CLOCK_H
#define WAYBILL_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_ms(void);
/* How many milliseconds a sleep lasts in which `ms` of the clock pass. Negative stays negative. */
int clock_wait_ms(int ms);

#endif
