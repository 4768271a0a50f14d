/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What changes without us: a kexec tool arms a slot, or takes it back. The
 * kernel tells who polls "armed".
 */
#ifndef FASTREBOOTD_WATCH_H
#define FASTREBOOTD_WATCH_H

#include <systemd/sd-event.h>

struct daemon;

/**
 * struct watch - the poll
 * @fd: of the file; -1 if it is not polled
 * @source: of @fd
 */
struct watch {
	int fd;
	sd_event_source *source;
};

/* Begin to poll; without the file, or where it can't be polled, nothing does. */
void watch_init(struct daemon *daemon);

/* End it. */
void watch_done(struct daemon *daemon);

#endif
