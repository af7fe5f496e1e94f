# SPDX-License-Identifier: Apache-2.0
"""What the emulator holds in memory, and that it holds no more after a month."""

import sys

from harness import LONG, ROOT

sys.path.insert(0, str(ROOT / "tests" / "bench"))

from emulator_costs import routes_held, soak, told  # noqa: E402 (found by the path above)

REQUESTS = 3_000_000 if LONG else 30_000


def test_many_routes_take_less_than_500_mb():
    assert routes_held() < 500e6


def test_a_month_of_requests_leaves_nothing_behind(figure):
    made, days, statuses = soak(REQUESTS, 30)
    figure(told(REQUESTS, made, days, statuses))
    assert days >= 30
    assert {int(status) // 100 for status in statuses} == {2, 4}
    assert statuses["200"] + statuses["201"] + statuses["202"] > 0.6 * 1.1 * REQUESTS
    if LONG:
        assert made[-1] < 1.05 * made[0]
    else:
        # Few requests only fill what is bounded: each is remembered with its path.
        assert made[-1] - made[0] < 600 * REQUESTS
