#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing from Debian's packages: `build` what make needs, `all` the tests' too,
# `clients` what make needs and the real clients of tests/clients.
set -eu
packages="gcc libc6-dev make pkg-config libyaml-dev libcurl4-openssl-dev libjansson-dev
	libsqlite3-dev libssl-dev libmicrohttpd-dev"
if [ "${1:-all}" = all ]; then
	packages="$packages libcmocka-dev python3 python3-pytest python3-pytest-xdist python3-yaml python3-jsonschema python3-h2 clang
		clang-format clang-tidy cppcheck libclang-rt-14-dev sqlite3 graphviz openssl"
fi
if [ "${1:-all}" = clients ]; then
	packages="$packages python3-pytest openssl azure-cli python3-azure"
	# Those who have another node keep it.
	command -v npm >/dev/null || packages="$packages npm"
fi
missing=
for package in $packages; do
	case $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true) in
	"install ok installed") ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0
echo "installing from Debian:$missing" >&2
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # one word a package
$sudo apt-get install -y --no-install-recommends $missing >/dev/null 2>&1 || {
	$sudo apt-get update >/dev/null
	$sudo apt-get install -y --no-install-recommends $missing >/dev/null
}
