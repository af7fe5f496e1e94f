# SPDX-License-Identifier: Apache-2.0
"""What the provider makes of everything that may happen between it and ARM, a row a scenario.

A case in wire/ is of one method. `=== STYLE` begins the rows of a style of polling; a row is what goes wrong
(tests/support/wire.py), what comes of it, its code or `-`, and how many requests it cost, `N` or `N..M` where
chance has a say. Under `emulator` the same is asked of the emulator, and its own hooks make the faults.
`=== words` says of each CODE, or of FAULT/CODE, what a user reads: words of the message, and after `help:` of
what to do.
All waits go by a clock that hurries.
"""
import concurrent.futures
import itertools
import json
import os
import pathlib
import queue
import re
import subprocess

import pytest
from emulator import BUILD, SUBSCRIPTION
from wire import FAULTS, LARGE, Stage

pytestmark = pytest.mark.sanitizer
FOLDER = pathlib.Path(__file__).parent / "wire"
AT_ONCE = 8
SPEED = "100" if BUILD.name == "debug" else "200"
SLOWER = "20"
FEW = 5
WORDS = "words"


class Asker:
    """A program that asks one thing after the other."""

    def __init__(self, speed=SPEED):
        self.process = subprocess.Popen(
            [str(BUILD / "wire" / "ask")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={"WAYBILL_TEST_CLOCK": speed, "PATH": "/usr/bin:/bin",
                 **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}})

    def ask(self, **asked):
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"it died, exit {self.process.wait()}: {asked}"
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait(timeout=20) == 0


@pytest.fixture(scope="module")
def askers():
    waiting = queue.Queue()
    made = [Asker() for _ in range(AT_ONCE)]
    for one in made:
        waiting.put(one)
    yield waiting
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def steady():
    """The same by the clock on the wall, for what takes its time to come and is not waited for."""
    waiting = queue.Queue()
    waiting.put(Asker("1"))
    yield waiting
    waiting.get().close()


@pytest.fixture(scope="module")
def patient():
    """The same by a clock that hurries less."""
    waiting = queue.Queue()
    waiting.put(Asker(SLOWER))
    yield waiting
    waiting.get().close()


@pytest.fixture(scope="module")
def stage():
    made = Stage()
    yield made
    made.close()


def read_case(path):
    """(rows, words): a row is (style, faults, outcome, code, requests)."""
    parts = re.split(r"^=== (\S+)\n", path.read_text(), flags=re.M)
    sections = dict(zip(parts[1::2], parts[2::2]))
    words = dict(line.split(" ", 1) for line in sections.pop(WORDS, "").splitlines())
    rows = [(style, *line.split()) for style, text in sections.items() for line in text.splitlines()]
    return rows, words


def asked_of(method):
    body = {"location": "japaneast"} if method in ("PUT", "PATCH") else None
    return {"verb": method, **({"body": body} if body else {})}


def play_row(stage, askers, method, row):
    style, faults = row[:2]
    play = stage.play(method, style, faults)
    asker = askers.get()
    try:
        told = asker.ask(cloud=stage.endpoint, path=play.path, **asked_of(method),
                         **({"secret": True} if "expired" in faults else {}))
    finally:
        askers.put(asker)
    if play.surprise:
        told["outcome"] = f"surprised by {play.surprise}"
    if told["requests"] != play.requests:
        told["outcome"] = f"{told['requests']} requests counted, {play.requests} seen"
    return told


def differs(row, told, words):
    """What is not as the row says, or None."""
    _, faults, outcome, code, requests = row
    least, _, most = requests.partition("..")
    found = (told["outcome"], told.get("code") or "-")
    if found != (outcome, code) or not int(least) <= told["requests"] <= int(most or least):
        return f"{' '.join(row)}: {' '.join(found)} {told['requests']}"
    if outcome in ("done", "absent"):
        return None
    text = words.get(f"{faults}/{code}", words.get(code))
    if text is None:
        return f"{' '.join(row)}: there are no words for {code}"
    message, _, remedy = text.partition("help:")
    if message.strip() not in told["message"] or remedy.strip() not in told["help"]:
        return f"{' '.join(row)}: {told['message']!r} help: {told['help']!r}"
    return None


def lasting(rows, whys, play):
    """Why rows differ, if they do so when play() asks again by a slower clock. To one that hurries a busy machine seems
    to answer too late; but many rows are no accident."""
    wrong = [(row, why) for row, why in zip(rows, whys) if why]
    if len(wrong) > FEW:
        return [why for _, why in wrong]
    return [why for row, _ in wrong if (why := play(row))]


