/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of engine/base/clock.c: a clock that runs WAYBILL_TEST_CLOCK times as fast. */
#include <stdlib.h>
#include <time.h>

#include "engine/base/clock.h"

static int speed(void)
{
	const char *text = getenv("WAYBILL_TEST_CLOCK");
	long times = text ? strtol(text, NULL, 10) : 1;
	return times >= 1 && times <= 100000 ? (int)times : 1;
}

int64_t clock_ms(void)
{
	struct timespec now = { 0 };
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return ((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000) * speed() / 1000;
}

int clock_wait_ms(int ms)
{
	return ms <= 0 ? ms : (ms - 1) / speed() + 1;
}
