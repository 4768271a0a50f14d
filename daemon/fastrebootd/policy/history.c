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

#include "cleanup.h"
#include "event-journal.h"

/* Entries to go through before giving up. */
#define ENTRIES_MAX 1000

#define HOUR_NS INT64_C(3600000000000)

/* What ends an update, or begins one. */
static const enum fr_event events[] = {
	FR_EVENT_COMMITTED,
	FR_EVENT_CONFIRMED,
	FR_EVENT_ROLLED_BACK,
	FR_EVENT_ROLLBACK_FAILED,
};

static bool is_event(const char *id, enum fr_event event)
{
	return !strcmp(id, fr_event_ids[event]);
}

/* The last event of all boots before this one decides. */
static void take_status(struct history *history, sd_journal *journal,
			const char *id)
{
	char message[200], release[65];

	fr_event_journal_field(journal, "MESSAGE", message, sizeof(message));
	fr_event_journal_field(journal, "FASTREBOOT_RELEASE", release,
			       sizeof(release));
	if (is_event(id, FR_EVENT_CONFIRMED)) {
		history->status = UPDATE_CONFIRMED;
		snprintf(history->message, sizeof(history->message), "%s",
			 message);
		return;
	}
	history->status = UPDATE_FAILED;
	if (is_event(id, FR_EVENT_COMMITTED))
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

	if (!is_event(id, FR_EVENT_COMMITTED) &&
	    !is_event(id, FR_EVENT_ROLLED_BACK))
		return;
	fr_event_journal_field(journal, "FASTREBOOT_GENERATION", generation,
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
		fr_event_journal_field(journal, "MESSAGE_ID", id, sizeof(id));
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

	if (!fr_event_journal_open(events, sizeof(events) / sizeof(events[0]),
				   &journal))
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
