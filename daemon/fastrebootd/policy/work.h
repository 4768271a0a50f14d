/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs as the daemon sees them: there is at most one, the buses hear of it, and
 * something follows from it. What a job's thread does is below, in jobs/.
 *
 * All functions are for the main thread.
 */
#ifndef FASTREBOOTD_POLICY_WORK_H
#define FASTREBOOTD_POLICY_WORK_H

#include "error.h"

struct daemon;
struct job;
struct job_type;

/**
 * struct work - a kind of job, and what follows from it
 * @type: what the job's thread does
 * @ended: what follows; the result stands in the job
 * @after: the same, when the buses were told; may be NULL
 */
struct work {
	const struct job_type *type;
	void (*ended)(struct daemon *daemon, struct job *job);
	void (*after)(struct daemon *daemon, struct job *job);
};

/**
 * work_start() - start a job
 * @daemon: without a job
 * @work: its kind
 * @argument: of the kind; owned by this function, also when it fails
 * @ret_job: the job; may be NULL
 * @error: what went wrong
 *
 * Return: 0; -EBUSY with FR_BUSY if there is a job, or a reboot under way;
 * another negative errno.
 */
int work_start(struct daemon *daemon, const struct work *work, void *argument,
	       struct job **ret_job, struct fr_error *error);

/* Wait for a job that is there, and forget it; at the daemon's end. */
void work_stop(struct daemon *daemon);

#endif
