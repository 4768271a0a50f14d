#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check-patches.sh [--list]: tests of the kernel series. Each stack applies on
# those before it, and each patch has its row in kernel-patches/README.md. Each
# patch builds by itself, on top of those before it, without a new compiler
# warning, and checkpatch.pl --strict has nothing to say about it. What was
# verified once is not done again until the patch, one before it or the
# configuration changes.

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
EXCEPTIONS=$ROOT/kernel-patches/checkpatch-exceptions

# Names of the tests of a patch, which is called <stack>.<file>.
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
		"$OUT/new/${1/.//}.patch" 2>"$BUILD/log/checkpatch.log" |
		sed "s|^$OUT/new/||" )
}

#
# The folders
#

# Applying kernel-patches gives what build/linux has.
test_exported() {
	! tree_is_dirty || say "$(tree_name) has uncommitted changes"
	[ "$(tree_ids)" = "$(series_ids)" ] && return
	say "$(tree_name) has commits that kernel-patches/$BASE lacks: make kernel-patches"
	return 1
}

test_status() {
	series status
}

# Commits are in the lines of OUT/commits: commit, stack, name.
last_of_stack() {
	awk -v stack="$1" '$2 == stack { last = $1 } END { print last }' \
		"$OUT/commits"
}

last_before_stack() {
	awk -v stack="$1" 'BEGIN { last = "base" } $2 == stack { exit }
		{ last = $1 } END { print last }' "$OUT/commits"
}

# The patches of a stack as they are kept, one by one, on top of the stacks
# before it; in an index, without files.
test_apply() {
	local stack=$1 patch
	local -x GIT_INDEX_FILE=$OUT/index

	tree_git read-tree "$(last_before_stack "$stack")" || return
	for patch in "$OUT/kept/$stack"/[0-9]*.patch; do
		tree_git apply --cached --whitespace=nowarn "$patch" || return
	done
	[ "$(tree_git write-tree)" = \
	  "$(tree_git rev-parse "$(last_of_stack "$stack")^{tree}")" ] && return
	say "the patches of $stack do not make what $(tree_name) has"
	return 1
}

# What tools/kernel-source.py takes from the patches is what they add to the tree.
test_source() {
	local source=$OUT/source

	tools/kernel-source.py "$source" &&
	diff <(cd "$source" && find . -type f -exec sha256sum {} + | sort -k 2) \
		<(tree_git diff --no-renames --diff-filter=A --name-only -z \
			base fastreboot | while IFS= read -r -d '' name; do
				printf '%s  ./%s\n' "$(tree_git show \
					"fastreboot:$name" | sha256sum |
					cut -d ' ' -f 1)" "$name"
			done | sort -k 2)
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

# Tests that are not about one patch
run_folder_tests() {
	local stack

	run_test patches.exported test_exported
	run_test patches.kernel-source test_source
	run_test patches.status test_status
	for stack in $(stacks); do
		run_test "patches.apply.$stack" test_apply "$stack"
	done
}

list() {
	local patch name

	run_folder_tests
	while read -r patch; do
		name=$(basename "$(dirname "$patch")").$(basename "$patch" .patch)
		run_test "$(build_name "$name")"
		run_test "$(style_name "$name")"
	done < <(series list)
}

stacks() {
	series list | xargs -n 1 dirname | xargs -n 1 basename | uniq
}

check() {
	local commits commit stack name line

	lock kernel
	mkdir -p "$OUT" "$VERIFIED" "$BUILD/log"
	rm -rf "$OUT/kept" "$OUT/new"
	grep -v TRUSTED_KEYS= "$CONFIGS/signed.config" >"$OUT/signed.config"
	grep KUNIT "$CONFIGS/debug.config" >"$OUT/kunit.config"
	series join "$OUT/kept"
	series format "$LINUX" "$OUT/new" >"$OUT/commits"
	run_folder_tests
	mapfile -t commits <"$OUT/commits"
	for line in "${commits[@]}"; do
		read -r commit stack name <<<"$line"
		test_patch "$stack.$name" "$commit"
	done
}

if [ -n "$LISTING" ]; then
	list
else
	check
fi
end_of_tests
