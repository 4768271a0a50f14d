// SPDX-License-Identifier: GPL-2.0-or-later
/* Jobs as the daemon sees them. */
#include "daemon-fixture.h"

#include "../../daemon/fastrebootd/policy/work.h"

/* What happened, in its order. */
static char trace[128];
static int result;

static void note(const char *word)
{
	strncat(trace, word, sizeof(trace) - strlen(trace) - 1);
}

static int run(struct job *job, struct fr_error *error)
{
	if (result)
		return fr_fail(error, FR_REFUSED, result, "not today");
	job_set_message(job, "well");
	return 0;
}

static void release(void *argument)
{
	note("release ");
}

static const struct job_type type = {
	.name = "test",
	.action = "none",
	.run = run,
	.release = release,
};

/* While it tells, there is no job any more, and the result is known. */
static void ended(struct daemon *daemon, struct job *job)
{
	assert_null(daemon->job);
	assert_string_equal(daemon->last_job.kind, "test");
	note("ended ");
}

static void after(struct daemon *daemon, struct job *job)
{
	note("after ");
}

static const struct work work = {
	.type = &type,
	.ended = ended,
	.after = after,
};

static void on_idle(struct daemon *daemon)
{
	note("idle ");
}

static void begin(struct daemon *daemon)
{
	daemon_begin(daemon);
	daemon->on_idle = on_idle;
	trace[0] = '\0';
	result = 0;
}

static void from_start_to_end(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;
	struct job *job = NULL;

	begin(&daemon);
	expect_ok(work_start(&daemon, &work, NULL, &job, &error), &error);
	assert_ptr_equal(daemon.job, job);
	assert_int_equal(job->id, 1);
	daemon_finish_jobs(&daemon);
	assert_string_equal(trace, "ended after release idle ");
	assert_string_equal(daemon.last_job.result, "done");
	assert_string_equal(daemon.last_job.message, "well");
	assert_int_equal(strlen(daemon.last_job.ended_at), 20);
	expect_ok(work_start(&daemon, &work, NULL, &job, &error), &error);
	assert_int_equal(job->id, 2);
	daemon_finish_jobs(&daemon);
	daemon_end(&daemon);
}

static void one_that_fails(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;

	begin(&daemon);
	result = -EPERM;
	expect_ok(work_start(&daemon, &work, NULL, NULL, &error), &error);
	daemon_finish_jobs(&daemon);
	assert_string_equal(trace, "ended after release idle ");
	assert_string_equal(daemon.last_job.result,
			    fr_failure_name(FR_REFUSED));
	assert_string_equal(daemon.last_job.message, "not today");
	daemon_end(&daemon);
}

static void at_most_one(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;
	struct job *job = NULL;

	begin(&daemon);
	expect_ok(work_start(&daemon, &work, NULL, &job, &error), &error);
	expect_error(work_start(&daemon, &work, NULL, NULL, &error), -EBUSY,
		     &error, FR_BUSY, "another job is running: test");
	/* Its argument is gone, the job that is there is not. */
	assert_string_equal(trace, "release ");
	assert_ptr_equal(daemon.job, job);
	daemon_finish_jobs(&daemon);
	daemon_end(&daemon);
}

static void none_on_the_way_out(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;

	begin(&daemon);
	daemon.leaving = true;
	expect_error(work_start(&daemon, &work, NULL, NULL, &error), -EBUSY,
		     &error, FR_BUSY, "a reboot is under way");
	daemon.leaving = false;
	daemon.stopping = true;
	expect_error(work_start(&daemon, &work, NULL, NULL, &error), -EBUSY,
		     &error, FR_BUSY, "being stopped");
	assert_null(daemon.job);
	daemon_end(&daemon);
}

static void with_a_broken_configuration(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;

	begin(&daemon);
	machine_put("/etc/fastreboot/fastreboot.conf",
		    "[Commit]\nMaxTries=x\n");
	assert_true(work_start(&daemon, &work, NULL, NULL, &error) < 0);
	assert_null(daemon.job);
	assert_string_equal(trace, "release ");
	daemon_end(&daemon);
}

/* SIGTERM while a job is there: the loop ends when the job has. */
static void the_daemon_ends_after_it(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;

	begin(&daemon);
	expect_ok(work_start(&daemon, &work, NULL, NULL, &error), &error);
	daemon.stopping = true;
	assert_true(sd_event_loop(daemon.event) >= 0);
	assert_null(daemon.job);
	assert_string_equal(trace, "ended after release ");
	daemon_end(&daemon);
}

static void stopped_at_the_end(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;

	begin(&daemon);
	expect_ok(work_start(&daemon, &work, NULL, NULL, &error), &error);
	work_stop(&daemon);
	assert_null(daemon.job);
	assert_string_equal(trace, "release ");
	daemon_end(&daemon);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(from_start_to_end),
	UNIT_TEST(one_that_fails),
	UNIT_TEST(at_most_one),
	UNIT_TEST(none_on_the_way_out),
	UNIT_TEST(with_a_broken_configuration),
	UNIT_TEST(the_daemon_ends_after_it),
	UNIT_TEST(stopped_at_the_end),
};
FILES_UNIT_MAIN(tests)
