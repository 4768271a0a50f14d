// SPDX-License-Identifier: GPL-2.0-or-later
/* From the journal's entries to the events of updates.h. */
#include "updates.h"

#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event-journal.h"
#include "json.h"
#include "root.h"

/* Of one update; more only where commits were refused in between. */
#define EVENTS_EACH 8
#define EVENTS_MAX 20000

static const enum fr_event wanted[] = {
	FR_EVENT_COMMITTED,   FR_EVENT_COMMIT_REFUSED,	FR_EVENT_CONFIRMED,
	FR_EVENT_ROLLED_BACK, FR_EVENT_ROLLBACK_FAILED, FR_EVENT_DISARMED,
	FR_EVENT_STARTED,
};

static uint64_t read_number(sd_journal *journal, const char *name)
{
	char text[32];

	fr_event_journal_field(journal, name, text, sizeof(text));
	return strtoull(text, NULL, 10);
}

static void read_event(sd_journal *journal, struct update_event *event)
{
	char id[40];

	fr_event_journal_field(journal, "MESSAGE_ID", id, sizeof(id));
	event->event = fr_event_from_id(id);
	if (sd_journal_get_realtime_usec(journal, &event->usec) < 0)
		event->usec = 0;
	event->generation = read_number(journal, "FASTREBOOT_GENERATION");
	event->blackout_ns = read_number(journal, "FASTREBOOT_BLACKOUT_NSEC");
	fr_event_journal_field(journal, "FASTREBOOT_RELEASE", event->release,
			       sizeof(event->release));
	fr_event_journal_field(journal, "FASTREBOOT_REASON", event->reason,
			       sizeof(event->reason));
	fr_event_journal_field(journal, "FASTREBOOT_BOOT_REASON",
			       event->boot_reason, sizeof(event->boot_reason));
	fr_event_journal_field(journal, "MESSAGE", event->message,
			       sizeof(event->message));
}

/* The last @max events, from the end of @events to its beginning. */
static int read_backwards(sd_journal *journal, struct update_event *events,
			  size_t max, size_t *ret_count)
{
	size_t count = 0;
	int err;

	err = sd_journal_seek_tail(journal);
	while (err >= 0 && count < max) {
		err = sd_journal_previous(journal);
		if (err <= 0)
			break;
		count++;
		read_event(journal, &events[max - count]);
	}
	*ret_count = count;
	return err < 0 ? err : 0;
}

static int read_updates(sd_journal *journal, unsigned int max,
			struct json_object **ret)
{
	size_t size = max < EVENTS_MAX / EVENTS_EACH ? max * EVENTS_EACH :
						       EVENTS_MAX;
	_cleanup_free_ struct update_event *events =
		calloc(size, sizeof(*events));
	size_t count;
	int err;

	if (!events)
		return -ENOMEM;
	err = read_backwards(journal, events, size, &count);
	if (err < 0)
		return err;
	return updates_from_events(events + size - count, count, max, ret);
}

/* Others than root and some groups get no error, but see only entries of their own. */
static bool is_forbidden(const char *folder)
{
	_cleanup_free_ char *pattern = NULL;
	glob_t found = { 0 };
	bool forbidden = false;

	if (asprintf(&pattern, "%s%s/?*/system.journal", fr_root(), folder) <
	    0) {
		pattern = NULL;
		return false;
	}
	if (!glob(pattern, GLOB_NOSORT, NULL, &found))
		forbidden = access(found.gl_pathv[0], R_OK) < 0;
	globfree(&found);
	return forbidden;
}

static int check_access(struct fr_error *error)
{
	if (!is_forbidden("/var/log/journal") &&
	    !is_forbidden("/run/log/journal"))
		return 0;
	return fr_fail(
		error, FR_NOT_PERMITTED, -EACCES,
		"the journal, which the history is read from, is for root and the groups adm and systemd-journal");
}

int updates_make(unsigned int max, struct json_object **ret,
		 struct fr_error *error)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();
	_cleanup_journal_ sd_journal *journal = NULL;
	struct json_object *list = NULL;
	int err;

	if (!object ||
	    cli_json_add_text(object, "schema", "org.fastreboot.history/1"))
		return fr_fail_memory(error);
	err = check_access(error);
	if (err < 0)
		return err;
	err = fr_event_journal_open(wanted, sizeof(wanted) / sizeof(*wanted),
				    &journal);
	if (!err)
		err = read_updates(journal, max, &list);
	if (err == -ENOMEM)
		return fr_fail_memory(error);
	if (err < 0)
		return fr_fail(error, FR_FAILED, err,
			       "can't read the journal: %s", strerror(-err));
	if (cli_json_add(object, "updates", list))
		return fr_fail_memory(error);
	*ret = fr_steal_pointer(object);
	return 0;
}
