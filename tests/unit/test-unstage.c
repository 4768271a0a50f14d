// SPDX-License-Identifier: GPL-2.0-or-later
/* The job that forgets what was staged. */
#include "daemon-fixture.h"

#include "../../daemon/fastrebootd/jobs/unstage.h"

static struct job *unstage(int slot)
{
	struct unstage_request *request = calloc(1, sizeof(*request));

	assert_non_null(request);
	request->slot = slot;
	return job_run_alone(&unstage_job, request);
}

static void the_one_that_was_staged_last(void **state)
{
	struct job *job;

	machine_stage(0, "{\"staged_at\":\"2026-11-21T16:00:00Z\"}");
	machine_stage(1, "{\"staged_at\":\"2026-11-21T16:00:01Z\"}");
	job = unstage(FR_SLOT_NONE);
	assert_int_equal(job->err, 0);
	assert_string_equal(job_text(job), "slot 1 is empty");
	expect_kernel("slot0/status", "sealed");
	expect_kernel("slot1/status", "empty");
	job_free(job);
}

static void one_that_is_named(void **state)
{
	struct job *job;

	machine_stage(0, "{}");
	job = unstage(0);
	assert_int_equal(job->err, 0);
	expect_kernel("slot0/status", "empty");
	job_free(job);
}

/* By its number alone: it was not staged. */
static void a_bad_one(void **state)
{
	struct job *job;

	kernel_put("slot1/status", "bad");
	job = unstage(FR_SLOT_NONE);
	assert_int_equal(job->error.failure, FR_NOT_STAGED);
	expect_kernel("slot1/status", "bad");
	job_free(job);
	job = unstage(1);
	assert_int_equal(job->err, 0);
	expect_kernel("slot1/status", "empty");
	job_free(job);
}

static void not_one_that_is_armed(void **state)
{
	struct fr_error error = { 0 };
	struct job *job;

	machine_stage(0, "{}");
	expect_ok(fr_pool_arm(0, &error), &error);
	job = unstage(0);
	assert_int_equal(job->err, -EBUSY);
	assert_int_equal(job->error.failure, FR_BUSY);
	expect_kernel("slot0/status", "armed");
	job_free(job);
}

static void nothing_is_staged(void **state)
{
	struct job *job = unstage(0);

	assert_int_equal(job->err, -ENOENT);
	assert_int_equal(job->error.failure, FR_NOT_STAGED);
	job_free(job);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(the_one_that_was_staged_last),
	UNIT_TEST(one_that_is_named),
	UNIT_TEST(a_bad_one),
	UNIT_TEST(not_one_that_is_armed),
	UNIT_TEST(nothing_is_staged),
};
FILES_UNIT_MAIN(tests)
