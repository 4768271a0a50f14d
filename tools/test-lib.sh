# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For test suites that are shell scripts. Source lib.sh first. A suite calls
# run_test for each of its tests, in the same order always, and then
# end_of_tests. With --list it only names them; ONLY=<pattern> in the
# environment selects: part of a name, or a glob for all of it.

PASSED=0 FAILED=0 SKIPPED=0
LISTING=''
[ "${1:-}" != --list ] || LISTING=1

# A test's way to say that it can't run here: skip REASON
skip() {
	SKIP_REASON=$*
	return 77
}

selected() {
	# shellcheck disable=SC2053 # a glob is wanted
	[[ -z ${ONLY:-} || $1 == *"$ONLY"* || $1 == $ONLY ]]
}

# run_test NAME FUNCTION ARGUMENT...: the function prints why it fails. It runs
# in a condition, where "set -e" has no effect: it has to chain its commands.
run_test() {
	local name=$1 start=$SECONDS status=0 SKIP_REASON='' output
	shift

	selected "$name" || return 0
	if [ -n "$LISTING" ]; then
		say "$name"
		return
	fi
	output=$(mktemp)
	"$@" >"$output" 2>&1 || status=$?
	case $status in
	0)	PASSED=$((PASSED + 1))
		print_result ok ;;
	77)	SKIPPED=$((SKIPPED + 1))
		print_result skip "$SKIP_REASON" ;;
	*)	FAILED=$((FAILED + 1))
		print_result FAIL
		sed 's/^/     /' "$output" ;;
	esac
	rm -f "$output"
}

print_result() {
	printf '%-4s %6d s  %s%s\n' "$1" $((SECONDS - start)) "$name" "${2:+: $2}"
}

end_of_tests() {
	[ -z "$LISTING" ] || exit 0
	if [ "$SKIPPED" = 0 ]; then
		say "$PASSED passed, $FAILED failed"
	else
		say "$PASSED passed, $FAILED failed, $SKIPPED skipped"
	fi
	[ "$FAILED" = 0 ]
	exit
}
