#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# setup.sh PURPOSE...: installs the Debian packages that a purpose needs and
# that are not there yet. Says which; asks for root only then.
# setup.sh --update: brings the package lists up to date.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

NATIVE=$(dpkg --print-architecture 2>/dev/null || :)

# A name with a question mark is installed where the release has it.
packages_for() {
	case $1 in
	kernel)	# bc to perl: the kernel's own build; libssl-dev: its certs/
		echo gcc libc6-dev gcc-aarch64-linux-gnu make bc bison flex \
		     libssl-dev openssl perl xz-utils python3 git ccache ;;
	vm)	echo qemu-system-arm gcc-aarch64-linux-gnu \
		     libc6-dev-arm64-cross device-tree-compiler make python3 \
		     sbsigntool erofs-utils qemu-efi-aarch64 ;;
	source)	echo python3 ;;
	unit)	echo gcc libc6-dev make mold libcmocka-dev python3 openssl perl \
		     valgrind dbus-daemon mandoc e2fsprogs systemd sbsigntool
		packages_for daemon ;;
	lint)	# one clang-format, which Debian 12 and 13 both have
		echo clang-format-19 shellcheck pylint mypy codespell mandoc \
		     systemd device-tree-compiler make gcc perl python3 git ;;
	daemon)	echo gcc libc6-dev make pkg-config libsystemd-dev libjson-c-dev \
		     libssl-dev zlib1g-dev libzstd-dev liblzma-dev \
		     libblkid-dev ;;
	deb)	echo build-essential gcc-aarch64-linux-gnu libc6-dev-arm64-cross make \
		     pkg-config dpkg-dev debhelper lintian \
		     crossbuild-essential-arm64 libsystemd-dev:arm64 \
		     libjson-c-dev:arm64 libssl-dev:arm64 zlib1g-dev:arm64 \
		     libzstd-dev:arm64 liblzma-dev:arm64 \
		     libblkid-dev:arm64 ;;
	system)	# arch-test: mmdebstrap's check that arm64 programs run here
		echo zstd erofs-utils mmdebstrap arch-test qemu-user-static \
		     e2fsprogs binutils qemu-system-arm python3 openssl \
		     qemu-efi-aarch64 u-boot-qemu systemd-boot-efi:arm64 \
		     sbsigntool
		packages_for deb ;;
	fresh)	echo mmdebstrap git util-linux mount ;;
	bench)	echo gcc libc6-dev python3-matplotlib ;;
	dts)	echo device-tree-compiler qemu-system-arm dt-schema? ;;
	*)	die "unknown purpose '$1'; there are kernel, vm, source, unit, lint, daemon, deb, system, fresh, bench and dts" ;;
	esac
}

# A package may be there for more than one architecture.
installed() {
	local architecture=${1##*:}

	[ "$architecture" != "$1" ] || architecture=$NATIVE
	dpkg-query -W -f '${Architecture} ${db:Status-Status}\n' "${1%:*}" \
		2>/dev/null | grep -qx -e "$architecture installed" \
		-e 'all installed'
}

offered() {
	apt-cache show --no-all-versions "$1" >/dev/null 2>&1
}

# The package lists are empty on a fresh container.
have_lists() {
	compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null
}

ask_for_root() {
	[ "$(id -u)" != 0 ] || return 0
	command -v sudo >/dev/null || die "run as root: $*"
	say "This takes root; sudo may ask for your password."
	sudo -v
}

# Some packages are for the machine that is built for.
add_architecture() {
	[[ " $* " == *:arm64\ * ]] || return 0
	[ "$(dpkg --print-architecture)" != arm64 ] || return 0
	! dpkg --print-foreign-architectures | grep -qx arm64 || return 0
	as_root dpkg --add-architecture arm64
	update_lists
}

update_lists() {
	step "setup: apt-get update" apt-update as_root apt-get update
}

install_packages() {
	step "setup: installing" apt-install as_root env \
		DEBIAN_FRONTEND=noninteractive \
		apt-get -o DPkg::Lock::Timeout=600 install -y \
		--no-install-recommends "$@"
}

missing_of() {
	local purpose package

	for purpose; do
		for package in $(packages_for "$purpose"); do
			installed "${package%\?}" || echo "$package"
		done
	done | sort -u
}

# Drops the optional packages that the release does not have.
wanted_of() {
	local package

	for package; do
		[ "$package" = "${package%\?}" ] || offered "${package%\?}" ||
			continue
		echo "${package%\?}"
	done
}

main() {
	local missing wanted

	command -v apt-get >/dev/null || die "this is not Debian: needs $(
		for purpose; do packages_for "$purpose"; done | tr -s '\n' ' ')"
	mapfile -t missing < <(missing_of "$@")
	[ "${#missing[@]}" -gt 0 ] || return 0
	mapfile -t wanted < <(wanted_of "${missing[@]}")
	if [ "${#wanted[@]}" = 0 ] && have_lists; then
		return 0
	fi

	say "Missing Debian packages: ${missing[*]%\?}"
	ask_for_root "apt-get update; apt-get install" \
		"--no-install-recommends ${missing[*]%\?}"
	lock setup
	add_architecture "${missing[@]}"
	have_lists || update_lists
	mapfile -t wanted < <(wanted_of "${missing[@]}")
	[ "${#wanted[@]}" -gt 0 ] || return 0
	install_packages "${wanted[@]}" && return
	# Old lists name files that the archive no longer has.
	say "Once more, with new package lists"
	update_lists
	install_packages "${wanted[@]}"
}

if [ "${1:-}" = --update ]; then
	ask_for_root apt-get update
	update_lists
else
	main "$@"
fi
