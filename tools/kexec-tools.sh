#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kexec-tools.sh: fetches Debian's kexec for arm64, and the libraries that it
# needs, to build/vm/payload/kexec-tools, where the machines of the VM tests
# find them. Nothing is installed, and the host's package lists stay as they
# are.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

TARGET=$BUILD/vm/payload/kexec-tools
TREE=$BUILD/downloads/apt-arm64/tree
APT=$BUILD/downloads/apt-arm64
DEBS=$APT/debs
# Another day, another version: a week is how long what is there will do.
MAX_AGE=$((7 * 24 * 3600))

# apt with the machine's sources, for arm64, as if nothing were installed.
apt_for_arm64() {
	"$1" -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
		-o Dir::State="$APT/state" -o Dir::State::status=/dev/null \
		-o Dir::Cache="$APT/cache" -o Acquire::Languages=none \
		-o APT::Sandbox::User="$(id -un)" "${@:2}"
}

# kexec-tools and the libraries among what it depends on.
packages() {
	apt_for_arm64 apt-get install -s --no-install-recommends kexec-tools |
		awk '$1 == "Inst" && $2 ~ /^(kexec-tools$|lib|zlib)/ { print $2 }'
}

fetch() {
	local names

	rm -rf "$DEBS"
	mkdir -p "$DEBS" "$APT"/state/lists/partial \
		"$APT"/cache/archives/partial &&
		apt_for_arm64 apt-get update &&
		names=$(packages) &&
		[ -n "$names" ] &&
		cd "$DEBS" &&
		mapfile -t names <<<"$names" &&
		apt_for_arm64 apt-get download "${names[@]}"
}

unpack() {
	local deb

	rm -rf "$1"
	for deb in "$DEBS"/*.deb; do
		dpkg-deb -x "$deb" "$1"
	done
}

# One folder with what has to be there to run kexec, under the names that the
# libraries are looked up by.
collect() {
	mkdir -p "$2/lib"
	cp "$1/sbin/kexec" "$2"
	find "$1"/{,usr/}lib/aarch64-linux-gnu -maxdepth 1 -name '*.so*' \
		-exec cp -L -t "$2/lib" {} +
}

fresh() {
	local made

	made=$(stat -c %Y "$TARGET/stamp" 2>/dev/null) || return 1
	[ "$(sed 1q "$TARGET/stamp")" = "$(hash_of tools/kexec-tools.sh)" ] &&
		[ $(($(date +%s) - made)) -lt "$MAX_AGE" ]
}

lock kexec-tools
! fresh || exit 0
# Without a network an old one is better than none.
if ! step "kexec-tools for arm64" kexec-tools fetch; then
	[ -e "$TARGET/stamp" ] || die "nothing fetched"
	exit 0
fi
unpack "$TREE"
rm -rf "$TARGET"
collect "$TREE" "$TARGET"
{ hash_of tools/kexec-tools.sh; ls "$DEBS"; } >"$TARGET/stamp"
