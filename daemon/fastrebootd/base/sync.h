/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sync(2) with a deadline; see base/aside.h. */
#ifndef FASTREBOOTD_SYNC_H
#define FASTREBOOTD_SYNC_H

#include <stdint.h>

#include "error.h"

/**
 * sync_disks() - write what file systems have not written yet
 * @timeout_usec: how long it may take
 * @cancel_fd: ends the wait when it is readable; -1 for none
 * @error: why it is not known to be written
 *
 * Blocks for @timeout_usec and ASIDE_KILL_USEC at most.
 *
 * Return: 0; -ETIMEDOUT with FR_REFUSED; -ECANCELED with FR_CANCELLED; another
 * negative errno.
 */
int sync_disks(uint64_t timeout_usec, int cancel_fd, struct fr_error *error);

#endif
