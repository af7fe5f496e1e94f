#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Measures and asserts nothing: the start of waybill, a plan of examples/large on the emulator, and
# that of 100,000 nodes beside its floor.
set -eu
cd "$(dirname "$0")/../.."
exec /usr/bin/python3 tests/bench/bench.py
