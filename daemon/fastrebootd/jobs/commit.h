/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commit up to the point of no return, and the way back from there. */
#ifndef FASTREBOOTD_COMMIT_H
#define FASTREBOOTD_COMMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "jobs/job.h"

struct dependents;

/**
 * struct commit_request - what to commit
 * @slot: number, or FR_SLOT_NONE for the one that was staged last
 * @now: jump at once, without shutting down services
 * @unconfirmed: also from a kernel that is not confirmed
 * @dry_run: make the checks and nothing else
 * @ignore_inhibitors: see struct preflight_facts
 * @rollback: see struct preflight_facts
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
	bool unconfirmed;
	bool dry_run;
	bool ignore_inhibitors;
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

/* Its argument is a struct commit_request. */
extern const struct job_type commit_job;

/**
 * struct undo_request - what the job "undo" works with
 * @slot: that was armed
 * @release: of it; owned
 * @wipes: the volume may be unmounted, and overwritten
 * @stopped: what was stopped with its mount; owned, NULL if it is not known
 * @cause: why it has to be undone; no failure if a daemon was killed, or @by_hand
 * @by_hand: it was asked for
 */
struct undo_request {
	int slot;
	char *release;
	bool wipes;
	struct dependents *stopped;
	struct fr_error cause;
	bool by_hand;
};

/* Free a request and what it owns. */
void undo_request_free(void *request);

/* Takes a commit back. Its argument is a struct undo_request. */
extern const struct job_type undo_job;

#endif
