/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The point of no return: the jump, or the request to systemd, once a job has
 * prepared it (jobs/commit.c); and the undo when the machine stays after all.
 *
 * All functions are for the main thread.
 */
#ifndef FASTREBOOTD_POLICY_LEAVE_H
#define FASTREBOOTD_POLICY_LEAVE_H

#include "error.h"
#include "policy/work.h"

struct commit_request;

/**
 * leave() - go
 * @daemon: after a commit_prepare()
 * @request: what it has prepared
 *
 * Comes back, also with --now when the kernel refuses to jump; then what was
 * prepared is undone.
 */
void leave(struct daemon *daemon, struct commit_request *request);

/**
 * leave_failed() - the machine stays after all
 * @daemon: the daemon
 * @error: why
 *
 * Starts the job "undo".
 */
void leave_failed(struct daemon *daemon, const struct fr_error *error);

/* Take back what a daemon that was killed has prepared; at the start. */
void leave_undo(struct daemon *daemon);

/**
 * leave_disarm() - the next reboot is an ordinary one, because it was asked for
 * @daemon: the daemon
 * @ret_job: the job "undo", which runs the unfreeze hooks; NULL where the system is
 *	on its way down already, and the slot is disarmed when this returns
 * @error: why not
 *
 * Return: 0; -ENOENT with FR_NOT_STAGED if no slot is armed; -EBUSY with FR_BUSY
 * while there is a job; another negative errno.
 */
int leave_disarm(struct daemon *daemon, struct job **ret_job,
		 struct fr_error *error);

/* An ordinary reboot, the orderly way where there is systemd. */
void leave_by_reboot(struct daemon *daemon);

/* Its argument is a struct commit_request. */
extern const struct work commit_work;

#endif
