#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds each fuzz target with libFuzzer and both sanitizers: build/fuzz/fuzz_NAME.
set -eu
cd "$(dirname "$0")/../.."
sanitize="-fno-omit-frame-pointer -fno-sanitize-recover=all -O1"
libraries=$(pkg-config --libs yaml-0.1 jansson sqlite3 libcurl libcrypto)

make -s -j2 CC=clang FLAVOUR=fuzz \
	fuzz_CFLAGS="$sanitize -fsanitize=fuzzer-no-link,address,undefined" build/fuzz/libcore.a \
	build/fuzz/libemulator.a build/fuzz/obj/tests/support/fake_store.o
for source in tests/fuzz/fuzz_*.c; do
	# shellcheck disable=SC2086 # one word a flag
	clang -std=c11 -g $sanitize -fsanitize=fuzzer,address,undefined -I. -D_POSIX_C_SOURCE=200809L \
		-D_DEFAULT_SOURCE -o "build/fuzz/$(basename "$source" .c)" "$source" \
		build/fuzz/obj/tests/support/fake_store.o build/fuzz/libcore.a \
		build/fuzz/libemulator.a $libraries
done
