/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd, as a client of it: over its private socket, which is there before the
 * system bus and after it, or else over the system bus.
 *
 * The main thread has one connection for signals and for starting units, and
 * never waits on it. A job's thread opens its own for the moment.
 */
#ifndef FASTREBOOTD_SYSTEMD_H
#define FASTREBOOTD_SYSTEMD_H

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "error.h"

struct daemon;

/**
 * struct systemd - the main thread's connection
 * @bus: NULL while there is none
 * @retry: timer that connects again
 * @wanted: unit that is being started; owned, NULL if there is none
 * @start_usec: from init to the end of the start; 0 if it is not known
 */
struct systemd {
	sd_bus *bus;
	sd_event_source *retry;
	char *wanted;
	uint64_t start_usec;
};

/**
 * systemd_init() - connect, and go on trying
 * @daemon: with an event loop
 *
 * Without systemd nothing happens.
 */
void systemd_init(struct daemon *daemon);

/* Close the connection. */
void systemd_done(struct daemon *daemon);

/**
 * systemd_start_unit() - start a unit, replacing what contradicts it
 * @daemon: with an event loop
 * @unit: name
 *
 * When systemd refuses, commit_leave_failed() is called.
 *
 * Return: 0, or a negative errno: there is no systemd, and nothing was sent.
 */
int systemd_start_unit(struct daemon *daemon, const char *unit);

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

#endif
