// SPDX-License-Identifier: GPL-2.0-or-later
/* The job that compares a slot with its seal. */
#include "daemon-fixture.h"

#include "../../daemon/fastrebootd/jobs/verify.h"

static struct job *verify(int slot)
{
	struct verify_request *request = calloc(1, sizeof(*request));

	assert_non_null(request);
	request->slot = slot;
	return job_run_alone(&verify_job, request);
}

static void one_that_is_named(void **state)
{
	struct job *job;

	machine_stage(1, "{}");
	job = verify(1);
	assert_int_equal(job->err, 0);
	assert_string_equal(job_text(job), "slot 1 holds what was sealed");
	job_free(job);
}

/* The request says afterwards which one it was. */
static void the_one_that_was_staged_last(void **state)
{
	const struct verify_request *request;
	struct job *job;

	machine_stage(0, "{\"staged_at\":\"2026-11-21T16:00:01Z\"}");
	machine_stage(1, "{\"staged_at\":\"2026-11-21T16:00:00Z\"}");
	job = verify(FR_SLOT_NONE);
	request = job->argument;
	assert_int_equal(job->err, 0);
	assert_int_equal(request->slot, 0);
	job_free(job);
}

static void none_is_staged(void **state)
{
	struct job *job = verify(FR_SLOT_NONE);

	assert_int_equal(job->err, -ENOENT);
	assert_int_equal(job->error.failure, FR_NOT_STAGED);
	job_free(job);
	job = verify(5);
	assert_int_equal(job->err, -EINVAL);
	assert_int_equal(job->error.failure, FR_USAGE);
	job_free(job);
}

static void one_that_has_changed(void **state)
{
	char word[32];
	struct job *job;

	machine_stage(0, "{}");
	snprintf(word, sizeof(word), "verify %d", EBADMSG);
	kernel_put("fail", word);
	job = verify(0);
	assert_int_equal(job->error.failure, FR_VERIFICATION_FAILED);
	expect_kernel("slot0/status", "bad");
	job_free(job);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(one_that_is_named),
	UNIT_TEST(the_one_that_was_staged_last),
	UNIT_TEST(none_is_staged),
	UNIT_TEST(one_that_has_changed),
};
FILES_UNIT_MAIN(tests)
