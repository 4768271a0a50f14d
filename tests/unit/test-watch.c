// SPDX-License-Identifier: GPL-2.0-or-later
/* The poll of "armed", where it can't be polled. */
#include "daemon-fixture.h"

#include <unistd.h>

static void on_change(void *userdata)
{
	fail_msg("nothing has changed");
}

static void begin(struct watch *watch, sd_event **ret_event)
{
	*watch = (struct watch)WATCH_INIT;
	assert_true(sd_event_new(ret_event) >= 0);
	watch_init(watch, *ret_event, on_change, NULL);
}

static void an_ordinary_file_tells_nothing(void **state)
{
	struct watch watch;
	sd_event *event = NULL;

	begin(&watch, &event);
	assert_int_equal(watch.fd, -1);
	assert_null(watch.event_source);
	watch_done(&watch);
	sd_event_unref(event);
}

static void a_kernel_without_the_file(void **state)
{
	struct watch watch;
	sd_event *event = NULL;

	machine_remove("/sys/armed");
	begin(&watch, &event);
	assert_int_equal(watch.fd, -1);
	watch_done(&watch);
	assert_int_equal(watch.fd, -1);
	sd_event_unref(event);
}

static void count_change(void *userdata)
{
	++*(unsigned int *)userdata;
}

/* The mounts can be polled: they stand for a kernel's file. */
static void what_can_be_polled_is_held(void **state)
{
	struct watch watch = WATCH_INIT;
	sd_event *event = NULL;
	unsigned int changes = 0;

	machine_remove("/sys/armed");
	assert_int_equal(
		symlink("/proc/self/mountinfo", machine_path("/sys/armed")), 0);
	assert_true(sd_event_new(&event) >= 0);
	watch_init(&watch, event, count_change, &changes);
	assert_true(watch.fd >= 0);
	assert_non_null(watch.event_source);
	assert_ptr_equal(watch.userdata, &changes);
	watch_done(&watch);
	assert_int_equal(watch.fd, -1);
	assert_null(watch.event_source);
	sd_event_unref(event);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(an_ordinary_file_tells_nothing),
	UNIT_TEST(a_kernel_without_the_file),
	UNIT_TEST(what_can_be_polled_is_held),
};
FILES_UNIT_MAIN(tests)
