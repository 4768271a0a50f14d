/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fastrebootd: the only writer of the pool.
 *
 * What it knows comes from the kernel's files, read at the start and after every
 * change; what it keeps in memory only makes the answers richer (when a slot was
 * verified, how the last job ended). The only file of its own repeats what decides
 * about an update where memory may be lost (pool/mirror.h). So it can be killed
 * at any moment: the next start looks at the pool, cleans up what was left half
 * done (recover.c), and goes on watching a kernel that is not confirmed yet
 * (confirm.c).
 *
 * Its life, with the file that each arrow is in:
 *
 *	            start (recover.c)
 *	              |          |
 *	 armed, and   |          |  else; an armed slot on
 *	 interrupted  |          |  its way out: leaving
 *	              v          v
 *	          undoing ----> idle -------- a call: work.c --------> job
 *	              ^           ^                                   |   |
 *	              |           |   it failed, was cancelled, or    |   |
 *	              |           +---- leaves the machine here ------+   |
 *	              |                                                   |
 *	              |                 a commit or a rollback is ready:  |
 *	   the kernel or systemd        leave.c, go-back.c                |
 *	   refuses: leave.c                                               v
 *	              +------------------------------------------------ leaving
 *	                                                                  |
 *	                                         the jump, the next kernel's start
 *
 *	watching	beside all of these, from the start of an unconfirmed kernel
 *			to its confirmation (confirm.c); the watchdog is fed
 *			(feed.c). A kernel that is given up cancels the job that is
 *			there, and from idle a rollback starts by itself
 *			(go-back.c), or the machine is rebooted by firmware.
 *
 * "job" is @job, of any kind but "undo", which is "undoing"; "leaving" is
 * @leaving, "watching" is @confirm.watching; idle is none of them but the last.
 *
 * Threads: the main thread runs the event loop and everything in struct daemon
 * belongs to it, except what says otherwise. A job (jobs/job.c) has a thread of
 * its own, and so has the search in the journal (history.c).
 */
#ifndef FASTREBOOTD_DAEMON_H
#define FASTREBOOTD_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "base/clock.h"
#include "base/watchdog.h"
#include "config.h"
#include "jobs/job.h"
#include "policy/history.h"
#include "policy/watch.h"
#include "pool.h"
#include "pool/mirror.h"
#include "timeline.h"
#include "transport/bus.h"
#include "transport/logind.h"
#include "transport/systemd.h"

struct work;

/**
 * struct last_job - how the last job ended
 * @kind: NULL if there was none
 * @result: "done" or the name of a failure
 * @message: one line for people
 * @ended_at: when
 */
struct last_job {
	char *kind;
	char *result;
	char *message;
	char ended_at[CLOCK_TEXT_SIZE];
};

/**
 * struct confirm - what happens to an unconfirmed kernel
 * @watching: it is unconfirmed, and was not given up
 * @timer: the time that it has
 * @given_up: it has to be rolled back, as soon as no job is there
 * @reason: why; an array, so that giving up can't fail
 */
struct confirm {
	bool watching;
	sd_event_source *timer;
	bool given_up;
	char reason[512];
};

/**
 * struct daemon - everything
 * @event: the loop
 * @lock_fd: held as long as the daemon lives
 * @config: as it was at the start: for what is no job
 * @supported: the kernel has fast reboot
 * @pool: as it was read last, with the tries that count; empty if it is not
 *	supported
 * @mirror: what the disk says of updates, as it was read last
 * @boot_id: of the running boot
 * @tries_from_disk: the tries in @pool are those of the disk
 * @pool_error: why there is none, or why it could not be read
 * @release: of the running kernel
 * @job: that is running, or NULL
 * @work: kind of @job
 * @on_idle: called when no job is there any more, and the daemon goes on
 * @jobs_started: number of the last job
 * @last_job: how it ended
 * @verified_at: when each slot was verified last; empty if it was not since
 *	the daemon's start
 * @leaving: the point of no return is behind us
 * @stopping: the daemon ends when the job has
 * @bus: connections
 * @logind: the reboot that it was asked for
 * @systemd: connection to systemd
 * @confirm: what happens to an unconfirmed kernel
 * @history: what the journal tells of earlier boots
 * @watchdog: that of the machine; has a lock of its own
 * @feeder: timer that feeds it
 * @watch: poll of what changes without us
 * @timeline: as the kernel told it last; no phases if there is none
 */
struct daemon {
	sd_event *event;
	int lock_fd;
	struct fr_config config;
	bool supported;
	struct fr_pool_status pool;
	struct mirror mirror;
	char boot_id[MIRROR_BOOT_ID_SIZE];
	bool tries_from_disk;
	struct fr_error pool_error;
	char release[65];
	struct job *job;
	const struct work *work;
	void (*on_idle)(struct daemon *daemon);
	uint32_t jobs_started;
	struct last_job last_job;
	char verified_at[FR_SLOTS_MAX][CLOCK_TEXT_SIZE];
	bool leaving;
	bool stopping;
	struct bus bus;
	struct logind logind;
	struct systemd systemd;
	struct confirm confirm;
	struct history history;
	struct watchdog watchdog;
	sd_event_source *feeder;
	struct watch watch;
	struct fr_timeline timeline;
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
 * daemon_store_mirror() - write @mirror to the disk, while there is no job
 *
 * A failure is told of, and has no other consequence.
 */
void daemon_store_mirror(struct daemon *daemon);

/**
 * daemon_settle_mirror() - have the disk follow a ledger that counts
 *
 * At the start, and when a job has ended: a kernel may have been confirmed while
 * the job had the file.
 */
void daemon_settle_mirror(struct daemon *daemon);

/**
 * daemon_changed() - tell the buses and systemd what may have changed
 */
void daemon_changed(struct daemon *daemon);

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
 * While a job is there it is as it was read before: the kernel's file waits for
 * what the job has the kernel hash.
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

/**
 * daemon_done() - free what the daemon knows
 * @daemon: whose parts have ended, see main.c; what is of no part is freed: the pool's
 *	status, what is on disk, the configuration, the last job
 */
void daemon_done(struct daemon *daemon);

#endif
