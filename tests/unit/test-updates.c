// SPDX-License-Identifier: GPL-2.0-or-later
/* What is put together from the events of the journal. */
#include "unit.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "../../tools/fastreboot/updates.h"

/* @reason: of a rollback, or a message; NULL for none */
static struct update_event event(enum fr_event kind, const char *release,
				 const char *reason)
{
	struct update_event event = { .event = kind };

	snprintf(event.release, sizeof(event.release), "%s", release);
	snprintf(event.reason, sizeof(event.reason), "%s", reason ?: "");
	snprintf(event.message, sizeof(event.message), "%s", reason ?: "");
	return event;
}

static struct update_event committed(const char *release)
{
	return event(FR_EVENT_COMMITTED, release, NULL);
}

static struct update_event confirmed(const char *release)
{
	return event(FR_EVENT_CONFIRMED, release, NULL);
}

static struct update_event rolled_back(const char *release, const char *reason)
{
	return event(FR_EVENT_ROLLED_BACK, release, reason);
}

static struct update_event started(const char *release, const char *how)
{
	struct update_event start = event(FR_EVENT_STARTED, release, NULL);

	snprintf(start.boot_reason, sizeof(start.boot_reason), "%s", how);
	start.blackout_ns = strcmp(how, "fast-reboot") ? 0 : 50;
	start.generation = 7;
	return start;
}

static const char *member(struct json_object *update, const char *name)
{
	struct json_object *found;

	if (!json_object_object_get_ex(update, name, &found))
		fail_msg("there is no %s", name);
	return found ? json_object_get_string(found) : "-";
}

/* Each update as a line "kind from to status reason blackout", newest first. */
static void expect_updates(const struct update_event *events, size_t n,
			   unsigned int max, const char *expected)
{
	struct json_object *list;
	char found[2048] = "";

	assert_int_equal(updates_from_events(events, n, max, &list), 0);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *update = json_object_array_get_idx(list, i);
		size_t size = strlen(found);

		snprintf(found + size, sizeof(found) - size,
			 "%s %s %s %s %s %s\n", member(update, "kind"),
			 member(update, "from"), member(update, "to"),
			 member(update, "status"), member(update, "reason"),
			 member(update, "blackout_ns"));
	}
	json_object_put(list);
	assert_string_equal(found, expected);
}

#define N(array) (sizeof(array) / sizeof((array)[0]))

static void one_that_went_well(void **state)
{
	const struct update_event events[] = {
		started("a", "cold"),
		committed("b"),
		started("b", "fast-reboot"),
		confirmed("b"),
	};

	expect_updates(events, 4, 9, "update a b confirmed - 50\n");
	expect_updates(events, 3, 9, "update a b unconfirmed - 50\n");
	expect_updates(events, 2, 9, "update a b leaving - -\n");
	expect_updates(events, 1, 9, "");
}

static void one_that_was_rolled_back(void **state)
{
	const struct update_event events[] = {
		started("a", "cold"),	     committed("b"),
		started("b", "fast-reboot"), rolled_back("b", "it is bad"),
		started("a", "fast-reboot"), confirmed("a"),
	};

	expect_updates(events, N(events), 9,
		       "rollback b a confirmed it is bad 50\n"
		       "update a b rolled-back it is bad 50\n");
	expect_updates(events, N(events), 1,
		       "rollback b a confirmed it is bad 50\n");
}

static void those_that_failed(void **state)
{
	const struct update_event events[] = {
		committed("b"),
		started("a", "failed"),
		committed("c"),
		started("c", "fast-reboot"),
		started("a", "reset"),
		committed("d"),
		event(FR_EVENT_COMMIT_REFUSED, "", "it stays"),
		committed("e"),
		started("e", "fast-reboot"),
		rolled_back("e", "bad"),
		event(FR_EVENT_ROLLBACK_FAILED, "", "no way"),
	};

	expect_updates(events, N(events), 9,
		       "rollback e - failed no way -\n"
		       "update a e rolled-back bad 50\n"
		       "update a d failed it stays -\n"
		       "update a c failed left before it was confirmed 50\n"
		       "update - b failed firmware has booted the machine -\n");
}

/* A confirmation by hand, and what was refused before it began, is no update. */
static void what_is_no_update(void **state)
{
	const struct update_event events[] = {
		confirmed("a"),
		event(FR_EVENT_COMMIT_REFUSED, "", "no"),
		event(FR_EVENT_DISARMED, "", "disarmed"),
		event(FR_EVENT_ROLLBACK_FAILED, "", "no way"),
		started("a", "kexec"),
	};

	expect_updates(events, N(events), 9, "");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(one_that_went_well),
	UNIT_TEST(one_that_was_rolled_back),
	UNIT_TEST(those_that_failed),
	UNIT_TEST(what_is_no_update),
};
UNIT_MAIN(tests)
