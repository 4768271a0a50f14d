// SPDX-License-Identifier: GPL-2.0-or-later
#include "event-journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef FR_TESTING
static int open_journal(sd_journal **ret)
{
	const char *folder = getenv("FASTREBOOT_JOURNAL");

	return folder ? sd_journal_open_directory(ret, folder, 0) : -ENOENT;
}

static int match_us(sd_journal *journal)
{
	return 0;
}
#else
static int open_journal(sd_journal **ret)
{
	return sd_journal_open(ret, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
}

/* Any user can write an entry with our MESSAGE_ID, but not with these. */
static int match_us(sd_journal *journal)
{
	int err = sd_journal_add_match(journal, "_UID=0", 0);

	return err < 0 ? err :
			 sd_journal_add_match(journal, "_COMM=fastrebootd", 0);
}
#endif

static int match_events(sd_journal *journal, const enum fr_event *events,
			size_t n)
{
	char match[64];
	int err = 0;

	for (size_t i = 0; err >= 0 && i < n; i++) {
		snprintf(match, sizeof(match), "MESSAGE_ID=%s",
			 fr_event_ids[events[i]]);
		err = sd_journal_add_match(journal, match, 0);
	}
	return err;
}

int fr_event_journal_open(const enum fr_event *events, size_t n,
			  sd_journal **ret)
{
	_cleanup_journal_ sd_journal *journal = NULL;
	int err = open_journal(&journal);

	if (err >= 0)
		err = match_us(journal);
	if (err >= 0)
		err = match_events(journal, events, n);
	if (err < 0)
		return err;
	*ret = fr_steal_pointer(journal);
	return 0;
}

void fr_event_journal_field(sd_journal *journal, const char *name, char *ret,
			    size_t size)
{
	size_t prefix = strlen(name) + 1;
	const void *data;
	size_t length;

	ret[0] = '\0';
	if (sd_journal_get_data(journal, name, &data, &length) < 0 ||
	    length < prefix)
		return;
	length -= prefix;
	if (length >= size)
		length = size - 1;
	memcpy(ret, (const char *)data + prefix, length);
	ret[length] = '\0';
}

enum fr_event fr_event_from_id(const char *id)
{
	int event = 0;

	while (event < FR_EVENTS && strcmp(fr_event_ids[event], id))
		event++;
	return (enum fr_event)event;
}
