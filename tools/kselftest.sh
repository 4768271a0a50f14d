#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kselftest.sh: builds the series' selftest for arm64, as the kernel's own
# Makefile does, and puts it where the machines of the VM tests find it.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=kernel-lib.sh
. tools/kernel-lib.sh

OBJECTS=$BUILD/kselftest
TARGET=$BUILD/vm/payload/kselftest
PROGRAM=$OBJECTS/kselftest/fastreboot/fastreboot_test

build() {
	make -C "$LINUX/tools/testing/selftests" O="$OBJECTS" \
		TARGETS=fastreboot FORCE_TARGETS=1 LDFLAGS=-static
}

tree_exists || die "there is no $(tree_name): make kernel-tree"
mkdir -p "$OBJECTS" "$TARGET"
step "kselftest: building" kselftest build
cp "$PROGRAM" "$TARGET/.new"
mv "$TARGET/.new" "$TARGET/fastreboot_test"
