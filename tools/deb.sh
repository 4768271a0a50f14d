#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# deb.sh: builds the Debian package for arm64, build/deb/fastreboot_*_arm64.deb,
# on whatever machine this is, and has lintian look at it. Does nothing if
# nothing has changed.
#
# It is built from a copy: dpkg-buildpackage writes beside and into its source.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

OUT=$BUILD/deb
ARCHITECTURE=arm64
# All that the package is made from.
SOURCES=(daemon tools/fastreboot tools/man tools/completions units debian)

inputs() {
	local files

	mapfile -t files < <(find "${SOURCES[@]}" -type f | sort)
	printf '%s\n' "${files[@]}" | hash_of /dev/stdin
	hash_of "${files[@]}" "$0"
}

build() {
	local options=(-us -uc -b)

	if [ "$(dpkg --print-architecture)" != "$ARCHITECTURE" ]; then
		options+=("-a$ARCHITECTURE" "-Pcross,nocheck")
	fi
	rm -rf "$OUT/new" &&
		mkdir -p "$OUT/new/fastreboot" &&
		cp -a --parents "${SOURCES[@]}" "$OUT/new/fastreboot" &&
		cd "$OUT/new/fastreboot" &&
		dpkg-buildpackage "${options[@]}"
}

check() {
	lintian --allow-root --fail-on error --display-level '>=warning' \
		"$OUT/new/"*_"$ARCHITECTURE.deb"
}

lock deb
mkdir -p "$OUT"
now=$(inputs)
if compgen -G "$OUT/fastreboot_*_$ARCHITECTURE.deb" >/dev/null &&
   stamp_is "$OUT/stamp" "$now"; then
	exit 0
fi
rm -f "$OUT/stamp" "$OUT"/*.deb
step "package for $ARCHITECTURE" deb build
step "lintian" lintian check
mv "$OUT/new/"*.deb "$OUT"
rm -rf "$OUT/new"
printf '%s\n' "$now" >"$OUT/stamp"