CASES = sorted(FOLDER.glob("*.case"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_against_scripted_answers(path, stage, askers, steady, patient):
    rows, words = read_case(path)
    rows = [row for row in rows if row[0] != "emulator"]
    method = path.stem.upper()

    def play(row, who):
        return differs(row, play_row(stage, steady if row[1].endswith(LARGE) else who, method, row), words)

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        whys = list(pool.map(lambda row: play(row, askers), rows))
    assert lasting(rows, whys, lambda row: play(row, patient)) == []


def set_up(azure, method, path, fault):
    """Makes the fault happen to the next request of the method; in the emulator's own words."""
    kind, _, what = fault.partition(":")
    match = {"method": "GET" if method == "LIST" else method, "path": path}
    if kind == "refuse":
        status, _, code = what.partition("-")
        azure.fail(int(status), code, retry_after_ms=30, **match)
    elif kind == "fail":
        azure.fail(409, what, asynchronous=True, **match)
    elif kind == "drop":
        azure.drop(when=what, **match)


def play_emulated(azure, asker, method, fault):
    kind = "routeTables"
    path = azure.id(kind, "t")
    azure.put(azure.group(), {"location": "japaneast"})
    if fault == "no-group":
        path = azure.id(kind, "t", "nowhere")
    elif fault == "gone" or (method == "PUT" and "stale" not in fault):
        azure.delete(path)
    else:
        azure.put(path, {"location": "japaneast", "properties": {"routes": []}})
    if method == "LIST":
        path = path[:-2]
    azure.clear()
    set_up(azure, method, path, fault)
    asked = asked_of(method)
    if method == "PATCH":
        asked["body"] = {"tags": {"a": "b"}}
    if fault == "stale":
        asked["if_match"] = 'W/"of long ago"'
    told = asker.ask(cloud=azure.endpoint, path=path, **asked)
    if told["requests"] != len(azure.requests()):
        told["outcome"] = f"{told['requests']} requests counted, {len(azure.requests())} seen"
    assert azure.armed()["armed"] == 0, f"{method} {fault}: the trap did not spring"
    return told


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_against_the_emulator(path, emulator, askers):
    rows, words = read_case(path)
    rows = [row for row in rows if row[0] == "emulator"]
    azure, asker = emulator(), askers.get()
    try:
        told = [play_emulated(azure, asker, path.stem.upper(), row[1]) for row in rows]
    finally:
        askers.put(asker)
    remedies = {code: f"help:{text.partition('help:')[2]}" for code, text in words.items()}
    assert [why for row, one in zip(rows, told) if (why := differs(row, one, remedies))] == []


# ---- the same rows, where the emulator's own faults can play them

# How the emulator answers each method that takes its time.
ITS_STYLES = {"get": "sync", "list": "sync", "put": "async", "patch": "sync", "delete": "async"}
# They need an ARM that has done what it did not say it did, or a token that can be had anew.
NOT_ITS = {"garbage", "html", "empty", "list", "302", "307", "308", "202-nowhere", "expired"}
ENDINGS = {
    "failed": ("Failed", "QuotaExceeded"), "canceled": ("Canceled", "Canceled"),
    "failed-busy": ("Failed", "AnotherOperationInProgress"),
    "superseded-late": ("Canceled", "CanceledAndSupersededDueToAnotherOperation"),
}
CUTS = {"reset": {"drop": "before"}, "cut": {"cut": 5}, "hang": {"never": True}}


def its_fault(method, faults):
    """The fault in the emulator's words; None when it has none for it."""
    moment, _, what = faults.partition(":")
    name, _, count = what.partition("*")
    fault = {"method": "GET" if method == "list" or moment != "send" else method.upper(),
             "path": "*/operations/*" if moment == "poll" else "*/routeTables*"}
    if name in ENDINGS and moment == "poll":
        state, code = ENDINGS[name]
        ending = {"state": state, "code": code, "message": "made by a test"}
        return {"method": method.upper(), "nth": 1, "operation": ending}
    if moment == "page" or "," in faults or (moment == "send" and name in NOT_ITS):
        return None
    if method == "delete" and moment == "send" and name == "cut":
        return None  # there is nothing in its answer that could be cut
    if name in CUTS:
        fault.update(CUTS[name])
    elif name in FAULTS and name != "expired" and "$HERE" not in str(FAULTS[name]):
        status, body, headers = FAULTS[name]
        fault.update(status=status, body="" if body is None else body, headers=headers)
    else:
        return None
    return {**fault, **({} if count == "ever" else {"times": int(count or 1)})}


def its_rows(path):
    rows, words = read_case(path)
    mine = [row for row in rows if row[0] == ITS_STYLES.get(path.stem) and its_fault(path.stem, row[1])]
    return mine, words


def play_its_row(azure, waiting, method, row, name):
    """What is not as the row says, or None."""
    table = azure.id("routeTables", name)
    if method != "put":
        azure.put(table, {"location": "japaneast", "properties": {"routes": []}})
    azure.faults(its_fault(method, row[1]))
    asked = asked_of(method.upper())
    if method == "patch":
        asked["body"] = {"tags": {"a": "b"}}
    asker = waiting.get()
    try:
        told = asker.ask(cloud=azure.endpoint, path=table.rpartition("/")[0] if method == "list" else table, **asked)
    finally:
        waiting.put(asker)
    found = (told["outcome"], told.get("code") or "-")
    idle = any(fault["sprung"] == 0 for fault in azure.faults_left())
    azure.faults()
    return f"{' '.join(row)}: {found} {told['message']}" if found != row[2:4] or idle else None


@pytest.mark.parametrize("path", [path for path in CASES if path.stem in ITS_STYLES], ids=lambda path: path.stem)
def test_by_the_faults_of_the_emulator(path, emulator, askers, patient):
    rows, _ = its_rows(path)
    azure = emulator(args=["--operation-time", "6"])
    azure.put(azure.group(), {"location": "japaneast"})
    names = (f"t{n:03}" for n in itertools.count())
    whys = [play_its_row(azure, askers, path.stem, row, next(names)) for row in rows]
    assert lasting(rows, whys, lambda row: play_its_row(azure, patient, path.stem, row, next(names))) == []


def test_there_are_enough(capsys):
    rows = [(path.stem, *row[:2]) for path in CASES for row in read_case(path)[0]]
    assert len(set(rows)) == len(rows), "no scenario twice"
    played = [row for row in rows if row[1] != "emulator"]
    emulated = len(rows) - len(played) + sum(len(its_rows(path)[0]) for path in CASES)
    with capsys.disabled():
        print(f"\nwire scenarios: {len(played)} against scripted answers, {emulated} against the emulator")
    assert len(played) >= 120 and emulated >= 120
