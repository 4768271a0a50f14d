#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fresh.sh [--list]: makes what the documentation names on machines that have
# nothing but git and make: `make TARGET`, each in a new chroot of each release of
# Debian, with a clone of this repository's last commit. So each target has to
# install all that it needs.
#
#   RELEASE='12 13'   which releases of Debian
#   TARGETS='...'     which targets, "check,ONLY=unit." for more than one word;
#                     by default those that build no kernel
#   ONLY=<pattern>    which of all these, by their names in the list
#
# The chroots are made from the mirrors of this machine's apt, so it has to be
# Debian, and run as root (or sudo, which asks). What they install, they keep for
# the next one in build/downloads/fresh, as this has a minimal system for each
# release, which is made again after a week.
#
# Each target runs in namespaces of its own: its mounts and its processes end with
# it. The kernel, and with it what it knows of foreign programs, is this machine's.

# shellcheck disable=SC2317 # run_test calls the functions
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=test-lib.sh
. tools/test-lib.sh
# shellcheck source-path=SCRIPTDIR source=apt-lib.sh
. tools/apt-lib.sh

read -ra RELEASES <<<"${RELEASE:-12 13}"
read -ra CHOSEN <<<"${TARGETS:-help setup daemon deb check-list quick lint \
	kernel-source}"
DOWNLOADS=$BUILD/downloads/fresh
CHROOT=$BUILD/fresh/root
# Where the clone is, in the chroot.
CLONE=/root/fastreboot
LOGS=build/log/fresh

codename() {
	case $1 in
	12)	say bookworm ;;
	13)	say trixie ;;
	*)	die "Debian $1 is not known; there are 12 and 13" ;;
	esac
}

make_base() {
	local file=$1 release=$2

	# The keys of a mirror of one's own are not in Debian's package.
	# shellcheck disable=SC2016 # mmdebstrap's shell replaces these
	bootstrap "$release" "$(dpkg --print-architecture)" "$file.new" \
		--include=git,make \
		--setup-hook='install -D -m 644 -t "$1/etc/apt/trusted.gpg.d" \
			"$FASTREBOOT_KEYS"/*' &&
		mv "$file.new" "$file"
}

base() {
	local file=$DOWNLOADS/$1.tar release

	[ -z "$(find "$file" -mtime -7 2>/dev/null)" ] || return 0
	release=$(codename "$1")
	step "a minimal Debian $1" "fresh-base-$1" make_base "$file" "$release"
}

# A machine on its first day. A bind mount of its own: what runs in it can make
# namespaces whose root is another one.
new_chroot() {
	rm -rf --one-file-system "$CHROOT" &&
		mkdir -p "$CHROOT" &&
		tar -C "$CHROOT" --numeric-owner -xf "$DOWNLOADS/$1.tar" &&
		cp -L /etc/resolv.conf "$CHROOT/etc/resolv.conf" &&
		git clone --quiet --depth 1 "file://$ROOT" "$CHROOT$CLONE" &&
		mkdir -p "$DOWNLOADS/archives/partial"
}

# Runs as the first process of the namespaces.
inside() {
	mount --make-rprivate / &&
		mount --bind "$CHROOT" "$CHROOT" &&
		mount -t proc proc "$CHROOT/proc" &&
		mount --rbind /sys "$CHROOT/sys" &&
		mount --rbind /dev "$CHROOT/dev" &&
		mount --bind "$DOWNLOADS/archives" \
			"$CHROOT/var/cache/apt/archives" &&
		exec chroot "$CHROOT" /usr/bin/env -i HOME=/root LANG=C.UTF-8 \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			${http_proxy:+http_proxy="$http_proxy"} \
			${https_proxy:+https_proxy="$https_proxy"} \
			make -C "$CLONE" "$@"
}

has_target() {
	grep -q "^${1%%,*}:" <(git show HEAD:Makefile)
}

# try RELEASE TARGET: the end of the output, and where all of it is, if it fails
try() {
	local log=$LOGS/$1-${2//[^a-zA-Z0-9-]/_}.log words

	IFS=, read -ra words <<<"$2"
	has_target "$2" || skip "there is no such target" || return
	new_chroot "$1" || return 1
	unshare --mount --pid --ipc --uts --fork --kill-child \
		"$ROOT/tools/fresh.sh" --inside "${words[@]}" \
		>"$log" 2>&1 </dev/null && return
	say "From $log:"
	tail -n 25 "$log"
	return 1
}

try_all() {
	local release target

	for release in "${RELEASES[@]}"; do
		[ -n "$LISTING" ] || base "$release"
		for target in "${CHOSEN[@]}"; do
			run_test "fresh.$release.$target" \
				try "$release" "$target"
		done
	done
	[ -n "$LISTING" ] || rm -rf --one-file-system "$CHROOT"
	end_of_tests
}

if [ "${1:-}" = --inside ]; then
	inside "${@:2}"
	exit
fi
if [ -z "$LISTING" ]; then
	[ "$(id -u)" = 0 ] || exec sudo \
		--preserve-env=RELEASE,TARGETS,ONLY,http_proxy,https_proxy "$0"
	lock fresh
	mkdir -p "$DOWNLOADS" "$LOGS"
fi
try_all
