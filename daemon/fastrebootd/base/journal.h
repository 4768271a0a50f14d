/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon says. Each event that an operator may search for has a
 * MESSAGE_ID, which units/fastreboot.catalog explains; the IDs are an ABI.
 *
 * Every entry of an event carries FASTREBOOT_GENERATION=, and where it is known
 * FASTREBOOT_SLOT=, FASTREBOOT_RELEASE= and FASTREBOOT_REASON=.
 *
 * May be called from any thread.
 */
#ifndef FASTREBOOTD_JOURNAL_H
#define FASTREBOOTD_JOURNAL_H

#include <stdint.h>
#include <syslog.h>

enum journal_event {
	JOURNAL_STAGED,
	JOURNAL_STAGE_FAILED,
	JOURNAL_COMMITTED,
	JOURNAL_COMMIT_REFUSED,
	JOURNAL_CONFIRMED,
	JOURNAL_ROLLED_BACK,
	JOURNAL_ROLLBACK_FAILED,
	JOURNAL_INTERRUPTED,
	JOURNAL_POOL_UNUSABLE,
	JOURNAL_DISARMED,
	JOURNAL_UNCONFIRMED,
	JOURNAL_VERIFY_FAILED,
	JOURNAL_EVENTS,
};

/* 128 bits in hexadecimal, indexed by enum journal_event. */
extern const char *const journal_ids[JOURNAL_EVENTS];

/**
 * struct journal_fields - what an entry is about
 * @generation: of the ledger
 * @slot: number, or -1
 * @release: of the payload's kernel; NULL if not known
 * @reason: why; NULL if there is none
 */
struct journal_fields {
	uint64_t generation;
	int slot;
	const char *release;
	const char *reason;
};

/**
 * journal_event() - write an entry with a MESSAGE_ID
 * @event: what happened
 * @priority: LOG_ERR and so on
 * @fields: what it is about
 * @format: as for printf(3); one line for people
 */
void journal_event(enum journal_event event, int priority,
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
