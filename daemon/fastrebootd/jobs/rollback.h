/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rollback: the last confirmed payload is staged again from its source, which the
 * kernel has kept, or the disk (pool/mirror.h), and committed.
 *
 * The source of the payload then says what it was rolled back from and why, so
 * that the next kernel knows that it is a rollback, and is never rolled back
 * itself: two bad kernels would go back and forth for ever.
 */
#ifndef FASTREBOOTD_ROLLBACK_H
#define FASTREBOOTD_ROLLBACK_H

#include <stdbool.h>

#include "jobs/commit.h"
#include "jobs/job.h"
#include "pool.h"

/**
 * struct rollback_request - what to go back to
 * @stage: the previous payload
 * @commit: of the slot that it will be in
 * @automatic: the daemon starts it, not a caller
 */
struct rollback_request {
	struct stage_request *stage;
	struct commit_request commit;
	bool automatic;
};

/* Free a request and what it owns; it may be NULL. */
void rollback_request_free(void *request);

/**
 * rollback_request_new() - what to go back to
 * @pool: as the kernel tells it
 * @way_back: source of the last confirmed payload; empty if it is not known
 * @release: of the running kernel
 * @reason: why, one line for people
 * @automatic: the daemon starts it, not a caller
 * @ret_request: argument of the job
 * @error: why there is nothing to go back to
 *
 * Return: 0; -ENOENT with FR_NOT_FOUND if @way_back is empty; -EPERM
 * with FR_REFUSED if the running kernel is a rollback itself; another negative
 * errno.
 */
int rollback_request_new(const struct fr_pool_status *pool,
			 const char *way_back, const char *release,
			 const char *reason, bool automatic,
			 struct rollback_request **ret_request,
			 struct fr_error *error);

/* Its argument is a struct rollback_request. */
extern const struct job_type rollback_job;

#endif
