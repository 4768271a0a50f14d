/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What changes without us: a kexec tool arms a slot, or takes it back. The
 * kernel wakes a poll of "armed".
 */
#ifndef FASTREBOOTD_WATCH_H
#define FASTREBOOTD_WATCH_H

#include <systemd/sd-event.h>

/**
 * struct watch - the poll
 * @fd: of the file; -1 if it is not polled
 * @event_source: of @fd
 * @changed: called from the loop
 * @userdata: of @changed
 */
struct watch {
	int fd;
	sd_event_source *event_source;
	void (*changed)(void *userdata);
	void *userdata;
};

#define WATCH_INIT { .fd = -1 }

/**
 * watch_init() - begin to poll
 * @watch: WATCH_INIT
 * @event: the loop
 * @changed: called from it when "armed" has changed
 * @userdata: of @changed
 *
 * Without the file, or where it can't be polled, nothing is called.
 */
void watch_init(struct watch *watch, sd_event *event,
		void (*changed)(void *userdata), void *userdata);

/* End it. */
void watch_done(struct watch *watch);

#endif
