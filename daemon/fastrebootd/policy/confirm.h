/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the jump to the confirmation.
 *
 *	boot by fast reboot, tries > 0: unconfirmed
 *	    |-- Confirm()			-> confirmed, tries = 0
 *	    |-- boot-complete.target fails	-> rollback
 *	    |-- TimeoutSec= is over		-> rollback
 *	    `-- tries > MaxTries= at the start	-> rollback
 *
 * The time counts from the kernel's start, not from the daemon's: a daemon that
 * is killed again and again gains none. A kernel that is itself a rollback is
 * not rolled back: then FailureAction= applies.
 *
 * Until the confirmation this daemon keeps the watchdog running, so that a
 * kernel on which it hangs is reset.
 *
 * All functions are for the main thread.
 */
#ifndef FASTREBOOTD_CONFIRM_H
#define FASTREBOOTD_CONFIRM_H

#include <stdbool.h>

#include "error.h"

struct daemon;

/* Look at how the kernel was started, once. */
void confirm_init(struct daemon *daemon);

/* At the daemon's end, before feed_done(). */
void confirm_done(struct daemon *daemon);

/* Is there a kernel that may have to be rolled back? */
bool confirm_is_watching(const struct daemon *daemon);

/**
 * confirm_now() - declare the running kernel good
 * @daemon: the daemon
 * @error: what went wrong
 *
 * One that is confirmed already stays so.
 *
 * Return: 0; -EBUSY with FR_BUSY when it is too late; another negative errno.
 */
int confirm_now(struct daemon *daemon, struct fr_error *error);

/**
 * confirm_boot_failed() - boot-complete.target was not reached
 * @daemon: the daemon
 * @units: names of the failed units; may be empty
 */
void confirm_boot_failed(struct daemon *daemon, const char *units);

/* No job is there any more: has a rollback waited for that? */
void confirm_idle(struct daemon *daemon);

#endif
