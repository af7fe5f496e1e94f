#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes a C file that holds the given schema files as text: see schemas/schema.c.
set -eu
echo '#include "schemas/embedded.h"'
n=0
for file; do
	printf 'static const char text_%d[] =\n' "$n"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/\t"/' -e 's/$/\\n"/' "$file"
	echo '	;'
	n=$((n + 1))
done
echo 'const struct embedded_schema embedded_schemas[] = {'
n=0
for file; do
	printf '\t{ "%s", text_%d },\n' "$file" "$n"
	n=$((n + 1))
done
echo '};'
printf 'const size_t nembedded_schemas = %d;\n' "$n"
