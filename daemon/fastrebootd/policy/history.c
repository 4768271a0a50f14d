// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy/history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>

#include "base/journal.h"
#include "cleanup.h"

#define _cleanup_journal_ _cleanup_(sd_journal_closep)

/* Entries to go through before giving up. */
#define ENTRIES_MAX 1000

#define HOUR_NS INT64_C(3600000000000)

/* What ends an update, or begins one. */
static const enum journal_event events[] = {
	JOURNAL_COMMITTED,
	JOURNAL_CONFIRMED,
	JOURNAL_ROLLED_BACK,
	JOURNAL_ROLLBACK_FAILED,
};

#ifdef FR_TESTING
static int open_journal(sd_journal **ret_journal)
{
	const char *folder = getenv("FASTREBOOT_JOURNAL");

	return folder ? sd_journal_open_directory(ret_journal, folder, 0) :
			-ENOENT;
}

static int match_us(sd_journal *journal)
{
	return 0;
}
#else
static int open_journal(sd_journal **ret_journal)
{
	return sd_journal_open(ret_journal,
			       SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
}

/* Any user can write an entry with our MESSAGE_ID, but not with these. */
static int match_us(sd_journal *journal)
{
	int err = sd_journal_add_match(journal, "_UID=0", 0);

	return err < 0 ? err :
			 sd_journal_add_match(journal, "_COMM=fastrebootd", 0);
}
#endif

static int match_events(sd_journal *journal)
{
	char match[64];
	int err = 0;

	for (size_t i = 0; err >= 0 && i < sizeof(events) / sizeof(events[0]);
	     i++) {
		snprintf(match, sizeof(match), "MESSAGE_ID=%s",
			 journal_ids[events[i]]);
		err = sd_journal_add_match(journal, match, 0);
	}
	return err;
}

/* The value of a field, cut to the buffer; empty if there is none. */
static void read_field(sd_journal *journal, const char *name, char *value,
		       size_t size)
{
	size_t prefix = strlen(name) + 1;
	const void *data;
	size_t length;

	value[0] = '\0';
	if (sd_journal_get_data(journal, name, &data, &length) < 0 ||
	    length < prefix)
		return;
	length -= prefix;
	if (length >= size)
		length = size - 1;
	memcpy(value, (const char *)data + prefix, length);
	value[length] = '\0';
}

static bool is_event(const char *id, enum journal_event event)
{
	return !strcmp(id, journal_ids[event]);
}

/* The last event of all boots before this one decides. */
static void take_status(struct history *history, sd_journal *journal,
			const char *id)
{
	char message[200], release[65];

	read_field(journal, "MESSAGE", message, sizeof(message));
	read_field(journal, "FASTREBOOT_RELEASE", release, sizeof(release));
	if (is_event(id, JOURNAL_CONFIRMED)) {
		history->status = UPDATE_CONFIRMED;
		snprintf(history->message, sizeof(history->message), "%s",
			 message);
		return;
	}
	history->status = UPDATE_FAILED;
	if (is_event(id, JOURNAL_COMMITTED))
		snprintf(
			history->message, sizeof(history->message),
			"%s was committed, but was not confirmed before the next boot",
			*release ? release : "a payload");
	else
		snprintf(history->message, sizeof(history->message), "%s",
			 message);
}

/* Was this the commit of this boot? It was made in the generation before. */
static void take_commit(struct history *history, sd_journal *journal,
			const char *id)
{
	char generation[32];
	uint64_t usec;

	if (!is_event(id, JOURNAL_COMMITTED) &&
	    !is_event(id, JOURNAL_ROLLED_BACK))
		return;
	read_field(journal, "FASTREBOOT_GENERATION", generation,
		   sizeof(generation));
	if (strtoull(generation, NULL, 10) + 1 != history->generation)
		return;
	if (sd_journal_get_realtime_usec(journal, &usec) >= 0)
		history->committed_usec = usec;
}

static bool is_of_this_boot(sd_journal *journal)
{
	sd_id128_t boot, entry;
	uint64_t usec;

	return sd_id128_get_boot(&boot) >= 0 &&
	       sd_journal_get_monotonic_usec(journal, &usec, &entry) >= 0 &&
	       sd_id128_equal(boot, entry);
}

static void look(struct history *history, sd_journal *journal)
{
	char id[40];
	int n;

	sd_journal_seek_tail(journal);
	for (n = 0; n < ENTRIES_MAX && sd_journal_previous(journal) > 0; n++) {
		if (is_of_this_boot(journal))
			continue;
		read_field(journal, "MESSAGE_ID", id, sizeof(id));
		take_status(history, journal, id);
		take_commit(history, journal, id);
		return;
	}
}

static void *thread_main(void *userdata)
{
	_cleanup_journal_ sd_journal *journal = NULL;
	struct history *history = userdata;
	uint64_t one = 1;

	if (open_journal(&journal) >= 0 && match_us(journal) >= 0 &&
	    match_events(journal) >= 0)
		look(history, journal);
	if (write(history->event_fd, &one, sizeof(one)) < 0)
		return NULL;
	return NULL;
}

static int on_found(sd_event_source *event_source, int fd, uint32_t revents,
		    void *userdata)
{
	struct history *history = userdata;

	pthread_join(history->thread, NULL);
	history->started = false;
	sd_event_source_set_enabled(event_source, SD_EVENT_OFF);
	history->found(history->userdata);
	return 0;
}

void history_init(struct history *history, sd_event *event, uint64_t generation,
		  void (*found)(void *userdata), void *userdata)
{
	history->generation = generation;
	history->found = found;
	history->userdata = userdata;
	history->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (history->event_fd < 0 ||
	    sd_event_add_io(event, &history->event_source, history->event_fd,
			    EPOLLIN, on_found, history) < 0)
		return;
	history->started =
		!pthread_create(&history->thread, NULL, thread_main, history);
}

void history_done(struct history *history)
{
	if (history->started)
		pthread_join(history->thread, NULL);
	history->started = false;
	history->event_source =
		sd_event_source_disable_unref(history->event_source);
	fr_closep(&history->event_fd);
	history->event_fd = -1;
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t history_shutdown_ns(const struct history *history, uint64_t entry_ns)
{
	int64_t boot_ns, shutdown_ns;

	if (history->started || !history->committed_usec)
		return FR_DURATION_UNKNOWN;
	boot_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME);
	shutdown_ns = boot_ns - (int64_t)entry_ns -
		      (int64_t)history->committed_usec * 1000;
	if (shutdown_ns < 0 || shutdown_ns > HOUR_NS)
		return FR_DURATION_UNKNOWN;
	return shutdown_ns;
}
