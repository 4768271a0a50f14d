/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an operator may search the journal for. Each event has a MESSAGE_ID, which
 * units/fastreboot.catalog explains; the IDs are an ABI.
 */
#ifndef FR_EVENTS_H
#define FR_EVENTS_H

enum fr_event {
	FR_EVENT_STAGED,
	FR_EVENT_STAGE_FAILED,
	FR_EVENT_COMMITTED,
	FR_EVENT_COMMIT_REFUSED,
	FR_EVENT_CONFIRMED,
	FR_EVENT_ROLLED_BACK,
	FR_EVENT_ROLLBACK_FAILED,
	FR_EVENT_INTERRUPTED,
	FR_EVENT_POOL_UNUSABLE,
	FR_EVENT_DISARMED,
	FR_EVENT_UNCONFIRMED,
	FR_EVENT_VERIFY_FAILED,
	FR_EVENT_STARTED,
	FR_EVENTS,
};

/* 128 bits in hexadecimal, indexed by enum fr_event. */
extern const char *const fr_event_ids[FR_EVENTS];

#endif
