#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Everything about the source that a machine can judge: format, length, layers, clang-tidy, cppcheck.
# With file names as arguments, clang-tidy and cppcheck look at those alone. With ANALYSE=product the
# analyser, which follows each path and takes nearly all of the time, leaves the tests' code out.
set -u
cd "$(dirname "$0")/../.." || exit 1
faults=0

fault() {
	echo "FAIL $*"
	faults=$((faults + 1))
}

mapfile -t sources < <(git ls-files -co --exclude-standard '*.c' '*.h')
units=("$@")
[ ${#units[@]} -gt 0 ] || mapfile -t units < <(printf '%s\n' "${sources[@]}" | grep '\.c$')
flags=(-std=c11 -I. -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE '-DWAYBILL_VERSION="0"')

echo "== clang-format"
clang-format --dry-run -Werror "${sources[@]}" || fault "clang-format: run make format"

echo "== length"
for file in "${sources[@]}"; do
	lines=$(wc -l <"$file")
	[ "$lines" -le 600 ] || fault "$file has $lines lines, more than 600"
done

echo "== layers"
./tests/lint/layering.sh || fault "layers"

echo "== cppcheck"
cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr -j2 \
	--library=posix --library=tests/lint/jansson.cfg \
	--suppressions-list=tests/lint/cppcheck.txt --error-exitcode=1 \
	-I. -D_POSIX_C_SOURCE=200809L '-DWAYBILL_VERSION="0"' "${units[@]}" || fault "cppcheck"

echo "== clang-tidy"
# Libraries bring warnings of their own, which it counts aloud; only ours are of interest.
tidy() {
	xargs -0 -r -P2 -I{} clang-tidy --quiet "$@" {} -- "${flags[@]}" 2> >(grep -v ' warnings* generated' >&2) ||
		fault "clang-tidy"
}
analysed='.'
[ "${ANALYSE:-}" = product ] && analysed='^(cmd|engine|providers|schemas|state)/'
tidy < <(printf '%s\n' "${units[@]}" | grep -E "$analysed" | tr '\n' '\0')
tidy '--checks=-clang-analyzer-*' < <(printf '%s\n' "${units[@]}" | grep -vE "$analysed" | tr '\n' '\0')

[ "$faults" -eq 0 ] && echo "lint: nothing found"
[ "$faults" -eq 0 ]
