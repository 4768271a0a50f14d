#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel.sh VARIANT...: builds kernels for QEMU's virt machine, to
# build/kernel/Image-<VARIANT>, where tests and benchmarks look for them. Those of
# another BASE than the first one go to build/linux-$BASE/kernel. Builds only what
# has changed.
#
#   a, b    the patched kernel twice, with different release strings
#   signed  the patched kernel, which under lockdown boots what a test key signed
#   debug   the patched kernel with the kernel's own checks: KUnit, locks,
#           sleeping, leaks; and with failures by order of a test
#   page16, page64
#           the patched kernel with 16 KiB and with 64 KiB pages
#   stock   the base without the series, otherwise configured as a and b
#   acpi    the patched kernel for machines that ACPI describes
#   system-a, system-b
#           as a and b, with what ACPI and Debian with systemd need

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=kernel-lib.sh
. tools/kernel-lib.sh

# A line of the build's output for each object.
COMPILED='^  (HOST)?(CC|AS|LDS) '
VARIANTS="a, b, signed, debug, page16, page64, acpi, stock, system-a and system-b"

# make_test_key FOLDER: what the kernel trusts and the tests sign with, made
# once for a build folder. It protects nothing.
make_test_key() {
	[ ! -e "$1/fastreboot-test.pem" ] || return 0
	mkdir -p "$1"
	openssl req -x509 -newkey rsa:2048 -noenc -days 36500 \
		-subj '/CN=fastreboot test key' -addext 'keyUsage=digitalSignature' \
		-keyout "$1/fastreboot-test.key" -out "$1/fastreboot-test.pem" \
		2>"$BUILD/log/test-key.log"
}

# begin_with OBJECTS: what another variant has compiled from the same source. kbuild
# then compiles only what depends on an option that differs.
begin_with() {
	[ ! -e "$objects" ] && [ -e "$1/vmlinux" ] || return 0
	cp -a --reflink=auto "$1" "$objects.new"
	rm "$objects.new/.configured" "$objects.new/vmlinux"
	mv "$objects.new" "$objects"
	about=''	# a dozen or two
}

describe() {
	source=$LINUX
	fragments=("$CONFIGS/qemu-virt.config" "$CONFIGS/fastreboot.config")
	about=1220	# objects that a first build compiles
	case $1 in
	a | b)	# the same objects: only the release string differs
		release=-fastreboot-$1
		objects=$KERNELS/fastreboot ;;
	signed) release=-fastreboot-signed
		objects=$KERNELS/signed
		fragments+=("$CONFIGS/signed.config")
		begin_with "$KERNELS/fastreboot"
		make_test_key "$objects/certs" ;;
	debug | page16 | page64 | acpi)
		[ "$1" != debug ] || about=1290
		[ "$1" != acpi ] || about=1550
		release=-fastreboot-$1
		objects=$KERNELS/$1
		fragments+=("$CONFIGS/$1.config") ;;
	system-a | system-b)	# as a and b
		release=-fastreboot-${1#system-}
		objects=$KERNELS/system about=1800
		fragments+=("$CONFIGS/acpi.config" "$CONFIGS/system.config") ;;
	stock)	release=-stock
		source=$WALK
		objects=$WALK_OBJECTS about=1203
		mkdir -p "$objects"
		without_series "$CONFIGS/fastreboot.config" >"$objects/asked.config"
		fragments[1]=$objects/asked.config ;;
	*)	die "unknown variant '$1'; there are $VARIANTS" ;;
	esac
}

# Everything the Image depends on.
inputs() {
	if [ "$1" = stock ]; then
		tree_git rev-parse 'base^{tree}'
	else
		checkout_state "$source"
	fi
	hash_of "${fragments[@]}"
	build_recipe
}

configure() {
	local lacks

	step "kernel $1: configuring" "config-$1" \
		kernel_config "$source" "$objects" "${fragments[@]}"
	lacks=$(config_lacks "$objects" "${fragments[@]}")
	[ -z "$lacks" ] || die "the configuration of $1 lacks what was asked for:
$lacks"
}

# What is shown as the total shall stay true.
check_total() {
	local count

	count=$(grep -cE "$COMPILED" "$BUILD/log/$1.log")
	[ $((count * 100)) -lt $(($2 * 95)) ] || [ $((count * 100)) -gt $(($2 * 105)) ] ||
		return 0
	say "$1: $count objects, not about $2: correct \"about\" in tools/kernel.sh"
}

build() {
	local source objects release fragments about now total=''

	describe "$1"
	now=$(inputs "$1")
	if [ -e "$KERNELS/Image-$1" ] && stamp_is "$KERNELS/Image-$1.stamp" "$now"; then
		return
	fi
	if [ "$1" = stock ]; then
		walk_to base
		rm -f "$objects/.each"	# check-patches.sh has to begin again
	fi
	[ -e "$objects/vmlinux" ] || total=$about
	# If this fails, the old one must not pass for the new one.
	rm -f "$KERNELS/Image-$1" "$KERNELS/Image-$1.stamp"
	if ! stamp_is "$objects/.configured" "$now"; then
		configure "$1"
		printf '%s\n' "$now" >"$objects/.configured"
	fi
	step "kernel $1: building" "kernel-$1" \
		-c "$COMPILED" ${total:+-n "$total"} \
		kernel_make "$source" "$objects" LOCALVERSION="$release" Image
	[ -z "$total" ] || check_total "kernel-$1" "$total"
	[ "$1" != stock ] || note_base_warnings kernel-stock
	cp "$objects/arch/arm64/boot/Image" "$KERNELS/Image-$1.new"
	mv "$KERNELS/Image-$1.new" "$KERNELS/Image-$1"
	printf '%s\n' "$now" >"$KERNELS/Image-$1.stamp"
}

lock kernel
mkdir -p "$KERNELS"
tree_exists || die "there is no $(tree_name): make kernel-tree"
for variant; do
	build "$variant"
done
