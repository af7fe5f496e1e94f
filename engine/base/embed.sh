#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# embed.sh NAME FILE...: writes a C file whose array NAME holds the files as text (embedded.h).
set -eu
name=$1
shift
echo '#include "engine/base/embedded.h"'
n=0
for file; do
	printf 'static const char text_%d[] =\n' "$n"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/^/\t"/' -e 's/$/\\n"/' "$file"
	echo '	;'
	n=$((n + 1))
done
printf 'const struct embedded_file embedded_%s[] = {\n' "$name"
n=0
for file; do
	printf '\t{ "%s", text_%d },\n' "$file" "$n"
	n=$((n + 1))
done
echo '};'
printf 'const size_t nembedded_%s = %d;\n' "$name" "$n"
