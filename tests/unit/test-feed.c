// SPDX-License-Identifier: GPL-2.0-or-later
/* How long the watchdog is fed; on a file, which can't be stopped. */
#include "daemon-fixture.h"

#include "../../daemon/fastrebootd/policy/feed.h"

#define DEVICE "/dev/watchdog0"

static void begin(struct daemon *daemon)
{
	machine_put(DEVICE, "");
	machine_put("/etc/fastreboot/fastreboot.conf",
		    "[Commit]\nWatchdogDevice=" DEVICE "\nWatchdogSec=30\n");
	daemon_begin(daemon);
}

static bool is_fed(const struct daemon *daemon)
{
	int enabled = SD_EVENT_OFF;

	return daemon->feeder &&
	       sd_event_source_get_enabled(daemon->feeder, &enabled) >= 0 &&
	       enabled != SD_EVENT_OFF;
}

static void taken_over_it_is_fed(void **state)
{
	struct daemon daemon;

	begin(&daemon);
	feed_take(&daemon);
	assert_true(daemon.watchdog.fd >= 0);
	assert_true(is_fed(&daemon));
	/* The first time at once, then again. */
	assert_true(sd_event_run(daemon.event, UINT64_MAX) >= 0);
	assert_true(is_fed(&daemon));
	daemon_end(&daemon);
}

/* From then on it counts down to the next kernel. */
static void leaving_it_is_not(void **state)
{
	struct daemon daemon;

	begin(&daemon);
	feed_take(&daemon);
	daemon.leaving = true;
	feed_for_the_jump(&daemon);
	assert_true(sd_event_run(daemon.event, UINT64_MAX) >= 0);
	assert_false(is_fed(&daemon));
	/* And the daemon's end does not stop it. */
	daemon.watchdog.keep = false;
	feed_done(&daemon);
	assert_true(daemon.watchdog.fd >= 0);
	assert_string_equal(machine_text(DEVICE), "");
	daemon_end(&daemon);
}

static void the_jump_starts_it(void **state)
{
	struct daemon daemon;

	begin(&daemon);
	feed_for_the_jump(&daemon);
	assert_true(daemon.watchdog.fd >= 0);
	assert_null(daemon.feeder);
	daemon_end(&daemon);
}

/* Closed, so that systemd can open it; here is none that does. */
static void handed_over_it_is_closed(void **state)
{
	struct daemon daemon;

	begin(&daemon);
	feed_take(&daemon);
	daemon.leaving = true;
	feed_hand_over(&daemon);
	assert_int_equal(daemon.watchdog.fd, -1);
	assert_string_equal(machine_text(DEVICE), "V");
	assert_true(sd_event_run(daemon.event, UINT64_MAX) >= 0);
	assert_false(is_fed(&daemon));
	/* The machine stays, and the kernel is watched still. */
	daemon.leaving = false;
	daemon.confirm.watching = true;
	feed_release(&daemon);
	assert_true(daemon.watchdog.fd >= 0);
	assert_true(is_fed(&daemon));
	daemon_end(&daemon);
}

static void released_it_is_stopped(void **state)
{
	struct daemon daemon;

	begin(&daemon);
	feed_for_the_jump(&daemon);
	daemon.watchdog.keep = false;
	feed_release(&daemon);
	assert_int_equal(daemon.watchdog.fd, -1);
	assert_false(is_fed(&daemon));
	assert_string_equal(machine_text(DEVICE), "V");
	daemon_end(&daemon);
}

static void one_that_can_not_be_stopped_is_fed(void **state)
{
	struct daemon daemon;

	begin(&daemon);
	feed_for_the_jump(&daemon);
	feed_release(&daemon);
	assert_true(daemon.watchdog.fd >= 0);
	assert_true(is_fed(&daemon));
	daemon_end(&daemon);
}

static void an_unconfirmed_kernels_stays(void **state)
{
	struct daemon daemon;

	begin(&daemon);
	feed_for_the_jump(&daemon);
	daemon.watchdog.keep = false;
	daemon.confirm.watching = true;
	feed_release(&daemon);
	assert_true(daemon.watchdog.fd >= 0);
	assert_true(is_fed(&daemon));
	daemon_end(&daemon);
}

static void none_that_is_configured(void **state)
{
	struct daemon daemon;

	machine_put(DEVICE, "");
	machine_put("/etc/fastreboot/fastreboot.conf",
		    "[Commit]\nWatchdogDevice=" DEVICE "\nWatchdogSec=0\n");
	daemon_begin(&daemon);
	feed_take(&daemon);
	feed_for_the_jump(&daemon);
	assert_int_equal(daemon.watchdog.fd, -1);
	assert_null(daemon.feeder);
	daemon_end(&daemon);
}

/* It does not count, so nothing has left it behind: it stays closed. */
static void one_that_does_not_run_is_left_alone(void **state)
{
	struct daemon daemon;

	begin(&daemon);
	feed_recover(&daemon);
	assert_int_equal(daemon.watchdog.fd, -1);
	assert_null(daemon.feeder);
	daemon_end(&daemon);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(taken_over_it_is_fed),
	UNIT_TEST(leaving_it_is_not),
	UNIT_TEST(the_jump_starts_it),
	UNIT_TEST(handed_over_it_is_closed),
	UNIT_TEST(released_it_is_stopped),
	UNIT_TEST(one_that_can_not_be_stopped_is_fed),
	UNIT_TEST(an_unconfirmed_kernels_stays),
	UNIT_TEST(none_that_is_configured),
	UNIT_TEST(one_that_does_not_run_is_left_alone),
};
FILES_UNIT_MAIN(tests)
