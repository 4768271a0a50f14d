// SPDX-License-Identifier: GPL-2.0-or-later
/* A job: its thread, how far it is, and how it is cancelled. */
#include "daemon-fixture.h"

#include <poll.h>
#include <unistd.h>

/* What a job's thread waits for, and what it has seen. */
static int gate[2];
static bool argument_released;
static char last_step[32];
static uint64_t last_done;
static bool ended;

static void open_gate(void)
{
	assert_int_equal(write(gate[1], "x", 1), 1);
}

static void wait_at_gate(void)
{
	char byte;

	assert_int_equal(read(gate[0], &byte, 1), 1);
}

static void release(void *argument)
{
	argument_released = true;
}

static void on_progress(void *userdata, const struct job *job,
			const struct job_view *view)
{
	snprintf(last_step, sizeof(last_step), "%s", view->step);
	last_done = view->done;
}

static void on_end(void *userdata, struct job *job)
{
	ended = true;
}

static struct job_owner owner = { .progressed = on_progress, .ended = on_end };

static void begin(void)
{
	assert_int_equal(pipe(gate), 0);
	argument_released = ended = false;
	last_step[0] = '\0';
	last_done = 0;
	assert_true(sd_event_new(&owner.event) >= 0);
}

static struct job *start(const struct job_type *type)
{
	struct fr_error error = { 0 };
	struct job *job = NULL;

	begin();
	expect_ok(job_start(&owner, type, 7, gate, &job, &error), &error);
	return job;
}

static void run_until(bool *what)
{
	while (!*what)
		assert_true(sd_event_run(owner.event, UINT64_MAX) >= 0);
}

static void finish(struct job *job)
{
	run_until(&ended);
	job_free(job);
	assert_true(argument_released);
	sd_event_unref(owner.event);
	close(gate[0]);
	close(gate[1]);
}

static int run_well(struct job *job, struct fr_error *error)
{
	int err = job_step(job, "counting", true, error);

	if (!err)
		err = job_progress(job, 3, 3, error);
	job->details = json_object_new_object();
	json_object_object_add(job->details, "a",
			       json_object_new_string("b/c"));
	job_set_message(job, "first");
	job_set_message(job, "counted %d", 3);
	return err;
}

static const struct job_type good_job = {
	.name = "good",
	.action = "none",
	.run = run_well,
	.release = release,
};

static void one_that_succeeds(void **state)
{
	struct job *job = start(&good_job);

	assert_string_equal(job->path, "/org/fastreboot1/job/7");
	run_until(&ended);
	assert_string_equal(last_step, "counting");
	assert_int_equal(last_done, 3);
	assert_string_equal(job_result(job), "done");
	assert_string_equal(job_text(job), "counted 3");
	assert_string_equal(job_details(job), "{\"a\":\"b/c\"}");
	finish(job);
}

static int run_badly(struct job *job, struct fr_error *error)
{
	job_set_message(job, "not looked at");
	return fr_fail(error, FR_STALE, -ESTALE, "too old");
}

static const struct job_type bad_job = {
	.name = "bad",
	.action = "none",
	.run = run_badly,
	.release = release,
};

static void one_that_fails(void **state)
{
	struct job *job = start(&bad_job);

	run_until(&ended);
	assert_int_equal(job->err, -ESTALE);
	assert_string_equal(job_result(job), fr_failure_name(FR_STALE));
	assert_string_equal(job_text(job), "too old");
	assert_string_equal(job_details(job), "{}");
	finish(job);
}

/* A step that can be cancelled, and, behind the gate, one that can't. */
static int run_steps(struct job *job, struct fr_error *error)
{
	int err = job_step(job, "first", true, error);

	wait_at_gate();
	if (!err)
		err = job_step(job, "second", false, error);
	if (err)
		return err;
	wait_at_gate();
	assert_false(job_is_cancelled(job));
	job_set_message(job, "too late");
	return job_progress(job, 1, 2, error);
}

