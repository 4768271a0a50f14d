#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-patches.sh: writes the commits of build/linux back to
# kernel-patches/$BASE, one patch a commit, into the folders of their stacks,
# with a file "series" in each. The cover letters are written by hand and stay.
# The same commits always give the same files.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=kernel-lib.sh
. tools/kernel-lib.sh

lock tree
tree_exists || die "there is no $(tree_name): make kernel-tree"
[ -n "$(tree_git rev-list base..fastreboot)" ] ||
	die "the branch fastreboot of $(tree_name) has no commits"
if tree_git log --format=%s base..fastreboot | grep -Eq '^(fixup|squash|amend)! '; then
	die "the branch has fixup commits: git rebase -i --autosquash base"
fi
series export "$LINUX" || die "nothing was exported"
tree_remember_series
say "kernel-patches: $(series list | wc -l) patches in kernel-patches/$BASE"
if tree_is_dirty; then
	say "kernel-patches: $(tree_name) has uncommitted changes; they are not among them"
fi
