/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What became of updates, put together from the events that the daemon has written to
 * the journal: it keeps no file of them, and a journal has its own limits and its own
 * permissions.
 */
#ifndef UPDATES_H
#define UPDATES_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "events.h"

/**
 * struct update_event - an entry of the journal
 * @event: what happened
 * @usec: when, CLOCK_REALTIME
 * @generation: of the ledger
 * @blackout_ns: of the last reboot, 0 if it is not about that
 * @release: what it is about; empty if it is not known, as those that follow
 * @reason: why
 * @boot_reason: how the kernel was started
 * @message: the line for people
 */
struct update_event {
	enum fr_event event;
	uint64_t usec;
	uint64_t generation;
	uint64_t blackout_ns;
	char release[65];
	char reason[256];
	char boot_reason[32];
	char message[256];
};

/**
 * updates_from_events() - put updates together
 * @events: in the order of time
 * @n: how many
 * @max: how many updates, at least 1
 * @ret: array of updates of org.fastreboot.history/1, the newest first, to be
 *	released by the caller
 *
 * Return: 0; -ENOMEM.
 */
int updates_from_events(const struct update_event *events, size_t n,
			unsigned int max, struct json_object **ret);

/**
 * updates_make() - what the journal knows
 * @max: how many updates, at least 1
 * @ret: org.fastreboot.history/1, to be released by the caller
 * @error: why not
 *
 * Return: 0; -EACCES with FR_NOT_PERMITTED if the caller may not read the journal; another negative errno.
 */
int updates_make(unsigned int max, struct json_object **ret,
		 struct fr_error *error);

#endif
