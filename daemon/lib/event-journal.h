/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the events of events.h from the journal. */
#ifndef FR_EVENT_JOURNAL_H
#define FR_EVENT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include <systemd/sd-journal.h>

#include "cleanup.h"
#include "events.h"

#define _cleanup_journal_ _cleanup_(sd_journal_closep)

/**
 * fr_event_journal_open() - open the journal, to read some events of fastrebootd's
 * @events: which
 * @n: how many
 * @ret: to be closed by the caller
 *
 * Entries of other programs don't count, whatever they say. A test's build reads the
 * folder $FASTREBOOT_JOURNAL, and nothing without it.
 *
 * Return: 0; a negative errno.
 */
int fr_event_journal_open(const enum fr_event *events, size_t n,
			  sd_journal **ret);

/**
 * fr_event_journal_field() - a field of the entry that is being looked at
 * @journal: at an entry
 * @name: of the field
 * @ret: the value, cut to the buffer; empty if there is none
 * @size: bytes of @ret, at least 1
 */
void fr_event_journal_field(sd_journal *journal, const char *name, char *ret,
			    size_t size);

/**
 * fr_event_from_id() - which event an ID is
 * @id: MESSAGE_ID
 *
 * Return: the event; FR_EVENTS for another one.
 */
enum fr_event fr_event_from_id(const char *id);

#endif
