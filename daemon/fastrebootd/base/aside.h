/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may wait for a disk, with a deadline.
 *
 * A disk that does not answer holds whoever asks it in a sleep that no signal
 * ends. So a child asks, and one that does not come back is left behind: it holds
 * none of the daemon's files, its lock least of all.
 */
#ifndef FASTREBOOTD_ASIDE_H
#define FASTREBOOTD_ASIDE_H

#include <stdint.h>

/* How long a child that is to end may take for it, before it is left behind. */
#define ASIDE_KILL_USEC (1000 * 1000)

/**
 * aside_run() - run a function in a child
 * @body: called in the child, after a fork of a thread and without open files;
 *	0 or a negative errno
 * @userdata: of @body
 * @timeout_usec: how long it may take
 * @cancel_fd: ends the wait when it is readable; -1 for none
 *
 * Blocks for @timeout_usec and ASIDE_KILL_USEC at most. What a child that was left
 * behind has still to do is not done: it is killed once the disk answers.
 *
 * Return: what @body has returned; -ETIMEDOUT; -ECANCELED; -EIO if the child was
 * killed by another; another negative errno if there is no child.
 */
int aside_run(int (*body)(void *userdata), void *userdata,
	      uint64_t timeout_usec, int cancel_fd);

#endif
