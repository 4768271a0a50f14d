// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy/started.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/journal.h"
#include "base/place.h"
#include "cleanup.h"
#include "policy/daemon.h"

/* The folder is empty after a boot, and outlives the daemon. */
static bool is_first_time(void)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/started", place_runtime()) < 0) {
		path = NULL;
		return false;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	return fd >= 0;
}

static void tell(struct daemon *daemon, struct journal_fields *fields)
{
	struct fr_timeline timeline;
	uint64_t blackout;

	if (!daemon_read_timeline(daemon, &timeline) ||
	    !fr_timeline_blackout(&timeline, &blackout)) {
		journal_event(FR_EVENT_STARTED, LOG_INFO, fields,
			      "%s was started: %s", daemon->release,
			      fields->boot_reason);
		return;
	}
	fields->blackout_ns = blackout;
	journal_event(FR_EVENT_STARTED, LOG_INFO, fields,
		      "%s was started: %s, with a blackout of %.1f ms",
		      daemon->release, fields->boot_reason,
		      (double)blackout / 1e6);
}

void started_tell(struct daemon *daemon)
{
	struct journal_fields fields = { .generation = daemon->pool.generation,
					 .slot = daemon->pool.running,
					 .release = daemon->release,
					 .boot_reason =
						 daemon->pool.boot_reason };

	if (!daemon_check_pool(daemon, NULL) && fields.boot_reason &&
	    is_first_time())
		tell(daemon, &fields);
}
