// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy/feed.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/journal.h"
#include "cleanup.h"
#include "policy/daemon.h"

static int on_feed(sd_event_source *event_source, uint64_t usec, void *userdata)
{
	struct daemon *daemon = userdata;
	uint64_t every = watchdog_feed_usec(&daemon->watchdog);

	/* Once we are leaving it is to count down to the next kernel. */
	if (!every || daemon->leaving)
		return 0;
	watchdog_feed(&daemon->watchdog);
	sd_event_source_set_time_relative(event_source, every);
	return sd_event_source_set_enabled(event_source, SD_EVENT_ONESHOT);
}

static void start_feeding(struct daemon *daemon)
{
	daemon->feeder = sd_event_source_disable_unref(daemon->feeder);
	sd_event_add_time_relative(daemon->event, &daemon->feeder,
				   CLOCK_MONOTONIC, 0, 0, on_feed, daemon);
}

/* Does it run now? */
static bool start_watchdog(struct daemon *daemon)
{
	_cleanup_free_ char *path = watchdog_path(&daemon->config);
	struct fr_error error = { 0 };
	int err;

	if (!daemon->config.watchdog_usec || !path)
		return false;
	err = watchdog_start(&daemon->watchdog, path,
			     daemon->config.watchdog_usec, &error);
	if (err && err != -ENOENT)
		journal_message(LOG_NOTICE, "no watchdog: %s", error.text);
	return !err;
}

void feed_take(struct daemon *daemon)
{
	if (start_watchdog(daemon))
		start_feeding(daemon);
}

void feed_for_the_jump(struct daemon *daemon)
{
	start_watchdog(daemon);
}

void feed_hand_over(struct daemon *daemon)
{
	if (!daemon->config.watchdog_usec)
		return;
	/* Two can't have it open. One that can't be stopped counts on meanwhile. */
	watchdog_hand_over(&daemon->watchdog);
	systemd_watch_shutdown(&daemon->systemd, daemon->config.watchdog_usec);
}

/* An unconfirmed kernel's stays with systemd, where it is fed, too. */
void feed_release(struct daemon *daemon)
{
	if (daemon->confirm.watching && !daemon->systemd.watches)
		feed_take(daemon);
	else if (!watchdog_stop(&daemon->watchdog))
		start_feeding(daemon);
	if (daemon->systemd.watches && !daemon->confirm.watching)
		systemd_watch_shutdown(&daemon->systemd, UINT64_MAX);
}

void feed_recover(struct daemon *daemon)
{
	_cleanup_free_ char *path = watchdog_path(&daemon->config);

	if (!daemon->config.watchdog_usec || !path || daemon->leaving ||
	    !watchdog_is_running(path))
		return;
	if (!watchdog_start(&daemon->watchdog, path,
			    daemon->config.watchdog_usec, NULL))
		feed_release(daemon);
}

void feed_done(struct daemon *daemon)
{
	if (!daemon->leaving)
		watchdog_stop(&daemon->watchdog);
	daemon->feeder = sd_event_source_disable_unref(daemon->feeder);
}
