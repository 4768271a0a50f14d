/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon says. Each event that an operator may search for has a
 * MESSAGE_ID, see events.h.
 *
 * Every entry of an event carries FASTREBOOT_GENERATION=, and where it is known
 * FASTREBOOT_SLOT=, FASTREBOOT_RELEASE=, FASTREBOOT_REASON=, FASTREBOOT_BOOT_REASON=
 * and FASTREBOOT_BLACKOUT_NSEC=.
 *
 * May be called from any thread.
 */
#ifndef FASTREBOOTD_JOURNAL_H
#define FASTREBOOTD_JOURNAL_H

#include <stdint.h>
#include <syslog.h>

#include "events.h"

/**
 * struct journal_fields - what an entry is about
 * @generation: of the ledger
 * @slot: number, or -1
 * @release: of the payload's kernel; NULL if not known
 * @reason: why; NULL if there is none
 * @boot_reason: how the kernel was started; NULL if it is not about that
 * @blackout_ns: of the last reboot, in nanoseconds; 0 if it is not about that
 */
struct journal_fields {
	uint64_t generation;
	int slot;
	const char *release;
	const char *reason;
	const char *boot_reason;
	uint64_t blackout_ns;
};

/**
 * journal_event() - write an entry with a MESSAGE_ID
 * @event: what happened
 * @priority: LOG_ERR and so on
 * @fields: what it is about
 * @format: as for printf(3); one line for people
 */
void journal_event(enum fr_event event, int priority,
		   const struct journal_fields *fields, const char *format, ...)
	__attribute__((__format__(printf, 4, 5)));

/**
 * journal_message() - write an entry without one
 * @priority: LOG_ERR and so on
 * @format: as for printf(3)
 */
void journal_message(int priority, const char *format, ...)
	__attribute__((__format__(printf, 2, 3)));

#endif
