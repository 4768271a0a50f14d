/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Staging a payload: the job of that name, and a step of a rollback. */
#ifndef FASTREBOOTD_STAGE_H
#define FASTREBOOTD_STAGE_H

#include <stdbool.h>

#include "jobs/job.h"
#include "payload.h"

/**
 * struct stage_request - what to stage; owned by its maker
 * @payload: where it comes from
 * @replace: a sealed slot is cleared when no other is free
 * @dry_run: all of it is read and checked, and nothing is written
 * @pinned: source of a payload that it has to be, byte by byte; NULL if it may be
 *	any
 * @rollback_from: release that is rolled back; NULL if none is
 * @rollback_reason: why; NULL as well
 */
struct stage_request {
	struct fr_payload_request payload;
	bool replace;
	bool dry_run;
	char *pinned;
	char *rollback_from;
	char *rollback_reason;
};

/* Free a request and what it owns; it may be NULL. */
void stage_request_free(void *request);

/**
 * stage_payload() - stage, as a part of a job
 * @job: running
 * @request: what to stage
 * @ret_slot: number of the slot that is sealed now; untouched by a dry run
 * @ret_release: release of its kernel, to be freed; untouched by a dry run
 * @error: what went wrong
 *
 * The job's thread. When it fails, the slot is empty again, unless the kernel
 * has found it bad. Sets the job's details.
 *
 * Return: 0 or a negative errno.
 */
int stage_payload(struct job *job, const struct stage_request *request,
		  int *ret_slot, char **ret_release, struct fr_error *error);

/* Its argument is a struct stage_request. */
extern const struct job_type stage_job;

#endif
