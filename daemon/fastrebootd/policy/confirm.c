// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy/confirm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/journal.h"
#include "cleanup.h"
#include "policy/daemon.h"
#include "policy/feed.h"
#include "policy/go-back.h"
#include "pool/source.h"

/* Time for the first request when the daemon comes late. */
#define GRACE_USEC (10 * UINT64_C(1000000))

#ifdef FR_TESTING
static uint64_t grace_usec(void)
{
	const char *usec = getenv("FASTREBOOT_GRACE_USEC");

	return usec ? strtoull(usec, NULL, 10) : GRACE_USEC;
}
#else
static uint64_t grace_usec(void)
{
	return GRACE_USEC;
}
#endif

bool confirm_is_watching(const struct daemon *daemon)
{
	return daemon->confirm.watching;
}

static void stop_watching(struct daemon *daemon)
{
	struct confirm *confirm = &daemon->confirm;

	confirm->watching = false;
	confirm->timer = sd_event_source_disable_unref(confirm->timer);
}

/* A kernel that is itself a rollback has no way back. */
static bool is_rollback(struct daemon *daemon)
{
	_cleanup_free_ char *from =
		source_member(daemon->pool.source, "rollback_from");

	return from != NULL;
}

static void report(struct daemon *daemon, const char *reason,
		   const char *consequence)
{
	struct journal_fields fields = { .generation = daemon->pool.generation,
					 .slot = daemon->pool.running,
					 .release = daemon->release,
					 .reason = reason };

	journal_event(FR_EVENT_UNCONFIRMED, LOG_ERR, &fields,
		      "%s is not good: %s; %s", daemon->release, reason,
		      consequence);
}

/* The kernel is given up: what now? */
static void act(struct daemon *daemon)
{
	const char *reason = daemon->confirm.reason;

	daemon->confirm.given_up = false;
	if (is_rollback(daemon)) {
		report(daemon, reason, "it is itself a rollback");
		go_back_fall_back(daemon, reason);
		return;
	}
	report(daemon, reason, "it is rolled back");
	go_back_by_itself(daemon, reason);
}

/* Give the kernel up. A job that is there has to end first. */
static void give_up(struct daemon *daemon, const char *reason)
{
	if (!daemon->confirm.watching || daemon->leaving)
		return;
	if (!daemon->config.rollback_automatic) {
		report(daemon, reason, "Automatic= is off");
		stop_watching(daemon);
		return;
	}
	stop_watching(daemon);
	daemon->confirm.given_up = true;
	snprintf(daemon->confirm.reason, sizeof(daemon->confirm.reason), "%s",
		 reason);
	if (daemon->job)
		job_cancel(daemon->job, NULL);
	else
		act(daemon);
}

void confirm_idle(struct daemon *daemon)
{
	if (daemon->confirm.given_up && !daemon->leaving && !daemon->stopping)
		act(daemon);
}

void confirm_boot_failed(struct daemon *daemon, const char *units)
{
	char reason[400];

	snprintf(reason, sizeof(reason), "boot-complete.target failed%s%s",
		 *units ? ", with " : "", units);
	give_up(daemon, reason);
}

static int on_timeout(sd_event_source *event_source, uint64_t usec,
		      void *userdata)
{
	give_up(userdata, "not confirmed in time");
	return 0;
}

static uint64_t deadline(struct daemon *daemon)
{
	uint64_t end = daemon->config.confirm_timeout_usec;
	uint64_t first = 0;

	sd_event_now(daemon->event, CLOCK_BOOTTIME, &first);
	first += grace_usec();
	return end < first ? first : end;
}

static void start_timer(struct daemon *daemon)
{
	if (!daemon->config.confirm_timeout_usec)
		return;
	sd_event_add_time(daemon->event, &daemon->confirm.timer, CLOCK_BOOTTIME,
			  deadline(daemon), 0, on_timeout, daemon);
}

void confirm_init(struct daemon *daemon)
{
	char reason[128];

	if (daemon_confirmed(daemon) || daemon->leaving)
		return;
	daemon->confirm.watching = true;
	feed_take(daemon);
	if (daemon->pool.tries > daemon->config.max_tries) {
		snprintf(reason, sizeof(reason),
			 "%u fast reboots without a confirmation",
			 daemon->pool.tries);
		give_up(daemon, reason);
		return;
	}
	start_timer(daemon);
}

void confirm_done(struct daemon *daemon)
{
	struct confirm *confirm = &daemon->confirm;

	confirm->timer = sd_event_source_disable_unref(confirm->timer);
	confirm->given_up = false;
}

static void tell_confirmed(struct daemon *daemon)
{
	struct journal_fields fields = { .generation = daemon->pool.generation,
					 .slot = daemon->pool.running,
					 .release = daemon->release };

	journal_event(FR_EVENT_CONFIRMED, LOG_NOTICE, &fields,
		      "%s is confirmed", daemon->release);
}

static int check_confirm(struct daemon *daemon, struct fr_error *error)
{
	int err = daemon_check_pool(daemon, error);

	if (err)
		return err;
	if (daemon->leaving || daemon->confirm.given_up)
		return fr_fail(error, FR_BUSY, -EBUSY,
			       "it is too late: a reboot is under way");
	return 0;
}

int confirm_now(struct daemon *daemon, struct fr_error *error)
{
	bool was_confirmed = daemon_confirmed(daemon);
	int err;

	err = check_confirm(daemon, error);
	if (err)
		return err;
	err = fr_pool_confirm(error);
	if (err)
		return err;
	stop_watching(daemon);
	feed_release(daemon);
	if (!daemon->job) {
		mirror_confirm(&daemon->mirror, &daemon->pool);
		daemon_store_mirror(daemon);
	}
	daemon_refresh(daemon);
	if (!was_confirmed)
		tell_confirmed(daemon);
	daemon_changed(daemon);
	return 0;
}
