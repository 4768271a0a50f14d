/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fastrebootd: the only writer of the pool.
 *
 * What it knows comes from the kernel's files, read at the start and after every
 * change; what it keeps in memory only makes the answers richer (when a slot was
 * verified, how the last job ended). It has no state file. So it can be killed
 * at any moment: the next start looks at the pool, cleans up what was left half
 * done (recover.c), and goes on watching a kernel that is not confirmed yet
 * (confirm.c).
 *
 * Threads: the main thread runs the event loop and everything in struct daemon
 * belongs to it, except what says otherwise. A job (job.c) has a thread of its
 * own, and so has the search in the journal (history.c).
 */
#ifndef FASTREBOOTD_DAEMON_H
#define FASTREBOOTD_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "base/clock.h"
#include "base/watchdog.h"
#include "config.h"
#include "confirm.h"
#include "history.h"
#include "job.h"
#include "pool.h"
#include "timeline.h"
#include "transport/bus.h"
#include "transport/systemd.h"
#include "watch.h"

/**
 * struct last_job - how the last job ended
 * @kind: NULL if there was none
 * @result: "done" or the name of a failure
 * @message: one line for people
 * @at: when
 */
struct last_job {
	char *kind;
	char *result;
	char *message;
	char at[CLOCK_TEXT_SIZE];
};

/**
 * struct daemon - everything
 * @event: the loop
 * @lock_fd: held as long as the daemon lives
 * @config: as it was at the start: for what is no job
 * @supported: the kernel has fast reboot
 * @pool: as it was read last; empty if it is not supported
 * @pool_error: why there is none, or why it could not be read
 * @release: of the running kernel
 * @job: that is running, or NULL
 * @jobs_started: number of the last job
 * @last_job: how it ended
 * @verified_at: when each slot was verified last; empty if it was not since
 *	the daemon's start
 * @leaving: the point of no return is behind us
 * @stopping: the daemon ends when the job has
 * @bus: connections
 * @systemd: connection to systemd
 * @confirm: what happens to an unconfirmed kernel
 * @history: what the journal tells of earlier boots
 * @watchdog: that of the machine; has a lock of its own
 * @watch: poll of what changes without us
 */
struct daemon {
	sd_event *event;
	int lock_fd;
	struct fr_config config;
	bool supported;
	struct fr_pool_status pool;
	struct fr_error pool_error;
	char release[65];
	struct job *job;
	uint32_t jobs_started;
	struct last_job last_job;
	char verified_at[FR_SLOTS_MAX][CLOCK_TEXT_SIZE];
	bool leaving;
	bool stopping;
	struct bus bus;
	struct systemd systemd;
	struct confirm confirm;
	struct history history;
	struct watchdog watchdog;
	struct watch watch;
};

/**
 * daemon_check_idle() - may a job start?
 *
 * Return: 0, or -EBUSY with FR_BUSY.
 */
int daemon_check_idle(const struct daemon *daemon, struct fr_error *error);

/**
 * daemon_check_pool() - is there a pool to work with?
 *
 * Return: 0, or a negative errno with FR_UNSUPPORTED or FR_NO_POOL.
 */
int daemon_check_pool(const struct daemon *daemon, struct fr_error *error);

/**
 * daemon_refresh() - read the kernel's files again
 *
 * While a job is there, only what can be read without waiting for it.
 */
void daemon_refresh(struct daemon *daemon);

/**
 * daemon_changed() - tell the buses and systemd what may have changed
 */
void daemon_changed(struct daemon *daemon);

/**
 * daemon_idle() - a job has ended, what now?
 */
void daemon_idle(struct daemon *daemon);

/**
 * daemon_set_last_job() - remember how a job ended
 */
void daemon_set_last_job(struct daemon *daemon, const char *kind,
			 const char *result, const char *message);

/**
 * daemon_set_verified() - a slot's content has just been compared
 */
void daemon_set_verified(struct daemon *daemon, const struct fr_slot *slot);

/**
 * daemon_confirmed() - is the running kernel one that was declared good?
 *
 * Return: true also for a kernel that was not started by a fast reboot.
 */
bool daemon_confirmed(const struct daemon *daemon);

/**
 * daemon_read_timeline() - the last reboot
 *
 * Return: false, with @ret_timeline untouched, if there is nothing to tell.
 */
bool daemon_read_timeline(struct daemon *daemon,
			  struct fr_timeline *ret_timeline);

/**
 * daemon_describe() - Describe()
 * @privileged: with what only root may know
 *
 * Return: an object that the caller puts.
 */
struct json_object *daemon_describe(struct daemon *daemon, bool privileged);

/**
 * daemon_update_metrics() - write the text file for the monitoring
 */
void daemon_update_metrics(struct daemon *daemon);

#endif
