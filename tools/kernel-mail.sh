#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-mail.sh STACK: writes a stack of the series, as it is in build/linux,
# to build/mail/STACK: the patches, and the cover letter with the list of
# patches and the diffstat, ready for git send-email.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=kernel-lib.sh
. tools/kernel-lib.sh

STACKS="fixes, boot-time and fastreboot"

[ $# = 1 ] || die "which stack? make kernel-mail STACK=<name>; there are $STACKS"
tree_exists || die "there is no $(tree_name): make kernel-tree"
[ "$(tree_ids)" = "$(series_ids)" ] ||
	die "$(tree_name) and kernel-patches/$BASE differ: make kernel-patches"
series mail --stack "$1" "$LINUX" "$BUILD/mail/$1"
say "kernel-mail: $(find "$BUILD/mail/$1" -name '*.patch' | wc -l) mails in build/mail/$1"
say "kernel-mail: the first one has the addresses to fill in: scripts/get_maintainer.pl knows them"
