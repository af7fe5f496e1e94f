#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Measures and asserts nothing: the start of waybill, and a plan of examples/large on the emulator.
set -eu
cd "$(dirname "$0")/../.."
exec /usr/bin/python3 tests/bench/bench.py
