#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel.sh VARIANT...: builds kernels for QEMU's virt machine, to
# build/kernel/Image-<VARIANT>. Builds only what has changed.
#
#   a, b    the patched kernel twice, with different release strings
#   debug   the patched kernel with the kernel's own checks and KUnit
#   stock   the base without the series

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=kernel-lib.sh
. tools/kernel-lib.sh

IMAGES=$BUILD/kernel
# objects that a first build compiles, for the progress line
ABOUT=1100

describe() {
	source=$LINUX
	fragments=("$CONFIGS/qemu-virt.config" "$CONFIGS/fastreboot.config")
	case $1 in
	a | b)	# the same objects: only the release string differs
		release=-fastreboot-$1
		objects=$BUILD/kernel/fastreboot ;;
	debug)	release=-fastreboot-debug
		objects=$BUILD/kernel/debug
		fragments+=("$CONFIGS/debug.config")
		[ -e "$CONFIGS/debug.config" ] ||
			die "there is no kernel-patches/config/debug.config" ;;
	stock)	release=-stock
		source=$WALK
		objects=$BUILD/walk/kernel/stock
		fragments=("$CONFIGS/qemu-virt.config" "$CONFIGS/kexec.config") ;;
	*)	die "unknown variant '$1'; there are a, b, debug and stock" ;;
	esac
}

# Everything the Image depends on.
inputs() {
	if [ "$1" = stock ]; then
		tree_git rev-parse 'base^{tree}'
	else
		checkout_state "$source"
	fi
	hash_of "${fragments[@]}" tools/kernel-lib.sh
	compiler_version
}

configure() {
	local lacks

	step "kernel $1: configuring" "config-$1" \
		kernel_config "$source" "$objects" "${fragments[@]}"
	lacks=$(config_lacks "$objects" "${fragments[@]}")
	[ -z "$lacks" ] || die "the configuration of $1 lacks what was asked for:
$lacks"
}

build() {
	local source objects release fragments now total=''

	describe "$1"
	now=$(inputs "$1")
	if [ -e "$IMAGES/Image-$1" ] && stamp_is "$IMAGES/Image-$1.stamp" "$now"; then
		return
	fi
	[ "$1" != stock ] || walk_to base
	[ -e "$objects/vmlinux" ] || total=$ABOUT
	# If this fails, nobody shall take the old one for the new one.
	rm -f "$IMAGES/Image-$1" "$IMAGES/Image-$1.stamp"
	configure "$1"
	step "kernel $1: building" "kernel-$1" \
		-c '^  (HOST)?(CC|AS|LDS) ' ${total:+-n "$total"} \
		kernel_make "$source" "$objects" LOCALVERSION="$release" Image
	cp "$objects/arch/arm64/boot/Image" "$IMAGES/Image-$1.new"
	mv "$IMAGES/Image-$1.new" "$IMAGES/Image-$1"
	printf '%s\n' "$now" >"$IMAGES/Image-$1.stamp"
}

lock kernel
mkdir -p "$IMAGES"
tree_exists || die "there is no build/linux: make kernel-tree"
for variant; do
	build "$variant"
done
