/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the journal tells of earlier boots: when this one was committed, and, for
 * a boot by firmware, how the last update ended. The kernel can't know either.
 *
 * A journal can be large, so that a thread of its own looks, once, and the main
 * thread does not wait for it. Without a persistent journal nothing is known.
 */
#ifndef FASTREBOOTD_HISTORY_H
#define FASTREBOOTD_HISTORY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "pool/describe.h"

/**
 * struct history - what was found
 * @generation: of the running kernel; for the thread
 * @started: @thread has to be joined
 * @thread: that looks
 * @event_fd: written to when it is done
 * @event_source: of @event_fd
 * @found: called in the main thread when it is done
 * @userdata: of @found
 * @committed_usec: when this boot was committed, CLOCK_REALTIME; 0 if not known
 * @status: of the last update before this boot
 * @message: the same for people
 *
 * The last three are written by the thread, and may be read by the main
 * thread once @started is false.
 */
struct history {
	uint64_t generation;
	bool started;
	pthread_t thread;
	int event_fd;
	sd_event_source *event_source;
	void (*found)(void *userdata);
	void *userdata;
	uint64_t committed_usec;
	enum update_status status;
	char message[256];
};

#define HISTORY_INIT { .event_fd = -1 }

/**
 * history_init() - start to look
 * @history: HISTORY_INIT
 * @event: the loop
 * @generation: of the running kernel
 * @found: called from the loop when it is done
 * @userdata: of @found
 *
 * Without a thread or a journal nothing is known, and nothing is called.
 */
void history_init(struct history *history, sd_event *event, uint64_t generation,
		  void (*found)(void *userdata), void *userdata);

/* Wait for the thread, and free everything. */
void history_done(struct history *history);

/**
 * history_shutdown_ns() - from the commit to reboot(2) of the kernel before
 * @history: what was found
 * @entry_ns: from reboot(2) to the start of this kernel, in nanoseconds
 *
 * Return: nanoseconds, or FR_DURATION_UNKNOWN. Two clocks are compared, so it
 * is as good as they are; what is absurd is unknown.
 */
int64_t history_shutdown_ns(const struct history *history, uint64_t entry_ns);

#endif
