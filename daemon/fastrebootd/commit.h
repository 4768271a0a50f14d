/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commit: the job of that name, the end of a rollback, and the jump. */
#ifndef FASTREBOOTD_COMMIT_H
#define FASTREBOOTD_COMMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "job.h"

struct dependents;

/**
 * struct commit_request - what to commit
 * @slot: number, or FR_SLOT_NONE for the one that was staged last
 * @now: jump at once, without shutting down services
 * @dry_run: make the checks and nothing else
 * @rollback: see struct preflight_input
 * @max_blackout_usec: 0 for MaxBlackoutSec= of the configuration
 * @release: of the slot's kernel, once the job has run; owned
 * @wipes: there is a state volume that the payload must not see; set by the job
 * @unmounted: its wipe was begun, which stops its mount; set by the job
 * @stopped: the units that run and that this stops, too; owned, set by the job,
 *	NULL without a wipe
 */
struct commit_request {
	int slot;
	bool now;
	bool dry_run;
	bool rollback;
	uint64_t max_blackout_usec;
	char *release;
	bool wipes;
	bool unmounted;
	struct dependents *stopped;
};

/* Free a request; it may be NULL. */
void commit_request_free(void *request);

/**
 * commit_prepare() - everything before the point of no return, in a job
 * @job: running; in its thread
 * @request: what to commit; @slot and @release are filled
 * @error: what went wrong
 *
 * When it fails, everything is as it was before. The job's details get the
 * checks.
 *
 * Return: 0 or a negative errno.
 */
int commit_prepare(struct job *job, struct commit_request *request,
		   struct fr_error *error);

/**
 * commit_leave() - go
 * @daemon: in the main thread, after a commit_prepare()
 * @request: what it has prepared
 *
 * Comes back, also with --now when the kernel refuses to jump; then what was
 * prepared is undone.
 */
void commit_leave(struct daemon *daemon, struct commit_request *request);

/**
 * commit_leave_failed() - the machine stays after all
 * @daemon: in the main thread
 * @error: why
 *
 * Starts the job "undo".
 */
void commit_leave_failed(struct daemon *daemon, const struct fr_error *error);

/**
 * commit_undo() - take back what a daemon that was killed has prepared
 * @daemon: in the main thread, at its start
 */
void commit_undo(struct daemon *daemon);

/**
 * commit_reboot() - an ordinary reboot, the orderly way where there is systemd
 * @daemon: in the main thread
 */
void commit_reboot(struct daemon *daemon);

/* Its argument is a struct commit_request. */
extern const struct job_type commit_job;

#endif
