/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's watchdog, which brings it back when the next kernel hangs.
 *
 * It is started before the jump, or by systemd before services stop, and not
 * stopped: it goes on counting through the blackout. In the next kernel this daemon takes it over and feeds it until the
 * kernel is confirmed; a kernel that can't even run this daemon is reset.
 *
 * Opening the device starts it; closing it leaves it running, unless 'V' was
 * written before, which a driver with nowayout does not honour. Such a watchdog
 * has to be fed for ever once it was opened.
 *
 * The functions may be called from any thread.
 */
#ifndef FASTREBOOTD_WATCHDOG_H
#define FASTREBOOTD_WATCHDOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "error.h"

/**
 * struct watchdog - the watchdog
 * @lock: covers what follows
 * @fd: open device, or -1
 * @timeout_usec: after which it resets the machine
 * @keep: can't be stopped
 */
struct watchdog {
	pthread_mutex_t lock;
	int fd;
	uint64_t timeout_usec;
	bool keep;
};

#define WATCHDOG_INIT { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1 }

/**
 * watchdog_path() - name of the watchdog's device
 * @config: configuration
 *
 * Return: to be freed; NULL without memory.
 */
char *watchdog_path(const struct fr_config *config);

/**
 * watchdog_start() - start it, or feed it if it runs
 * @watchdog: the watchdog
 * @device: name of the device
 * @timeout_usec: after which it is to reset the machine; the driver may take
 *	another time
 * @error: why it does not run
 *
 * Return: 0; -ENOENT if the machine has none; -EBUSY if something else has it
 * open, mostly systemd; another negative errno.
 */
int watchdog_start(struct watchdog *watchdog, const char *device,
		   uint64_t timeout_usec, struct fr_error *error);

/* Feed it, if it is open. */
void watchdog_feed(struct watchdog *watchdog);

/**
 * watchdog_stop() - stop it, and close it
 *
 * Return: true; false if it can't be stopped: then it is still open and has to
 * be fed.
 */
bool watchdog_stop(struct watchdog *watchdog);

/**
 * watchdog_hand_over() - close it, for another program to open it
 * @watchdog: may be closed
 *
 * One that can't be stopped counts on: it has to be opened and fed in time.
 */
void watchdog_hand_over(struct watchdog *watchdog);

/**
 * watchdog_is_ours() - does this process have the device open?
 * @device: name of the device
 */
bool watchdog_is_ours(const char *device);

/**
 * watchdog_feed_usec() - how often it is to be fed
 *
 * Return: microseconds; 0 if it is not open.
 */
uint64_t watchdog_feed_usec(struct watchdog *watchdog);

/**
 * watchdog_is_running() - does it count already, without us?
 * @device: name of the device
 *
 * Return: true if the driver says so. Does not open the device.
 */
bool watchdog_is_running(const char *device);

#endif
