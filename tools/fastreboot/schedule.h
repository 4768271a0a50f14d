/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A commit that is to come later: a transient timer of systemd's, which calls this
 * command again. So it is there whatever becomes of the daemon, `systemctl list-timers`
 * shows it, and it is gone after a reboot.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "client.h"
#include "options.h"

/**
 * schedule_commit() - have a commit made later
 * @request: the commit, with @delay_usec
 * @error: why not
 *
 * One that was scheduled before is replaced.
 *
 * Return: 0; -EOPNOTSUPP with FR_UNSUPPORTED where systemd does not run; -EIO with
 * FR_FAILED if it refuses; another negative errno.
 */
int schedule_commit(const struct cli_request *request, struct fr_error *error);

/**
 * schedule_next() - when is a commit to come?
 * @client: connection; one that is not of the system bus knows of none
 * @ret_usec: time, CLOCK_REALTIME
 *
 * Return: whether one is scheduled.
 */
bool schedule_next(struct client *client, uint64_t *ret_usec);

/**
 * schedule_cancel() - have no commit made later
 * @error: why not
 *
 * Return: 0; -EIO with FR_FAILED.
 */
int schedule_cancel(struct fr_error *error);

/**
 * schedule_warn() - write to the terminals of all who are logged in
 * @request: the commit, with its message
 *
 * By wall(1); where that is not installed, or refuses, nothing is written.
 */
void schedule_warn(const struct cli_request *request);

#endif
