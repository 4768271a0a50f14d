#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-tree.sh [reset]: makes build/linux, the base with the series on top,
# or brings it up to date with kernel-patches/$BASE. Work in build/linux that
# kernel-patches lacks is never overwritten; "reset" moves it aside, to a
# branch of its own.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=kernel-lib.sh
. tools/kernel-lib.sh

DOWNLOADS=$BUILD/downloads
NEW=$LINUX.new

# The same commit ids on every machine.
export GIT_COMMITTER_NAME='fastreboot developers'
export GIT_COMMITTER_EMAIL=fastreboot@localhost

base_says() {
	sed -n "s/^$1: *//p" "$SERIES_DIR/BASE"
}

# What the base has to be made from, as one line to compare.
wanted_origin() {
	local rev=''

	if [ -z "${KERNEL_SRC:-}" ]; then
		printf 'debian %s %s\n' "$(base_says version)" \
			"$(base_says sha256)"
		return
	fi
	[ -e "$KERNEL_SRC/Kbuild" ] || die "KERNEL_SRC: $KERNEL_SRC is no kernel source tree"
	if [ -e "$KERNEL_SRC/.git" ]; then
		rev=$(git -C "$KERNEL_SRC" rev-parse HEAD)
	fi
	printf 'KERNEL_SRC %s %s\n' "$(cd "$KERNEL_SRC" && pwd -P)" "$rev"
}

#
# The base from Debian's package
#

# The newest version that apt offers.
offered_version() {
	apt-cache show --no-all-versions "$1" 2>/dev/null |
		sed -n 's/^Version: *//p' | head -n 1
}

# The base is in the security archive, whose older versions go away: what apt
# offers counts, and apt has checked the signature. BASE says what the series
# was made for.
download_base() {
	local package version offered

	package=$(base_says package)
	version=$(base_says version)
	offered=$(offered_version "$package")
	if [ -z "$offered" ] || dpkg --compare-versions "$offered" lt "$version"; then
		tools/setup.sh --update
		offered=$(offered_version "$package")
	fi
	[ -n "$offered" ] || die "apt does not offer $package; on Debian 12 it" \
		"is in bookworm-security. KERNEL_SRC=<dir> uses another tree"
	[ "$offered" = "$version" ] ||
		say "kernel-tree: Debian has $package $offered; the series was made for $version"

	mkdir -p "$DOWNLOADS"
	deb=$DOWNLOADS/${package}_${offered}_all.deb
	[ -e "$deb" ] || fetch_deb "$package=$offered"
	tarball=./usr/src/$package.tar.xz
	[ "$offered" != "$version" ] || check_tarball
}

