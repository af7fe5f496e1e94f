# SPDX-License-Identifier: Apache-2.0
"""Whatever steps of a plan are done and others are not: every path that is reached before and after is
reached, but for the cuts that the plan tells, and they are real."""
import collections
import json
import os

import halfway
from emulator import Emulator
from harness import LONG, Waybill

PAIRS = 1_000 if LONG else 100
FIRST_SEED = int(os.environ.get("WAYBILL_FIRST_SEED", "1"))
IN_ONE_CLOUD = 50  # a region takes 600 tables
MOST_STATES = 400  # of one plan, for the time it takes


def plan_of(pair, folder, azure):
    waybill = Waybill(folder, azure)
    waybill.write(json.dumps(pair.before))
    waybill.apply()
    waybill.write(json.dumps(pair.after))
    told = waybill.run("plan", "--json", "--allow-unreachable", "--max-deletes", 100,
                       *[word for address in pair.replace for word in ("--replace", address)])
    if "step-cycle" in told.stdout:
        return None  # two tables made anew that exchange subnets: told to take two applies
    assert told.code == 0, (pair.seed, told)
    return told.json


def broken_paths(plan, waits, common, seen):
    """The paths among `common` that are not reached in some half-way state."""
    broken = set()
    for done in plan.closed_sets(waits):
        if done not in seen:
            seen[done] = halfway.reached(plan.state(done))
        broken |= common - seen[done]
    return broken


def can_do_without(plan, common, seen):
    """Whether some order of the steps, one after the other, keeps every common path."""
    needs = plan.needs()
    todo, known = [frozenset()], {frozenset()}
    while todo:
        done = todo.pop()
        if len(done) == len(plan.steps):
            return True
        for step in plan.steps:
            more = done | {step["number"]}
            if more in known or not done.issuperset(needs[step["number"]]):
                continue
            known.add(more)
            if more not in seen:
                seen[more] = halfway.reached(plan.state(more))
            if common <= seen[more]:
                todo.append(more)
    return False


def judge(seed, folder, azure, counts):
    pair = halfway.Pair(seed)
    document = plan_of(pair, folder / str(seed), azure)
    if not document:
        counts["refused"] += 1
        return
    plan = halfway.Plan(pair, document)
    waits = {step["number"]: set(step["waits"]) for step in plan.steps}
    states = plan.closed_sets(waits)
    if len(states) > MOST_STATES:
        counts["too large"] += 1
        return
    after = halfway.reached(pair.after)
    everything = {step["number"] for step in plan.steps}
    assert halfway.reached(plan.state(everything)) == after, f"seed {seed}"
    common = halfway.reached(pair.before) & after
    seen = {}
    broken = broken_paths(plan, waits, common, seen)
    told = sum(cut["paths"] for cut in plan.told["cuts"])
    assert told == len(broken), (seed, plan.told["cuts"], broken)
    for cut in plan.told["cuts"]:
        for path in cut["first"]:
            assert ("set", path["from"], "set", path["to"], path["pods"]) in broken, (seed, cut)
    assert plan.told["unjudged"] == 0
    assert not (told and can_do_without(plan, common, seen)), (seed, "the cut could be avoided")
    counts["plans"] += 1
    counts["states"] += len(states)
    counts["common paths"] += len(common)
    counts["cut paths"] += told
    counts["plans with a cut"] += told > 0
    counts["waits added"] += sum(len(step["waits"]) for step in plan.steps) - \
        sum(map(len, plan.needs().values()))
    counts["plans that settle"] += any(step["settles"] for step in plan.steps)


def test_every_half_way_state_keeps_the_paths(tmp_path, figure):
    counts = collections.Counter()
    for first in range(FIRST_SEED, FIRST_SEED + PAIRS, IN_ONE_CLOUD):
        azure = Emulator(tmp_path)
        try:
            for seed in range(first, min(first + IN_ONE_CLOUD, FIRST_SEED + PAIRS)):
                judge(seed, tmp_path, azure, counts)
        finally:
            azure.stop()
    figure("half way: " + ", ".join(f"{count:,} {what}" for what, count in counts.items()))
    assert counts["plans"] > 0.8 * PAIRS
    assert counts["plans that settle"] > 0.1 * PAIRS
    assert counts["waits added"] > 0.1 * PAIRS
    assert counts["plans with a cut"] > 0.05 * PAIRS
