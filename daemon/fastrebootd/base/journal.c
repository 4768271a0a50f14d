// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * With a journal, entries go there with their fields. Without one, as in an
 * initramfs, the messages go to stderr with systemd's prefix for the priority.
 */
#include "base/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/journal-send.h"
#include "cleanup.h"

#define FIELDS_MAX 10

/**
 * struct entry - the fields of an entry
 * @n: fields in @fields
 * @fields: "NAME=value"; owned
 */
struct entry {
	size_t n;
	char *fields[FIELDS_MAX];
};

static void entry_free(struct entry *entry)
{
	for (size_t i = 0; i < entry->n; i++)
		free(entry->fields[i]);
}

__attribute__((__format__(printf, 2, 0))) static void
entry_vadd(struct entry *entry, const char *format, va_list arguments)
{
	char **field = &entry->fields[entry->n];

	/* Without memory an entry with less is better than none. */
	if (entry->n < FIELDS_MAX && vasprintf(field, format, arguments) >= 0)
		entry->n++;
}

__attribute__((__format__(printf, 2, 3))) static void
entry_add(struct entry *entry, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	entry_vadd(entry, format, arguments);
	va_end(arguments);
}

/* systemd sets the variable when stderr goes to the journal as well. */
static void send_entry(const struct entry *entry, int priority,
		       const char *message)
{
	_cleanup_free_ char *line = NULL;

	journal_send(entry->fields, entry->n);
	if (getenv("JOURNAL_STREAM"))
		return;
	if (asprintf(&line, "<%d>fastrebootd: %s\n", priority, message) < 0)
		line = NULL;
	else
		journal_put_stderr(line);
}

__attribute__((__format__(printf, 3, 0))) static void
say(struct entry *entry, int priority, const char *format, va_list arguments)
{
	_cleanup_free_ char *message = NULL;

	if (vasprintf(&message, format, arguments) < 0) {
		message = NULL;
		return;
	}
	entry_add(entry, "MESSAGE=%s", message);
	entry_add(entry, "PRIORITY=%d", priority);
	entry_add(entry, "SYSLOG_IDENTIFIER=fastrebootd");
	send_entry(entry, priority, message);
}

void journal_event(enum fr_event event, int priority,
		   const struct journal_fields *fields, const char *format, ...)
{
	struct entry entry = { 0 };
	va_list arguments;

	entry_add(&entry, "MESSAGE_ID=%s", fr_event_ids[event]);
	entry_add(&entry, "FASTREBOOT_GENERATION=%llu",
		  (unsigned long long)fields->generation);
	if (fields->slot >= 0)
		entry_add(&entry, "FASTREBOOT_SLOT=%d", fields->slot);
	if (fields->release)
		entry_add(&entry, "FASTREBOOT_RELEASE=%s", fields->release);
	if (fields->reason)
		entry_add(&entry, "FASTREBOOT_REASON=%s", fields->reason);
	if (fields->boot_reason)
		entry_add(&entry, "FASTREBOOT_BOOT_REASON=%s",
			  fields->boot_reason);
	if (fields->blackout_ns)
		entry_add(&entry, "FASTREBOOT_BLACKOUT_NSEC=%llu",
			  (unsigned long long)fields->blackout_ns);
	va_start(arguments, format);
	say(&entry, priority, format, arguments);
	va_end(arguments);
	entry_free(&entry);
}

void journal_message(int priority, const char *format, ...)
{
	struct entry entry = { 0 };
	va_list arguments;

	va_start(arguments, format);
	say(&entry, priority, format, arguments);
	va_end(arguments);
	entry_free(&entry);
}
