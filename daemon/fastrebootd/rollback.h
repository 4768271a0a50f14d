/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rollback: the payload that ran before is staged again from its source, which
 * the kernel has kept, and committed.
 *
 * The source of the payload then says what it was rolled back from and why, so
 * that the next kernel knows that it is a rollback, and is never rolled back
 * itself: two bad kernels would go back and forth for ever.
 */
#ifndef FASTREBOOTD_ROLLBACK_H
#define FASTREBOOTD_ROLLBACK_H

#include <stdbool.h>

#include "job.h"

struct rollback_request;

/**
 * rollback_request_new() - what to go back to
 * @daemon: in the main thread
 * @reason: why, one line for people
 * @automatic: nobody has asked for it: Fallback= applies if it fails
 * @ret_request: argument of the job
 * @error: why there is nothing to go back to
 *
 * Return: 0; -ENOENT with FR_NOT_FOUND if no previous payload is known; -EPERM
 * with FR_REFUSED if the running kernel is a rollback itself; another negative
 * errno.
 */
int rollback_request_new(struct daemon *daemon, const char *reason,
			 bool automatic, struct rollback_request **ret_request,
			 struct fr_error *error);

/**
 * rollback_fall_back() - there is no way back to the previous payload
 * @daemon: in the main thread
 * @why: one line for people
 *
 * Does what Fallback= says.
 */
void rollback_fall_back(struct daemon *daemon, const char *why);

/* Its argument is a struct rollback_request. */
extern const struct job_type rollback_job;

#endif
