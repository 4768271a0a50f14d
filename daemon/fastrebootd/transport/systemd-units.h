/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What waits for systemd's answer: for a job's thread, and for the start, each
 * time over a connection of its own.
 */
#ifndef FASTREBOOTD_TRANSPORT_SYSTEMD_UNITS_H
#define FASTREBOOTD_TRANSPORT_SYSTEMD_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/**
 * systemd_is_stopping() - is the system being shut down?
 *
 * Waits for systemd's answer for 5 seconds at most.
 *
 * Return: false also if it does not answer.
 */
bool systemd_is_stopping(void);

/**
 * systemd_check_unit() - can a unit be started?
 * @unit: name
 * @error: why not
 *
 * Waits for systemd's answer for 5 seconds at most.
 *
 * Return: 0; -ENOENT if there is no systemd; another negative errno.
 */
int systemd_check_unit(const char *unit, struct fr_error *error);

/**
 * systemd_run_unit() - start a unit, and wait for what becomes of it
 * @unit: name; of one that ends by itself, so that its end is its start's
 * @timeout_usec: how long
 * @error: why not
 *
 * Blocks: not for the main thread.
 *
 * Return: 0; -ENOENT if there is no systemd, with @error untouched; -ETIMEDOUT
 * or -EPERM with FR_REFUSED; another negative errno with FR_FAILED.
 */
int systemd_run_unit(const char *unit, uint64_t timeout_usec,
		     struct fr_error *error);

/**
 * systemd_has_watchdog() - does systemd feed the machine's watchdog?
 *
 * For a job's thread. Return: false also if systemd does not answer.
 */
bool systemd_has_watchdog(void);

#endif
