// SPDX-License-Identifier: GPL-2.0-or-later
/* The watchdog, as far as it goes without one: on files that answer no ioctl(). */
#include "daemon-fixture.h"

#include <unistd.h>

#include "../../daemon/fastrebootd/base/watchdog.h"

static void its_name_is_below_the_root(void **state)
{
	struct fr_config config = { .watchdog_device =
					    (char *)"/dev/watchdog0" };
	char expected[300];
	char *path = watchdog_path(&config);

	snprintf(expected, sizeof(expected), "%s/dev/watchdog0",
		 getenv("FASTREBOOT_ROOT"));
	assert_string_equal(path, expected);
	free(path);
}

static void a_machine_without_one(void **state)
{
	struct watchdog watchdog = WATCHDOG_INIT;
	struct fr_error error = { 0 };

	expect_error(watchdog_start(&watchdog, "/nowhere/watchdog", 30000000,
				    &error),
		     -ENOENT, &error, FR_NOT_FOUND, "/nowhere/watchdog");
	assert_int_equal(watchdog.fd, -1);
	assert_false(watchdog_is_running("/nowhere/watchdog"));
	/* Nothing to feed and nothing to stop is no trouble. */
	assert_int_equal(watchdog_feed_usec(&watchdog), 0);
	watchdog_feed(&watchdog);
	assert_true(watchdog_stop(&watchdog));
}

static void a_device_that_can_not_be_opened(void **state)
{
	struct watchdog watchdog = WATCHDOG_INIT;
	struct fr_error error = { 0 };

	/* A folder can't be written to, for root neither. */
	expect_error(watchdog_start(&watchdog, getenv("FASTREBOOT_ROOT"),
				    30000000, &error),
		     -EISDIR, &error, FR_FAILED, "can't open");
	assert_int_equal(watchdog.fd, -1);
}

/* One that can't tell its timeout is fed as if it were short. */
static void one_that_answers_nothing(void **state)
{
	struct watchdog watchdog = WATCHDOG_INIT;
	struct fr_error error = { 0 };
	const char *device = machine_put("/dev/watchdog", "");
	int fd;

	assert_false(watchdog_is_running(device));
	expect_ok(watchdog_start(&watchdog, device, 30000000, &error), &error);
	assert_true(watchdog.fd >= 0);
	assert_int_equal(watchdog_feed_usec(&watchdog), 10000000 / 3);
	/* That it can be stopped it has not said: so it is kept, and fed. */
	assert_false(watchdog_stop(&watchdog));
	assert_string_equal(machine_text("/dev/watchdog"), "");
	assert_int_equal(watchdog_feed_usec(&watchdog), 10000000 / 3);
	/* Once more is to feed it, over the same descriptor. */
	fd = watchdog.fd;
	expect_ok(watchdog_start(&watchdog, device, 30000000, &error), &error);
	assert_int_equal(watchdog.fd, fd);
	close(fd);
}

static void one_that_can_be_stopped(void **state)
{
	struct watchdog watchdog = WATCHDOG_INIT;
	struct fr_error error = { 0 };
	const char *device = machine_put("/dev/watchdog", "");

	assert_false(watchdog_is_ours(device));
	expect_ok(watchdog_start(&watchdog, device, 30000000, &error), &error);
	assert_true(watchdog_is_ours(device));
	watchdog.keep = false;
	assert_true(watchdog_stop(&watchdog));
	assert_int_equal(watchdog.fd, -1);
	assert_int_equal(watchdog_feed_usec(&watchdog), 0);
	/* The magic close. */
	assert_string_equal(machine_text("/dev/watchdog"), "V");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(its_name_is_below_the_root),
	UNIT_TEST(a_machine_without_one),
	UNIT_TEST(a_device_that_can_not_be_opened),
	UNIT_TEST(one_that_answers_nothing),
	UNIT_TEST(one_that_can_be_stopped),
};
FILES_UNIT_MAIN(tests)
