// SPDX-License-Identifier: GPL-2.0-or-later
/* The way back: by hand, by itself, and when there is none. */
#include "daemon-fixture.h"

#include "../../daemon/fastrebootd/policy/go-back.h"

static void begin(struct daemon *daemon, const char *previous)
{
	char source[256];

	machine_put_kernel("/old");
	snprintf(source, sizeof(source),
		 "{\"kernel\":\"%s\",\"cmdline\":\"root=8:1\"}",
		 machine_path(previous));
	kernel_put("previous_source", source);
	daemon_begin(daemon);
}

/* By hand a rollback that fails has no consequence. */
static void by_hand(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;
	struct job *job = NULL;

	begin(&daemon, "/gone");
	expect_ok(go_back(&daemon, "no reason", &job, &error), &error);
	assert_ptr_equal(daemon.job, job);
	daemon_finish_jobs(&daemon);
	assert_string_equal(daemon.last_job.kind, "rollback");
	assert_non_null(strstr(daemon.last_job.message, "/gone"));
	assert_false(daemon.leaving);
	assert_string_equal(machine_text("/sys/left"), "");
	daemon_end(&daemon);
}

static void by_itself(void **state)
{
	struct daemon daemon;

	begin(&daemon, "/gone");
	go_back_by_itself(&daemon, "too hot");
	daemon_finish_jobs(&daemon);
	assert_true(daemon.leaving);
	assert_string_equal(machine_text("/sys/left"), "reboot\n");
	daemon_end(&daemon);
}

/* The daemon is told to end meanwhile: it does not reboot the machine. */
static void not_by_a_daemon_that_ends(void **state)
{
	struct daemon daemon;

	begin(&daemon, "/gone");
	go_back_by_itself(&daemon, "too hot");
	daemon.stopping = true;
	assert_true(sd_event_loop(daemon.event) >= 0);
	assert_false(daemon.leaving);
	assert_string_equal(machine_text("/sys/left"), "");
	daemon_end(&daemon);
}

static void while_a_job_is_there(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;

	begin(&daemon, "/old");
	expect_ok(go_back(&daemon, "first", NULL, &error), &error);
	expect_error(go_back(&daemon, "second", NULL, &error), -EBUSY, &error,
		     FR_BUSY, "another job is running: rollback");
	daemon_finish_jobs(&daemon);
	daemon_end(&daemon);
}

static void nothing_is_known(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;

	begin(&daemon, "/old");
	kernel_put("previous_source", "");
	daemon_refresh(&daemon);
	expect_error(go_back(&daemon, "x", NULL, &error), -ENOENT, &error,
		     FR_NOT_FOUND, "not known");
	assert_false(daemon.leaving);
	daemon_end(&daemon);
}

static void failure_action_is_none(void **state)
{
	struct daemon daemon;

	machine_put("/etc/fastreboot/fastreboot.conf",
		    "[Rollback]\nFailureAction=none\n");
	begin(&daemon, "/gone");
	go_back_fall_back(&daemon, "why");
	assert_false(daemon.leaving);
	assert_string_equal(machine_text("/sys/left"), "");
	daemon_end(&daemon);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(by_hand),
	UNIT_TEST(by_itself),
	UNIT_TEST(not_by_a_daemon_that_ends),
	UNIT_TEST(while_a_job_is_there),
	UNIT_TEST(nothing_is_known),
	UNIT_TEST(failure_action_is_none),
};
FILES_UNIT_MAIN(tests)
