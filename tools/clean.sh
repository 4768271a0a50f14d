#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# clean.sh [all]: removes what was built. Downloads, the compiler cache and the
# kernel tree stay, unless "all" is given; work in the kernel tree that
# kernel-patches lacks is never removed.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=kernel-lib.sh
. tools/kernel-lib.sh

# What was built for a base, and is not the tree of it or of another.
clean_base() {
	tree_git worktree remove --force "$WALK" 2>/dev/null || :
	find "$(dirname "$LINUX")" -mindepth 1 -maxdepth 1 ! -name downloads \
		! -name ccache ! -name 'linux*' -exec rm -rf {} + 2>/dev/null || :
}

check_tree() {
	if tree_exists && tree_has_own_work; then
		die "$(tree_name) has work that kernel-patches/$BASE lacks:" \
			"make kernel-patches"
	fi
	if compgen -G "$LINUX.saved-*" >/dev/null ||
	   { tree_exists && [ -n "$(tree_git branch --list 'saved/*')" ]; }; then
		die "build/ has work that was put aside: the branches saved/N of" \
			"$(tree_name), or $(tree_name).saved-N. Remove these first"
	fi
}

for base in kernel-patches/*/BASE; do
	use_base "$(basename "$(dirname "$base")")"
	if [ "${1:-}" = all ]; then
		check_tree
	else
		clean_base
	fi
done
[ "${1:-}" != all ] || rm -rf build
