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

#define FIELDS_MAX 8

const char *const journal_ids[JOURNAL_EVENTS] = {
	[JOURNAL_STAGED] = "5f7424386b3d458e96482270d4014382",
	[JOURNAL_STAGE_FAILED] = "a025c1ebb61b43a2bfcdf97ee7f62102",
	[JOURNAL_COMMITTED] = "10270ceb31fd4446a88f12ec56b2a75a",
	[JOURNAL_COMMIT_REFUSED] = "2cca007e723f4cde9bbfca2258c03490",
	[JOURNAL_CONFIRMED] = "23b3c19dcd084293b8458b4319049ff4",
	[JOURNAL_ROLLED_BACK] = "6697d265e6d146e89be87f0dfd03e0cb",
	[JOURNAL_ROLLBACK_FAILED] = "02681efc976646888a145f4f076b6b63",
	[JOURNAL_INTERRUPTED] = "b6537a2a853848f8ae8d2fa713b9d9ba",
	[JOURNAL_POOL_UNUSABLE] = "36d284e65f5b4bce9f784dabbc227174",
	[JOURNAL_DISARMED] = "ec3d7210266a485184925e1fa86c6856",
	[JOURNAL_UNCONFIRMED] = "1184a3b15abc4a7d9dce002fcbeacdb5",
	[JOURNAL_VERIFY_FAILED] = "ec0d2e65768449a3831cab12c863e0c8",
};

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

void journal_event(enum journal_event event, int priority,
		   const struct journal_fields *fields, const char *format, ...)
{
	struct entry entry = { 0 };
	va_list arguments;

	entry_add(&entry, "MESSAGE_ID=%s", journal_ids[event]);
	entry_add(&entry, "FASTREBOOT_GENERATION=%llu",
		  (unsigned long long)fields->generation);
	if (fields->slot >= 0)
		entry_add(&entry, "FASTREBOOT_SLOT=%d", fields->slot);
	if (fields->release)
		entry_add(&entry, "FASTREBOOT_RELEASE=%s", fields->release);
	if (fields->reason)
		entry_add(&entry, "FASTREBOOT_REASON=%s", fields->reason);
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
