/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd, as a client of it: over its private socket, which is there before the
 * system bus and after it, or else over the system bus.
 *
 * This is the main thread's connection, for signals and for starting units, which
 * it never waits on. A job's thread opens its own for the moment:
 * systemd-units.h.
 */
#ifndef FASTREBOOTD_SYSTEMD_H
#define FASTREBOOTD_SYSTEMD_H

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "error.h"

/**
 * struct systemd_events - what systemd tells; all are called from the loop
 * @refused: it does not start the unit that it was asked for
 * @is_waiting: does it matter whether the boot succeeds?
 * @boot_failed: boot-complete.target was not reached; names of the failed units,
 *	which may be empty
 * @timed: start_usec is known now
 */
struct systemd_events {
	void (*refused)(void *userdata, const struct fr_error *error);
	bool (*is_waiting)(void *userdata);
	void (*boot_failed)(void *userdata, const char *units);
	void (*timed)(void *userdata);
};

/**
 * struct systemd - the main thread's connection
 * @event: the loop
 * @events: what is called
 * @userdata: of @events
 * @bus: NULL while there is none
 * @retry: timer that connects again
 * @wanted: unit that is being started; owned, NULL if there is none
 * @begin_usec: when init began, of CLOCK_MONOTONIC; 0 if it is not known
 * @start_usec: from init to default.target; 0 if it is not known
 * @runtime_watchdog_usec: RuntimeWatchdogSec= as it is configured; 0 for none
 * @kexec_watchdog_usec: KExecWatchdogSec= as it is configured; 0 for none
 * @watches: it feeds the watchdog since we have asked for it
 */
struct systemd {
	sd_event *event;
	const struct systemd_events *events;
	void *userdata;
	sd_bus *bus;
	sd_event_source *retry;
	char *wanted;
	uint64_t begin_usec;
	uint64_t start_usec;
	uint64_t runtime_watchdog_usec;
	uint64_t kexec_watchdog_usec;
	bool watches;
};

/**
 * systemd_init() - connect, and go on trying
 * @systemd: zeroes
 * @event: the loop; as long as @systemd lives
 * @events: what is called, as long as @systemd lives
 * @userdata: of @events
 *
 * Without systemd nothing happens.
 */
void systemd_init(struct systemd *systemd, sd_event *event,
		  const struct systemd_events *events, void *userdata);

/* Close the connection, if there is one. */
void systemd_done(struct systemd *systemd);

/**
 * systemd_start_unit() - start a unit, replacing what contradicts it
 * @systemd: initialized
 * @unit: name
 *
 * Does not wait: when systemd refuses, the event tells.
 *
 * Return: 0, or a negative errno: there is no systemd, and nothing was sent.
 */
int systemd_start_unit(struct systemd *systemd, const char *unit);

/**
 * systemd_watch_shutdown() - have systemd feed the watchdog up to the jump
 * @systemd: initialized
 * @usec: after which the watchdog resets the machine; UINT64_MAX to have the
 *	configuration count again
 *
 * It opens the device at once, feeds it while services stop, and hands it to
 * systemd-shutdown, which feeds it for the last time at the jump. What the
 * administrator has configured for it stays. Does not wait for the answer: a
 * refusal is told to the journal.
 *
 * Return: 0; -ENOTCONN if there is no systemd; another negative errno.
 */
int systemd_watch_shutdown(struct systemd *systemd, uint64_t usec);

#endif
