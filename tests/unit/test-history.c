// SPDX-License-Identifier: GPL-2.0-or-later
/* What is known of earlier boots, without a journal and from two clocks. */
#include "daemon-fixture.h"

#include <time.h>

#define SECOND_NS INT64_C(1000000000)

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* When this machine was booted, in microseconds of the time of day. */
static uint64_t boot_usec(void)
{
	return (uint64_t)(clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME)) /
	       1000;
}

/* Two clocks are read one after the other, here as there. */
static void expect_about(int64_t found, int64_t expected)
{
	assert_true(found > expected - SECOND_NS &&
		    found < expected + SECOND_NS);
}

static void time_from_the_commit_to_reboot(void **state)
{
	struct history history = HISTORY_INIT;

	/* Committed 20 s before the boot, 2 s of which the kernel has told. */
	history.committed_usec = boot_usec() - 20 * 1000000;
	expect_about(history_shutdown_ns(&history, 2 * SECOND_NS),
		     18 * SECOND_NS);
}

static void nothing_is_known(void **state)
{
	struct history history = HISTORY_INIT;

	assert_true(history_shutdown_ns(&history, 1) == FR_DURATION_UNKNOWN);
	/* What the thread writes is not looked at as long as it runs. */
	history.committed_usec = boot_usec() - 20 * 1000000;
	history.started = true;
	assert_true(history_shutdown_ns(&history, 1) == FR_DURATION_UNKNOWN);
}

static void what_is_absurd_is_unknown(void **state)
{
	struct history history = HISTORY_INIT;

	/* The clock was set in between: a commit after the boot, */
	history.committed_usec = boot_usec() + 20 * 1000000;
	assert_true(history_shutdown_ns(&history, 1) == FR_DURATION_UNKNOWN);
	/* and one two hours before. */
	history.committed_usec = boot_usec() - 7200 * UINT64_C(1000000);
	assert_true(history_shutdown_ns(&history, 1) == FR_DURATION_UNKNOWN);
}

static void on_found(void *userdata)
{
	bool *found = userdata;

	*found = true;
}

static void without_a_journal(void **state)
{
	struct history history = HISTORY_INIT;
	sd_event *event = NULL;
	bool found = false;

	assert_true(sd_event_new(&event) >= 0);
	history_init(&history, event, 7, on_found, &found);
	assert_true(history.started);
	while (!found)
		assert_true(sd_event_run(event, UINT64_MAX) >= 0);
	assert_false(history.started);
	assert_int_equal(history.generation, 7);
	assert_int_equal(history.status, UPDATE_NONE);
	assert_int_equal(history.committed_usec, 0);
	history_done(&history);
	assert_int_equal(history.event_fd, -1);
	sd_event_unref(event);
}

/* The daemon ends before the search does. */
static void ended_at_once(void **state)
{
	struct history history = HISTORY_INIT;
	sd_event *event = NULL;
	bool found = false;

	assert_true(sd_event_new(&event) >= 0);
	history_init(&history, event, 7, on_found, &found);
	history_done(&history);
	assert_false(history.started);
	assert_false(found);
	history_done(&history);
	sd_event_unref(event);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(time_from_the_commit_to_reboot),
	UNIT_TEST(nothing_is_known),
	UNIT_TEST(what_is_absurd_is_unknown),
	UNIT_TEST(without_a_journal),
	UNIT_TEST(ended_at_once),
};
FILES_UNIT_MAIN(tests)
