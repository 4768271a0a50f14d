#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-patches.sh: writes the commits of build/linux back to
# kernel-patches/6.12, one patch a commit, and the file "series". The cover
# letter is written by hand and stays. The same commits always give the same
# files.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=kernel-lib.sh
. tools/kernel-lib.sh

OUT=$BUILD/kernel-patches.new

# The new ones first, then what is no longer among them: at no time is a patch
# missing.
install_patches() {
	local patch name

	( cd "$OUT" && printf '%s\n' *.patch ) >"$OUT/series"
	mv "$OUT"/*.patch "$OUT/series" "$SERIES_DIR/"
	for patch in "$SERIES_DIR"/[0-9][0-9][0-9][0-9]-*.patch; do
		name=${patch##*/}
		grep -qxF "$name" "$SERIES_DIR/series" || rm "$patch"
	done
	rm -rf "$OUT"
}

lock tree
tree_exists || die "there is no build/linux: make kernel-tree"
[ -n "$(tree_git rev-list base..fastreboot)" ] ||
	die "the branch fastreboot of build/linux has no commits"
if tree_git log --format=%s base..fastreboot | grep -Eq '^(fixup|squash|amend)! '; then
	die "the branch has fixup commits: git rebase -i --autosquash base"
fi
export_patches "$OUT"
install_patches
tree_remember_series
say "kernel-patches: $(wc -l <"$SERIES_DIR/series") patches in kernel-patches/6.12"
if tree_is_dirty; then
	say "kernel-patches: build/linux has uncommitted changes; they are not among them"
fi
