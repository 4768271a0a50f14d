# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the build scripts share. Source it first: it leaves the shell in the
# project's root, with errors fatal.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$ROOT"

# The scripts start makes of their own, which are not part of the one that
# started them.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

# Everything that is made goes here, and nothing is made anywhere else.
BUILD=$ROOT/build
export LC_ALL=C

say() {
	printf '%s\n' "$*"
}

die() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# lock NAME: one script at a time per NAME; a second one waits for the first.
lock() {
	mkdir -p "$BUILD"
	exec 9>"$BUILD/.lock-$1"
	flock -n 9 && return
	say "Waiting for another make that works on the same files"
	flock 9
}

# hash_of FILE...: one hash over the content of all files, in this order
hash_of() {
	cat -- "$@" | sha256sum | cut -d ' ' -f 1
}

# stamp_is FILE CONTENT: was FILE written by a run with the same inputs?
stamp_is() {
	[ -e "$1" ] && [ "$(cat "$1")" = "$2" ]
}

clock() {
	printf '%d:%02d' $(($1 / 60)) $(($1 % 60))
}

# step WHAT LOG [-c REGEX [-n TOTAL]] COMMAND...
#
# Runs COMMAND with its output in build/log/LOG.log. In its place there is one
# line: WHAT, the time, and with -c how many lines of the output matched so far
# (of about TOTAL). On a terminal the line counts up; elsewhere there is one
# every 30 s, so that a CI log shows that the job is alive. When COMMAND fails,
# the end of the log follows.
#
# COMMAND runs in a condition, where "set -e" has no effect: a function has to
# chain its commands.
step() {
	local what=$1 log=$BUILD/log/$2.log regex='' total='' start=$SECONDS
	shift 2
	while :; do
		case $1 in
		-c) regex=$2 ;;
		-n) total=$2 ;;
		*) break ;;
		esac
		shift 2
	done
	mkdir -p "$BUILD/log"
	if "$@" </dev/null 2>&1 | step_follow; then
		step_line "$(step_count)" '' ", done"
		[ ! -t 1 ] || printf '\n'
		return 0
	fi
	[ ! -t 1 ] || printf '\n'
	{ printf '%s failed. From %s:\n' "$what" "${log#"$ROOT"/}"
	  step_excerpt | sed 's/^/    /'; } >&2
	return 1
}

# These use the variables of step(), which calls them.

step_follow() {
	local count=0 line='' part every=30 next

	[ ! -t 1 ] || every=1
	next=$((SECONDS + every))
	: >"$log"
	while :; do
		part=''
		if IFS= read -r -t 1 part; then
			line+=$part
			printf '%s\n' "$line" >>"$log"
			[ -z "$regex" ] || [[ ! $line =~ $regex ]] ||
				count=$((count + 1))
			line=''
		elif [ $? -gt 128 ]; then
			line+=$part	# no whole line within the second
		else
			break
		fi
		[ "$SECONDS" -ge "$next" ] || continue
		next=$((SECONDS + every))
		step_line "$count" "$total" ''
	done
}

# The end, and what a parallel make has said of the reason long before it.
step_excerpt() {
	head -n -25 "$log" | grep -m 15 -E \
		'(error|Error|ERROR|fatal|undefined reference|No rule)( |:)' || :
	tail -n 25 "$log"
}

step_count() {
	[ -z "$regex" ] || grep -cE "$regex" "$log" || :
}

step_line() {
	local text=$what

	[ "${1:-0}" = 0 ] || text+=", $1${2:+ of about $2} objects"
	text+=", $(clock $((SECONDS - start)))$3"
	if [ -t 1 ]; then
		printf '\r\033[K%s' "$text"
	else
		printf '%s\n' "$text"
	fi
}
