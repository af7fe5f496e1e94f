#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `make demo`: the main job, from YAML to pod routes, against an emulated Azure. Nothing outside a
# temporary folder is touched, and no account is needed.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
PATH="$root/build/release:$PATH"
export PATH
# What belongs to a real subscription stays out of the demonstration.
unset AZURE_SUBSCRIPTION_ID ARM_SUBSCRIPTION_ID WAYBILL_STATE WAYBILL_FILE

folder=$(mktemp -d)
emulator=
finish() {
	if [ -n "$emulator" ]; then
		kill "$emulator" 2>/dev/null || true
		wait "$emulator" 2>/dev/null || true
	fi
	rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cp "$root/examples/hard-way/waybill.yaml" "$root/examples/hard-way/cloud.yaml" "$folder"
cd "$folder"

waybill-emulator --listen 127.0.0.1:0 --cloud cloud.yaml --store emulator.json \
	--operation-time 500 >ready </dev/null &
emulator=$!
tries=0
until [ -s ready ]; do
	tries=$((tries + 1))
	if [ "$tries" -gt 100 ] || ! kill -0 "$emulator" 2>/dev/null; then
		echo "the emulator did not start" >&2
		exit 1
	fi
	sleep 0.1
done
WAYBILL_CLOUD=$(sed -n 's/.*"endpoint": *"\([^"]*\)".*/\1/p' ready)
export WAYBILL_CLOUD

show() {
	printf '\n$ %s\n' "$*"
	"$@"
}

echo "An emulated Azure listens at $WAYBILL_CLOUD. It holds the resource group kubernetes with"
echo "a network, a subnet and two workers, and no route between their pods."
show cat waybill.yaml
printf '\n$ export WAYBILL_CLOUD=%s\n' "$WAYBILL_CLOUD"
show waybill validate
show waybill nodes
show waybill plan
show waybill apply --auto-approve
show waybill routes
show waybill plan
