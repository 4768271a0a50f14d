// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"
#include "pool.h"

/* The kernel tells again only when the file was read in between. */
static void read_file(int fd)
{
	char value[32];

	if (pread(fd, value, sizeof(value), 0) < 0)
		return;
}

static int on_change(sd_event_source *event_source, int fd, uint32_t events,
		     void *userdata)
{
	struct watch *watch = userdata;

	read_file(fd);
	watch->changed(watch->userdata);
	return 0;
}

void watch_init(struct watch *watch, sd_event *event,
		void (*changed)(void *userdata), void *userdata)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/armed", fr_pool_root()) < 0) {
		path = NULL;
		return;
	}
	watch->changed = changed;
	watch->userdata = userdata;
	watch->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (watch->fd < 0)
		return;
	read_file(watch->fd);
	if (sd_event_add_io(event, &watch->event_source, watch->fd, EPOLLPRI,
			    on_change, watch) < 0)
		watch_done(watch);
}

void watch_done(struct watch *watch)
{
	watch->event_source =
		sd_event_source_disable_unref(watch->event_source);
	fr_closep(&watch->fd);
	watch->fd = -1;
}
