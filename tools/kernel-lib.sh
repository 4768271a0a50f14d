# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The kernel tree in build/linux, for the scripts that work on it. Source
# lib.sh first. BASE chooses the base; the tree of another than the first one is
# build/linux-$BASE/linux, and its kernels are in build/linux-$BASE/kernel.
#
# The tree is a git repository: the base, tagged "base", and on the branch
# "fastreboot" the series as commits. kernel-patches/$BASE is where the series
# is kept, in stacks (kernel-series.py); build/linux is where it is worked on.
# Which of the two holds something that the other lacks decides what may be
# overwritten, so the tree remembers, in its .git:
#
#   fastreboot-origin   what the base was made from
#   fastreboot-series   hash of the series that was applied or exported last
#   fastreboot-head     the commit that this left on top

FIRST_BASE=6.12
BASE=${BASE:-$FIRST_BASE}

# use_base BASE: work on the series for this base, and its tree
use_base() {
	local place=$BUILD

	BASE=$1
	[ "$BASE" = "$FIRST_BASE" ] || place=$BUILD/linux-$BASE
	# shellcheck disable=SC2034 # used by those who source this
	SERIES_DIR=$ROOT/kernel-patches/$BASE
	LINUX=$place/linux
	# shellcheck disable=SC2034 # used by kernel.sh
	KERNELS=$place/kernel
	# A second checkout that the scripts move from commit to commit, and its
	# objects. The stock kernel comes from there, and then each patch is
	# built on top of what that left.
	WALK=$place/walk/linux
	# shellcheck disable=SC2034 # used by those who source this
	WALK_OBJECTS=$place/walk/kernel/objects
}

use_base "$BASE"
# shellcheck disable=SC2034 # used by those who source this
CONFIGS=$ROOT/kernel-patches/config

# What a build of the kernel depends on beside source and configuration.
export ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-
export KBUILD_BUILD_USER=fastreboot KBUILD_BUILD_HOST=fastreboot
export KBUILD_BUILD_TIMESTAMP='Thu Jan 1 00:00:00 UTC 1970'
export KBUILD_BUILD_VERSION=1

# What one build has compiled ccache finds for the others: for the other
# variants, the patches one by one, and the user's other clones, which share
# the cache in the user's own folder. It takes three things.
#
# - A source tree is at DIR/linux and its object directories are
#   DIR/kernel/NAME. So every compiler is told the same relative names.
# - The variants' configurations differ in nothing that a widely used header
#   looks at (kernel-patches/config/README.md). What is left differs before the
#   preprocessor and is the same after it.
# - Sources and generated headers are often younger than the compiler's start by
#   less than a second. ccache would not trust them; nothing changes them then.
export CCACHE_BASEDIR=$BUILD
export CCACHE_SLOPPINESS=include_file_mtime,include_file_ctime

# Results of checks that need not be repeated, by the hash of all that they
# depend on; clones share them as they share ccache's.
# shellcheck disable=SC2034 # used by check-patches.sh
VERIFIED=${XDG_CACHE_HOME:-$HOME/.cache}/fastreboot/verified

# tree_git ARGUMENT...: git in the kernel tree, without the user's settings
# that change what it writes.
tree_git() {
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null \
		git -C "$LINUX" "$@"
}

tree_exists() {
	[ -d "$LINUX/.git" ]
}

tree_note() {
	cat "$LINUX/.git/fastreboot-$1" 2>/dev/null || :
}

tree_set_note() {
	printf '%s\n' "$2" >"$LINUX/.git/fastreboot-$1"
}

tree_head() {
	tree_git rev-parse -q --verify refs/heads/fastreboot
}

tree_is_dirty() {
	[ -n "$(tree_git status --porcelain)" ]
}

# series COMMAND ARGUMENT...: see kernel-series.py
series() {
	python3 tools/kernel-series.py --base "$BASE" "$@"
}

series_hash() {
	series hash
}

# What the patches change, a line a patch, with its stack.
series_ids() {
	series ids
}

tree_ids() {
	series ids "$LINUX"
}

# The name of the tree, for messages.
tree_name() {
	printf '%s\n' "${LINUX#"$ROOT"/}"
}

# Does the tree hold what kernel-patches lacks?
tree_has_own_work() {
	local head

	! tree_is_dirty || return 0
	# stopped in the middle of an am or a rebase
	! [ -e "$LINUX/.git/rebase-apply" ] || return 0
	! [ -e "$LINUX/.git/rebase-merge" ] || return 0
	head=$(tree_head) || return 1
	[ "$head" != "$(tree_note head)" ] || return 1
	[ "$head" != "$(tree_git rev-parse base^0)" ] || return 1
	[ "$(tree_ids)" != "$(series_ids)" ]
}

