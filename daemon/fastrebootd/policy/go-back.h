/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way back: a rollback by hand, one that the daemon begins by itself, and
 * what is done when there is none. All functions are for the main thread.
 */
#ifndef FASTREBOOTD_POLICY_GO_BACK_H
#define FASTREBOOTD_POLICY_GO_BACK_H

#include "error.h"

struct daemon;
struct job;

/**
 * go_back() - start a rollback that was asked for
 * @daemon: the daemon
 * @reason: why, one line for people
 * @ret_job: the job; may be NULL
 * @error: why not
 *
 * Return: 0, or as rollback_request_new() and work_start().
 */
int go_back(struct daemon *daemon, const char *reason, struct job **ret_job,
	    struct fr_error *error);

/* Start one by ourselves; FailureAction= applies if it fails, now or later. */
void go_back_by_itself(struct daemon *daemon, const char *reason);

/* There is no way back to the previous payload: do what FailureAction= says. */
void go_back_fall_back(struct daemon *daemon, const char *why);

#endif