fetch_deb() {
	local part=$DOWNLOADS/part

	rm -rf "$part"
	mkdir -p "$part"
	chmod a+rwx "$part"	# apt downloads as a user of its own
	( cd "$part" && step "kernel-tree: downloading $1 (150 MB)" \
		kernel-download apt-get download "$1" )
	mv "$part"/*.deb "$deb"
	rmdir "$part"
}

check_tarball() {
	local sum

	sum=$(dpkg-deb --fsys-tarfile "$deb" | tar -xO "$tarball" |
		sha256sum | cut -d ' ' -f 1)
	[ "$sum" = "$(base_says sha256)" ] ||
		die "${deb#"$ROOT"/}: SHA-256 of the source is $sum, not what BASE says"
}

unpack_deb() {
	dpkg-deb --fsys-tarfile "$deb" | tar -xO "$tarball" |
		tar -xJ -C "$NEW" --strip-components=1
}

#
# The base from another tree: its last commit, or all of it
#

copy_tree() {
	if [ -e "$KERNEL_SRC/.git" ]; then
		git -C "$KERNEL_SRC" archive HEAD | tar -x -C "$NEW"
	else
		tar -c -C "$KERNEL_SRC" . | tar -x -C "$NEW" &&
			make -s -C "$NEW" mrproper
	fi
}

#
# The repository
#

# Debian's .gitignore ends with a section that hides everything.
show_files_to_git() {
	sed -i -z 's|\n\n#\n# Debian packaging: ignore everything.*|\n|' \
		"$NEW/.gitignore"
}

commit_base() {
	local git=(git -C "$NEW" -c core.autocrlf=false -c gc.auto=0
		   -c commit.gpgSign=false -c core.hooksPath=/dev/null)

	"${git[@]}" add -Af &&
	GIT_AUTHOR_NAME=$GIT_COMMITTER_NAME \
	GIT_AUTHOR_EMAIL=$GIT_COMMITTER_EMAIL \
	GIT_AUTHOR_DATE='1970-01-01T00:00:00Z' \
	GIT_COMMITTER_DATE='1970-01-01T00:00:00Z' \
		"${git[@]}" commit -q -m "$1" &&
	"${git[@]}" -c tag.gpgSign=false tag base
}

# Never packed in the background while something builds; and a committer for
# those who have set none.
configure_repository() {
	git -C "$NEW" config gc.auto 0
	git -C "$NEW" config core.autocrlf false
	git config --get user.email >/dev/null || {
		git -C "$NEW" config user.name "$GIT_COMMITTER_NAME"
		git -C "$NEW" config user.email "$GIT_COMMITTER_EMAIL"
	}
}

# Made beside, and moved to its place when it is whole.
make_base() {
	local subject deb='' tarball=''

	if [ -n "${KERNEL_SRC:-}" ]; then
		subject="Base: KERNEL_SRC"
	else
		download_base
		subject="Base: $(basename "$deb" _all.deb | tr _ ' ')"
	fi
	rm -rf "$NEW"
	mkdir -p "$NEW"
	if [ -n "$deb" ]; then
		step "kernel-tree: unpacking" kernel-unpack unpack_deb
	else
		step "kernel-tree: copying" kernel-unpack copy_tree
	fi
	show_files_to_git
	git init -q --template= -b fastreboot "$NEW"
	mkdir -p "$NEW/.git/info"
	configure_repository
	step "kernel-tree: committing the base" kernel-commit \
		commit_base "$subject"
	# The other checkout belongs to the tree that was here before.
	rm -rf "$WALK"
	mv "$NEW" "$LINUX"
}

tree_version() {
	make -s -C "$LINUX" kernelversion
}

apply_series() {
	tree_git checkout -q -f -B fastreboot base
	if ! series apply "$LINUX" >"$BUILD/log/kernel-am.log" 2>&1; then
		grep -E '^(error|Patch failed|kernel-series)' \
			"$BUILD/log/kernel-am.log" >&2
		! [ -e "$LINUX/.git/rebase-apply" ] || tree_git am --abort
		die "the series does not apply to Linux $(tree_version)"
	fi
	tree_remember_series
	say "kernel-tree: $(series list | wc -l) patches applied to Linux $(tree_version)"
}

#
# What is there already
#

# A tree without notes that holds the series was made by hand, or exported by
# other means: take it as it is.
adopt() {
	local ids

	[ -z "$(tree_note series)" ] || return 0
	tree_head >/dev/null || return 0
	ids=$(series_ids)
	[ -n "$ids" ] && [ "$(tree_ids)" = "$ids" ] || return 0
	[ -n "$(tree_note origin)" ] || tree_set_note origin "$1"
	tree_remember_series
}

refuse() {
	cat >&2 <<-END
	$(tree_name) has work that kernel-patches/$BASE lacks, and $1.
	Nothing was changed. Either
	    make kernel-patches       writes its commits to kernel-patches
	    make kernel-tree-reset    moves the work to a branch saved/N and starts afresh
	END
	exit 1
}

# The tree goes, but not if there are branches in it beside the series.
put_away() {
	local n=1

	if [ "$(tree_git for-each-ref --format=x refs/heads refs/stash)" = x ]; then
		rm -rf "$LINUX"
		return
	fi
	while [ -e "$LINUX.saved-$n" ]; do
		n=$((n + 1))
	done
	mv "$LINUX" "$LINUX.saved-$n"
	say "kernel-tree: the tree for the old base, with its branches, is now $(tree_name).saved-$n"
}

reset() {
	local n=1

	tree_exists || die "there is no $(tree_name) yet"
	while tree_git rev-parse -q --verify "saved/$n" >/dev/null; do
		n=$((n + 1))
	done
	rm -rf "$LINUX/.git/rebase-apply" "$LINUX/.git/rebase-merge"
	tree_git checkout -q -b "saved/$n"
	if tree_is_dirty; then
		tree_git add -A
		tree_git -c user.name="$GIT_COMMITTER_NAME" \
			-c user.email="$GIT_COMMITTER_EMAIL" \
			-c commit.gpgSign=false \
			commit -q --no-verify -m "Saved by kernel-tree-reset"
	fi
	say "kernel-tree: what was in $(tree_name) is on its branch saved/$n"
	apply_series
}

update() {
	local origin

	origin=$(wanted_origin)
	if tree_exists; then
		adopt "$origin"
		if [ "$(tree_note origin)" = "$origin" ]; then
			[ "$(tree_note series)" != "$(series_hash)" ] || return 0
			! tree_has_own_work || refuse "the series has changed"
		else
			! tree_has_own_work || refuse "another base is asked for"
			put_away
		fi
	fi
	if ! tree_exists; then
		make_base
		tree_set_note origin "$origin"
	fi
	apply_series
}

mkdir -p "$BUILD/log"
lock tree
[ -e "$SERIES_DIR/BASE" ] || die "there is no kernel-patches/$BASE/BASE"
case ${1:-} in
'')	update ;;
reset)	reset ;;
*)	die "usage: kernel-tree.sh [reset]" ;;
esac