static const struct job_type steps_job = {
	.name = "steps",
	.action = "none",
	.run = run_steps,
	.release = release,
};

static void wait_for_step(struct job *job, const char *step)
{
	struct job_view view = { 0 };

	for (job_look(job, &view); strcmp(view.step, step);
	     job_look(job, &view))
		assert_true(sd_event_run(owner.event, UINT64_MAX) >= 0);
}

static void one_that_is_cancelled(void **state)
{
	struct job *job = start(&steps_job);
	struct pollfd asked = { .fd = job_cancel_fd(job), .events = POLLIN };

	wait_for_step(job, "first");
	assert_int_equal(poll(&asked, 1, 0), 0);
	assert_int_equal(job_cancel(job, NULL), 0);
	assert_int_equal(poll(&asked, 1, 0), 1);
	assert_true(job_is_cancelled(job));
	open_gate();
	run_until(&ended);
	/* The step after it did not begin. */
	assert_string_equal(job->view.step, "first");
	assert_string_equal(job_result(job), fr_failure_name(FR_CANCELLED));
	finish(job);
}

static void too_late_to_cancel(void **state)
{
	struct job *job = start(&steps_job);
	struct fr_error error = { 0 };

	open_gate();
	wait_for_step(job, "second");
	expect_error(job_cancel(job, &error), -EBUSY, &error, FR_BUSY,
		     "too late");
	open_gate();
	run_until(&ended);
	assert_string_equal(job_result(job), "done");
	/* And so it is when it has ended. */
	expect_error(job_cancel(job, &error), -EBUSY, &error, FR_BUSY,
		     "too late");
	finish(job);
}

/* At the daemon's end: the owner hears nothing any more. */
static void one_that_is_stopped(void **state)
{
	struct job *job = start(&steps_job);

	open_gate();
	open_gate();
	job_stop(job);
	assert_true(argument_released);
	assert_false(ended);
	job_stop(NULL);
	sd_event_unref(owner.event);
	close(gate[0]);
	close(gate[1]);
}

static void not_with_a_broken_configuration(void **state)
{
	struct fr_error error = { 0 };
	struct job *job = NULL;

	begin();
	machine_put("/etc/fastreboot/fastreboot.conf",
		    "[Commit]\nMaxTries=x\n");
	assert_true(job_start(&owner, &good_job, 7, gate, &job, &error) < 0);
	assert_null(job);
	assert_non_null(strstr(error.text, "fastreboot.conf"));
	assert_true(argument_released);
	sd_event_unref(owner.event);
	close(gate[0]);
	close(gate[1]);
}

/* The way back is not closed by a line in a file. */
static void what_brings_back_starts_with_what_is_in_order(void **state)
{
	struct job_type type = good_job;
	struct job *job;

	machine_put("/etc/fastreboot/fastreboot.conf",
		    "[Commit]\nWatchdogSec=x\nMaxTries=9\n");
	type.brings_back = true;
	job = start(&type);
	assert_int_equal(job->config.max_tries, 9);
	assert_int_equal(job->config.watchdog_usec, 60000000);
	finish(job);
}

static void with_the_configuration_of_its_start(void **state)
{
	struct job *job;

	machine_put("/etc/fastreboot/fastreboot.conf",
		    "[Commit]\nMaxTries=9\n");
	job = start(&good_job);
	assert_int_equal(job->config.max_tries, 9);
	finish(job);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(one_that_succeeds),
	UNIT_TEST(one_that_fails),
	UNIT_TEST(one_that_is_cancelled),
	UNIT_TEST(too_late_to_cancel),
	UNIT_TEST(one_that_is_stopped),
	UNIT_TEST(not_with_a_broken_configuration),
	UNIT_TEST(what_brings_back_starts_with_what_is_in_order),
	UNIT_TEST(with_the_configuration_of_its_start),
};
FILES_UNIT_MAIN(tests)
