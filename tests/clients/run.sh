#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tests/clients/run.sh [ARGUMENT OF PYTEST...]: real clients of ARM at the emulator. In a network of its own where the
# kernel lets us make one, so that there is nothing but this machine's loopback to be reached.
set -eu
cd "$(dirname "$0")/../.."
alone=
for words in "unshare --net" "unshare --map-root-user --net"; do
	if $words true 2>/dev/null; then
		alone=$words
		break
	fi
done
[ -n "$alone" ] || echo "tests/clients: not in a network of its own: the kernel does not allow it" >&2
export PYTHONDONTWRITEBYTECODE=1
# shellcheck disable=SC2086 # words
exec $alone /usr/bin/python3 -m pytest -q -rP -p no:cacheprovider --tb=short --durations=5 tests/clients "$@" </dev/null
