#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check-patches.sh [--list]: tests of the kernel series. Each patch builds by
# itself, on top of those before it, without a new compiler warning, and
# checkpatch.pl --strict has nothing to say about it. What was verified once is
# not done again until the patch, one before it or the configuration changes.

# shellcheck disable=SC2317 # run_test calls the functions
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=kernel-lib.sh
. tools/kernel-lib.sh
# shellcheck source-path=SCRIPTDIR source=test-lib.sh
. tools/test-lib.sh

OUT=$BUILD/check-patches
OBJECTS=$WALK_OBJECTS
# All that the series has code for: signatures too, but without a key, which only
# matters at run time. Kernels with KUnit share no object with others, so what is
# compiled with it is what it tests, and no more.
FRAGMENTS=("$CONFIGS/qemu-virt.config" "$CONFIGS/fastreboot.config"
	   "$OUT/signed.config")
KUNIT_FRAGMENTS=("${FRAGMENTS[@]}" "$OUT/kunit.config")
KUNIT_OBJECTS=$BUILD/walk/kernel/kunit
KUNIT_PART=kernel/fastreboot
# One type of checkpatch.pl's messages a line, with the reason behind it.
EXCEPTIONS=$SERIES_DIR/checkpatch-exceptions

# Names of the tests of a patch.
build_name() {
	printf 'patches.build.%s\n' "$1"
}

style_name() {
	printf 'patches.checkpatch.%s\n' "$1"
}

# What a commit's results depend on: its content and its message, the commits
# before it, and how it is built. Commit ids cover the first three, and are the
# same wherever the same patches are applied to the same base.
set_keys() {
	local how

	how=$(hash_of "${KUNIT_FRAGMENTS[@]}"
	      build_recipe
	      declare -f test_build build build_kunit)
	build_key=$(printf '%s\n' build "$1" "$how" | sha256sum | cut -c 1-40)
	style_key=$(printf '%s\n' style "$1" "$(ignored)" | sha256sum | cut -c 1-40)
}

ignored() {
	[ ! -e "$EXCEPTIONS" ] ||
		sed -n 's/^\([A-Z][A-Z_]*\).*/\1/p' "$EXCEPTIONS" | paste -sd ,
}

# once KEY COMMAND...: COMMAND, unless it has succeeded before
once() {
	local done_before=$VERIFIED/$1
	shift

	[ ! -e "$done_before" ] || return 0
	"$@" && : >"$done_before"
}

#
# Building
#

# Step by step the same configuration; each commit keeps what it knows of it.
build() {
	cp "$OBJECTS/.config.asked" "$OBJECTS/.config" &&
	kernel_make "$WALK" "$OBJECTS" -s olddefconfig &&
	kernel_make "$WALK" "$OBJECTS" LOCALVERSION=-each Image
}

# The part of the series that KUnit is compiled into, where the commit changes it.
build_kunit() {
	! git -C "$WALK" diff --quiet HEAD^ HEAD -- "$KUNIT_PART" || return 0
	[ -e "$KUNIT_OBJECTS/.config.asked" ] ||
		kernel_config "$WALK" "$KUNIT_OBJECTS" "${KUNIT_FRAGMENTS[@]}" ||
		return
	cp "$KUNIT_OBJECTS/.config.asked" "$KUNIT_OBJECTS/.config" &&
	kernel_make "$WALK" "$KUNIT_OBJECTS" -s olddefconfig &&
	kernel_make "$WALK" "$KUNIT_OBJECTS" "$KUNIT_PART/"
}

build_base() {
	walk_to base &&
	kernel_config "$WALK" "$OBJECTS" "${FRAGMENTS[@]}" &&
	rm -f "$OBJECTS/.configured" &&
	build
}

# The base first: for its warnings, and so that each patch builds only what it
# changes.
prepare_base() {
	local how

	how=$(hash_of "${FRAGMENTS[@]}")-$(tree_git rev-parse base)
	! stamp_is "$OBJECTS/.each" "$how" || return 0
	step "patches: building the base" patches-base \
		-c '^  (HOST)?(CC|AS|LDS) ' build_base
	note_base_warnings patches-base
	printf '%s\n' "$how" >"$OBJECTS/.each"
}

test_build() {
	local log=patches-$1 new

	walk_to "$2" || return
	if ! { build && build_kunit; } >"$BUILD/log/$log.log" 2>&1; then
		grep -E '(error|Error|undefined reference)' "$BUILD/log/$log.log" |
			head -n 20
		say "see build/log/$log.log"
		return 1
	fi
	new=$(warnings_of "$log" | comm -23 - "$OBJECTS/base-warnings")
	[ -z "$new" ] || { say "new warnings:"; say "$new"; return 1; }
}

#
# Style
#

# On its standard error is that Python modules for a check of licence names are
# missing; it then does without.
test_style() {
	local types

	types=$(ignored)
	walk_to "$2" &&
	( cd "$WALK" && perl scripts/checkpatch.pl --strict --no-summary \
		--show-types --terse ${types:+--ignore "$types"} \
		"$OUT/new/$1.patch" 2>"$BUILD/log/checkpatch.log" |
		sed "s|^$OUT/new/||" )
}

# Whoever applies kernel-patches gets what build/linux has.
test_exported() {
	! tree_is_dirty || say "build/linux has uncommitted changes"
	[ "$(tree_ids)" = "$(series_ids)" ] && return
	say "build/linux has commits that kernel-patches/6.12 lacks: make kernel-patches"
	return 1
}

test_patch() {
	local name=$1 commit=$2 build_key style_key

	set_keys "$commit"
	if selected "$(build_name "$name")" && [ ! -e "$VERIFIED/$build_key" ]; then
		prepare_base
	fi
	run_test "$(build_name "$name")" once "$build_key" \
		test_build "$name" "$commit"
	run_test "$(style_name "$name")" once "$style_key" \
		test_style "$name" "$commit"
}

list() {
	local patch name

	run_test patches.exported
	while read -r patch; do
		name=$(basename "$patch" .patch)
		run_test "$(build_name "$name")"
		run_test "$(style_name "$name")"
	done < <(series_files)
}

check() {
	local commits names i

	lock kernel
	mkdir -p "$OUT" "$VERIFIED" "$BUILD/log"
	grep -v TRUSTED_KEYS= "$CONFIGS/signed.config" >"$OUT/signed.config"
	grep KUNIT "$CONFIGS/debug.config" >"$OUT/kunit.config"
	export_patches "$OUT/new"
	mapfile -t commits < <(tree_git rev-list --reverse base..fastreboot)
	mapfile -t names < <(cd "$OUT/new" && ls)
	run_test patches.exported test_exported
	for i in "${!commits[@]}"; do
		test_patch "${names[i]%.patch}" "${commits[i]}"
	done
}

if [ -n "$LISTING" ]; then
	list
else
	check
fi
end_of_tests