tree_remember_series() {
	tree_set_note series "$(series_hash)"
	tree_set_note head "$(tree_head)"
}

# The content of a checkout as a git tree id, uncommitted changes and new files
# included.
checkout_state() {
	local index

	index=$(mktemp "$BUILD/index.XXXXXX")
	cp "$(git -C "$1" rev-parse --path-format=absolute --git-path index)" "$index"
	GIT_INDEX_FILE=$index git -C "$1" add -A
	GIT_INDEX_FILE=$index git -C "$1" write-tree
	rm -f "$index"
}

# walk_to COMMIT: the second checkout, made if need be, at that commit. Git
# rewrites only the files that differ, so only those are compiled again.
walk_to() {
	local commit

	commit=$(tree_git rev-parse "$1^0")
	if ! git -C "$WALK" rev-parse -q --verify "$commit" >/dev/null 2>&1; then
		rm -rf "$WALK"
		tree_git worktree prune
		tree_git worktree add -q --detach "$WALK" "$commit"
		return
	fi
	git -C "$WALK" reset -q --hard
	git -C "$WALK" clean -qfdx
	git -C "$WALK" -c advice.detachedHead=false checkout -q "$commit"
}

# warnings_of LOG: the compiler's warnings; line numbers change
warnings_of() {
	{ grep 'warning:' "$BUILD/log/$1.log" || :; } |
		sed 's/:[0-9]*:\([0-9]*:\)\{0,1\} / /' | sort -u
}

# The base's own warnings are no patch's fault.
note_base_warnings() {
	touch "$WALK_OBJECTS/base-warnings"
	warnings_of "$1" | sort -u -o "$WALK_OBJECTS/base-warnings" \
		- "$WALK_OBJECTS/base-warnings"
}

compiler_version() {
	"${CROSS_COMPILE}gcc" --version | head -n 1
}

# without_series FRAGMENT: what of a fragment a kernel without the series knows.
# Whatever else is in it, that kernel has as well: it is the same kernel but for
# the series, and so are its objects.
without_series() {
	grep -v '^CONFIG_FASTREBOOT' "$1"
}

# How kernels are built here, beside configuration and source.
build_recipe() {
	compiler_version
	declare -f kernel_make kernel_config
	env | grep '^KBUILD_BUILD_' | sort
}

# kernel_make SOURCE OBJECTS ARGUMENT...
#
# With CCACHE_BASEDIR the compiler sees relative names; the prefix map keeps
# them out of the messages, as the kernel's own does with absolute ones.
kernel_make() {
	local source=$1 objects=$2 cached=''
	shift 2

	command -v ccache >/dev/null && cached='ccache '
	make -C "$source" O="$objects" -j"$(nproc)" HOSTCC="${cached}gcc" \
		CC="$cached${CROSS_COMPILE}gcc" \
		KCFLAGS=-fmacro-prefix-map=../../linux/= "$@"
}

# kernel_config SOURCE OBJECTS FRAGMENT...: tinyconfig with the fragments on
# top; in .config.asked also what this source does not know
kernel_config() {
	local source=$1 objects=$2
	shift 2

	mkdir -p "$objects"
	kernel_make "$source" "$objects" -s tinyconfig &&
	"$source/scripts/kconfig/merge_config.sh" -m -Q -O "$objects" \
		"$objects/.config" "$@" &&
	cp "$objects/.config" "$objects/.config.asked" &&
	kernel_make "$source" "$objects" -s olddefconfig
}

# Kconfig drops silently what does not exist or whose dependencies are missing.
# config_lacks OBJECTS FRAGMENT...: the lines that were asked for in vain, the
# last one asked for each symbol
config_lacks() {
	local config=$1/.config
	shift

	awk '
	/^CONFIG_[A-Za-z0-9_]+=/ { name = $0; sub(/=.*/, "", name) }
	/^# CONFIG_[A-Za-z0-9_]+ is not set$/ { name = $2 }
	name == "" { next }
	FILENAME == ARGV[1] { have[name] = $0 }
	FILENAME != ARGV[1] { want[name] = $0 }
	{ name = "" }
	END {
		for (name in want)
			if (want[name] != have[name] &&
			    !(want[name] ~ /^#/ && !(name in have)))
				print want[name]
	}' "$config" "$@" | sort
}
