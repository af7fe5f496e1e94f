#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Who may include whom, who may print, and what nobody may call. A breach is told as file:line.
# With a folder as argument it checks that tree instead of this one.
cd "${1:-$(dirname "$0")/../..}" || exit 1

find cmd engine providers state schemas tests -name '*.[ch]' 2>/dev/null | sort | xargs awk '
function breach(what) {
	printf "%s:%d: %s\n", FILENAME, FNR, what
	found = 1
}

# What a file may include, as a pattern of paths from the root.
function allowed(file) {
	if (file ~ /^engine\/base\//) return "^engine/base/"
	if (file ~ /^schemas\//) return "^(schemas|engine/base)/"
	if (file ~ /^providers\/net\//) return "^(providers/net|engine/base)/"
	if (file ~ /^providers\/provider\.h/) return "^engine/base/"
	if (file ~ /^providers\/azure\//)
		return "^(providers/(azure|net)|schemas|engine/base)/|^providers/provider\\.h$"
	if (file ~ /^providers\/kubernetes\//)
		return "^(providers/(kubernetes|net)|schemas|engine/base)/|^providers/provider\\.h$"
	if (file ~ /^providers\/emulator\//) return "^(providers/(emulator|net)|schemas|engine/base)/"
	if (file ~ /^state\//) return "^(state|providers/net|engine/base)/"
	if (file ~ /^engine\//) return "^(engine|schemas|state)/|^providers/provider\\.h$"
	if (file ~ /^cmd\/waybill-emulator\//)
		return "^(cmd/waybill-emulator|providers/(emulator|net)|schemas|engine/base)/"
	if (file ~ /^cmd\//)
		return "^(cmd|engine|schemas|state)/|^providers/(azure|net|kubernetes)/|^providers/provider\\.h$"
	return "."
}

# Sets `text` to the line without comments and `code` to that without strings.
function split_line(line) {
	for (text = code = ""; line != "";) {
		if (in_comment) {
			if (!(end = index(line, "*/"))) return
			line = substr(line, end + 2)
			in_comment = 0
		} else if (match(line, /"([^"\\]|\\.)*"|\047([^\047\\]|\\.)*\047|\/\*/)) {
			token = substr(line, RSTART, RLENGTH)
			code = code substr(line, 1, RSTART - 1) " "
			text = text substr(line, 1, RSTART - 1) ((in_comment = token == "/*") ? "" : token)
			line = substr(line, RSTART + RLENGTH)
		} else {
			text = text line; code = code line; line = ""
		}
	}
}

FNR == 1 { in_comment = 0; may = allowed(FILENAME); free = FILENAME ~ /^(cmd|tests)\// }
{ split_line($0) }
text ~ /^[ \t]*#[ \t]*include[ \t]*"/ && split(text, part, "\"") && part[2] !~ may { breach("may not include " part[2]) }
code ~ /(^|[^A-Za-z0-9_])(strcpy|strcat|v?sprintf|strtok|atoi|gets|alloca)[ \t]*\(/ { breach("calls a forbidden function") }
!free && code ~ /(^|[^A-Za-z0-9_])((v?printf|puts|putchar|perror)[ \t]*\(|(stdout|stderr|STD(OUT|ERR)_FILENO)([^A-Za-z0-9_]|$))/ {
	if (FILENAME != "engine/base/arena.c" || text !~ /out of memory/) breach("prints, and only cmd may")
}
FILENAME ~ /^engine\// && text ~ /Microsoft\./ { breach("names a type of ARM") }
END { exit found }' || exit 1
