/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The start: from what the kernel shows to a pool that is as it should be,
 * whatever the daemon before was doing when it ended.
 *
 *	staging			it was killed while it staged: abort. A kexec tool
 *				that loads into the slot is left alone; the kernel
 *				refuses the abort
 *	sealed, hashes differ,	it was killed before it had compared: clear
 *	or one is missing
 *	sealed, no source	another program's: nothing to compare with
 *	armed, with a source	it was killed between arming and the jump: unless
 *				systemd is on its way to kexec.target, undo
 *	armed, without one	a kexec tool's
 *
 * And a kernel that firmware has booted gets a source, for a rollback to it.
 *
 * All of it before the daemon takes any request; nothing else writes to the pool
 * then, since this daemon holds the lock.
 */
#ifndef FASTREBOOTD_RECOVER_H
#define FASTREBOOTD_RECOVER_H

struct daemon;

/* Do all of that. */
void recover(struct daemon *daemon);

#endif
