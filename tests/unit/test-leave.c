// SPDX-License-Identifier: GPL-2.0-or-later
/* Behind the point of no return, and back from it. */
#include "daemon-fixture.h"

#include "../../daemon/fastrebootd/jobs/commit.h"
#include "../../daemon/fastrebootd/policy/leave.h"

static void begin(struct daemon *daemon)
{
	struct fr_error error = { 0 };

	machine_put("/dev/vda1", "");
	machine_stage(1, "{\"kernel\":\"/a\"}");
	expect_ok(fr_pool_arm(1, &error), &error);
	daemon_begin(daemon);
}

static void jumps_at_once(void **state)
{
	struct commit_request request = { .slot = 1, .now = true };
	struct daemon daemon;

	begin(&daemon);
	leave(&daemon, &request);
	assert_true(daemon.leaving);
	assert_string_equal(machine_text("/sys/left"), "kexec\n");
	expect_kernel("armed", "1");
	daemon_end(&daemon);
}

/* The kernel refuses: then all is as it was, and the failure is told. */
static void the_kernel_refuses(void **state)
{
	struct commit_request request = { .slot = 1, .now = true };
	struct daemon daemon;

	begin(&daemon);
	setenv("FASTREBOOT_NO_JUMP", "1", 1);
	leave(&daemon, &request);
	assert_false(daemon.leaving);
	assert_non_null(daemon.job);
	assert_string_equal(daemon.job->type->name, "undo");
	daemon_finish_jobs(&daemon);
	expect_kernel("armed", "none");
	assert_non_null(
		strstr(daemon.last_job.message, "the kernel refuses to jump"));
	daemon_end(&daemon);
}

static void the_orderly_way_needs_systemd(void **state)
{
	struct commit_request request = { .slot = 1 };
	struct daemon daemon;

	begin(&daemon);
	leave(&daemon, &request);
	assert_false(daemon.leaving);
	daemon_finish_jobs(&daemon);
	assert_string_equal(machine_text("/sys/left"), "");
	expect_kernel("armed", "none");
	assert_non_null(strstr(daemon.last_job.message, "can't ask systemd"));
	daemon_end(&daemon);
}

static void what_systemd_refuses_is_undone(void **state)
{
	struct fr_error error = { .failure = FR_FAILED, .text = "masked" };
	struct daemon daemon;

	begin(&daemon);
	daemon.leaving = true;
	leave_failed(&daemon, &error);
	daemon_finish_jobs(&daemon);
	assert_false(daemon.leaving);
	assert_string_equal(daemon.last_job.message, "masked");
	expect_kernel("armed", "none");
	daemon_end(&daemon);
}

/* As when it is being stopped. */
static void where_no_job_can_start_it_is_disarmed(void **state)
{
	struct fr_error error = { .failure = FR_FAILED, .text = "masked" };
	struct daemon daemon;

	begin(&daemon);
	daemon.leaving = true;
	daemon.stopping = true;
	leave_failed(&daemon, &error);
	assert_null(daemon.job);
	expect_kernel("armed", "none");
	assert_int_equal(daemon.pool.armed, FR_SLOT_NONE);
	daemon_end(&daemon);
}

static void what_was_interrupted_is_undone(void **state)
{
	struct daemon daemon;

	begin(&daemon);
	leave_undo(&daemon);
	daemon_finish_jobs(&daemon);
	assert_string_equal(daemon.last_job.result, "done");
	assert_string_equal(daemon.last_job.message, "slot 1 is disarmed");
	daemon_end(&daemon);
}

static void an_ordinary_reboot(void **state)
{
	struct daemon daemon;

	begin(&daemon);
	leave_by_reboot(&daemon);
	assert_true(daemon.leaving);
	assert_string_equal(machine_text("/sys/left"), "reboot\n");
	daemon_end(&daemon);
}

static struct commit_request *a_request(void)
{
	struct commit_request *request = calloc(1, sizeof(*request));

	assert_non_null(request);
	request->slot = FR_SLOT_NONE;
	request->now = true;
	return request;
}

/* The whole of a commit: job, point of no return. */
static void a_commit_leaves(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;

	need_pidfd();
	begin(&daemon);
	expect_ok(fr_pool_disarm(&error), &error);
	expect_ok(work_start(&daemon, &commit_work, a_request(), NULL, &error),
		  &error);
	daemon_finish_jobs(&daemon);
	assert_true(daemon.leaving);
	assert_string_equal(daemon.last_job.result, "done");
	assert_string_equal(machine_text("/sys/left"), "kexec\n");
	/* The first check has compared the slot. */
	assert_true(*daemon.verified_at[1]);
	daemon_end(&daemon);
}

static void a_dry_run_stays(void **state)
{
	struct commit_request *request = a_request();
	struct fr_error error = { 0 };
	struct daemon daemon;

	begin(&daemon);
	expect_ok(fr_pool_disarm(&error), &error);
	request->dry_run = true;
	expect_ok(work_start(&daemon, &commit_work, request, NULL, &error),
		  &error);
	daemon_finish_jobs(&daemon);
	assert_false(daemon.leaving);
	assert_string_equal(machine_text("/sys/left"), "");
	assert_true(*daemon.verified_at[1]);
	daemon_end(&daemon);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(jumps_at_once),
	UNIT_TEST(the_kernel_refuses),
	UNIT_TEST(the_orderly_way_needs_systemd),
	UNIT_TEST(what_systemd_refuses_is_undone),
	UNIT_TEST(where_no_job_can_start_it_is_disarmed),
	UNIT_TEST(what_was_interrupted_is_undone),
	UNIT_TEST(an_ordinary_reboot),
	UNIT_TEST(a_commit_leaves),
	UNIT_TEST(a_dry_run_stays),
};
FILES_UNIT_MAIN(tests)
