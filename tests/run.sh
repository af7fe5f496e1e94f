#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The tests, from a machine with only git, make and Debian's base.
#   tests/run.sh        what every change must pass, about ten minutes on two cores
#   tests/run.sh long   the same with 60 s a fuzzer, the whole crash loop and real clients
# The last line is "N passed, N failed"; the exit status is 0 only when none failed.
set -u
cd "$(dirname "$0")/.." || exit 1

long=${1:-}
fuzz_seconds=10
[ "$long" = long ] && fuzz_seconds=60
export WAYBILL_TEST_LONG=$long
export PYTHONDONTWRITEBYTECODE=1
export ASAN_OPTIONS=${ASAN_OPTIONS:-abort_on_error=0:detect_leaks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

finish() {
	echo
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
	exit
}

heading() {
	echo
	echo "== $*"
}

# One check of a name: the rest is a command, shown only when it fails.
check() {
	local name=$1
	shift
	if "$@" >"$work/check" 2>&1; then
		passed=$((passed + 1))
		echo "ok   $name"
	else
		failed=$((failed + 1))
		echo "FAIL $name"
		cat "$work/check"
	fi
}

build() {
	heading "build ($1)"
	if ! make -s -j2 FLAVOUR="$1" all unit fuzz-build crash-build load-build; then
		failed=$((failed + 1))
		echo "FAIL build ($1)"
		finish
	fi
}

# Runs one unit test program and leaves "ok" and "not ok" lines (TAP) beside its output.
run_unit() {
	local program=$1 out
	out=$2/$(basename "$1")
	CMOCKA_MESSAGE_OUTPUT=TAP timeout 120 "$program" >"$out.tap" 2>&1 </dev/null
	echo $? >"$out.status"
}
export -f run_unit

units() {
	local flavour=$1 results=$work/unit-$1 tap name good bad skipped status
	heading "unit tests ($flavour)"
	mkdir -p "$results"
	find "build/$flavour/unit" -maxdepth 1 -type f -name 'test_*' | sort |
		xargs -P2 -I{} bash -c 'run_unit {} "$0"' "$results"
	for tap in "$results"/*.tap; do
		name=$(basename "$tap" .tap)
		status=$(cat "$results/$name.status")
		good=$(grep -c '^ok ' "$tap")
		skipped=$(grep -c '^not ok [0-9]* # SKIP' "$tap") # as cmocka says it
		bad=$(($(grep -c '^not ok ' "$tap") - skipped))
		if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
			bad=1 # it died: a sanitizer, a signal, the time limit
		fi
		passed=$((passed + good))
		failed=$((failed + bad))
		if [ "$bad" -gt 0 ]; then
			echo "FAIL $name ($flavour), exit status $status"
			cat "$tap"
		else
			echo "ok   $name: $good$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")"
		fi
	done
}

corpora() {
	local flavour=$1 target name
	heading "fuzz corpora ($flavour)"
	for target in "build/$flavour"/fuzz/fuzz_*; do
		name=$(basename "$target")
		check "$name" timeout 120 "$target" "tests/fuzz/corpus/${name#fuzz_}"
	done
}

fuzz_one() {
	local name=$1 folder=$2 seconds=$3
	mkdir -p "$folder/$name/corpus" "$folder/$name/found"
	cp "tests/fuzz/corpus/${name#fuzz_}"/* "$folder/$name/corpus/" 2>/dev/null
	"build/fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
		-artifact_prefix="$folder/$name/found/" "$folder/$name/corpus" \
		>"$folder/$name/log" 2>&1 </dev/null
	echo $? >"$folder/$name/status"
}
export -f fuzz_one

fuzzers() {
	local name found
	heading "fuzzers, $fuzz_seconds s each"
	if ! ./tests/fuzz/build.sh >"$work/fuzz-build" 2>&1; then
		cat "$work/fuzz-build"
		failed=$((failed + 1))
		echo "FAIL tests/fuzz/build.sh"
		return
	fi
	find build/fuzz -maxdepth 1 -type f -name 'fuzz_*' -printf '%f\n' | sort |
		xargs -P2 -I{} bash -c 'fuzz_one {} "$0" "$1"' "$work/fuzz" "$fuzz_seconds"
	for name in "$work"/fuzz/*; do
		if [ "$(cat "$name/status")" = 0 ]; then
			passed=$((passed + 1))
			echo "ok   $(basename "$name"): $(grep -o 'Done [0-9]* runs' "$name/log")"
			continue
		fi
		failed=$((failed + 1))
		echo "FAIL $(basename "$name")"
		tail -n 60 "$name/log"
		for found in "$name"/found/*; do
			[ -e "$found" ] || continue
			echo "--- the input it found, in base64:"
			base64 "$found"
		done
	done
}

# pytest FLAVOUR ARGUMENT...: Debian's own Python, whatever else is installed.
end_to_end() {
	local flavour=$1 log=$work/pytest-$1 word
	shift
	heading "end to end ($flavour)"
	# Tests wait for programs more than they work, and each has its own folder and cloud.
	FLAVOUR=$flavour /usr/bin/python3 -m pytest -q -rs -p no:cacheprovider --tb=short --durations=5 \
		-n 4 --ignore=tests/clients "$@" </dev/null 2>&1 | tee "$log"
	local status=${PIPESTATUS[0]}
	for word in passed failed error; do
		local n
		n=$(tail -n 1 "$log" | grep -oE "[0-9]+ $word" | cut -d' ' -f1)
		case $word in
		passed) passed=$((passed + ${n:-0})) ;;
		*) failed=$((failed + ${n:-0})) ;;
		esac
	done
	if [ "$status" -ne 0 ] && ! tail -n 1 "$log" | grep -qE '[0-9]+ (failed|error)'; then
		failed=$((failed + 1)) # nothing was collected, or pytest itself broke
	fi
}

# What these tests, and real clients, exchanged with the emulator, which must be as ARM has published it.
published() {
	heading "exchanges and ARM's specifications"
	check "specifications" /usr/bin/python3 tests/support/specs.py "$work/traces"
	tail -n 1 "$work/check"
}

if ! make -s deps; then
	failed=1
	echo "FAIL make deps"
	finish
fi
build release
build debug
heading "layers"
check "layers" ./tests/lint/layering.sh
for flavour in debug release; do
	units $flavour
	corpora $flavour
done
fuzzers
end_to_end debug -m sanitizer tests
mkdir "$work/traces"
export WAYBILL_TRACES=$work/traces
end_to_end release tests
if [ "$long" = long ]; then
	heading "real clients"
	check "make test-clients" make -s test-clients
fi
published
finish
