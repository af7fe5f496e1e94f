# SPDX-License-Identifier: Apache-2.0
"""Runs commands of az in one process, as many as it is told, and so without az's start for each.

A line of standard input is a command, as JSON: a list of words, without `az`. A line of standard
output is what came of it: {"code", "stdout", "stderr"}. One that ARM would not take because somebody else's
operation went on, again and again until az gave up, is typed again, as a person would."""
import contextlib
import io
import json
import logging
import sys

from azure.cli.core import get_default_cli
from knack import log

BUSY = "Another operation on this or dependent resource is in progress"
TIMES = 5


def run(words):
    out, err = io.StringIO(), io.StringIO()
    # Else what logs goes on writing to the standard error of the command before.
    for name in (None, *log.cli_logger_names):
        logging.getLogger(name).handlers.clear()
    with contextlib.redirect_stderr(err):
        try:
            code = get_default_cli().invoke(words, out_file=out)
        except SystemExit as end:
            code = end.code
    return {"code": code or 0, "stdout": out.getvalue(), "stderr": err.getvalue()}


def run_when_free(words):
    for _ in range(TIMES):
        done = run(words)
        if done["code"] == 0 or BUSY not in done["stderr"]:
            break
    return done


for line in sys.stdin:
    sys.stdout.write(json.dumps(run_when_free(json.loads(line))) + "\n")
    sys.stdout.flush()
