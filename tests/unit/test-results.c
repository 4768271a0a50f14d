// SPDX-License-Identifier: GPL-2.0-or-later
/* What follows from the jobs that leave the machine where it is. */
#include "daemon-fixture.h"

#include "../../daemon/fastrebootd/jobs/stage.h"
#include "../../daemon/fastrebootd/jobs/verify.h"
#include "../../daemon/fastrebootd/policy/results.h"

static void run_work(struct daemon *daemon, const struct work *work,
		     void *argument)
{
	struct fr_error error = { 0 };

	expect_ok(work_start(daemon, work, argument, NULL, &error), &error);
	daemon_finish_jobs(daemon);
}

static struct stage_request *a_stage(bool dry_run)
{
	struct stage_request *request = calloc(1, sizeof(*request));

	machine_put_kernel("/Image");
	assert_non_null(request);
	request->payload.kernel = strdup(machine_path("/Image"));
	request->payload.cmdline = strdup("root=8:1");
	request->dry_run = dry_run;
	return request;
}

static void what_is_staged_is_verified(void **state)
{
	struct daemon daemon;

	daemon_begin(&daemon);
	run_work(&daemon, &stage_work, a_stage(false));
	assert_string_equal(daemon.last_job.result, "done");
	assert_int_equal(strlen(daemon.verified_at[0]), 20);
	assert_string_equal(daemon.verified_at[1], "");
	/* The daemon knows it without being asked. */
	assert_int_equal(daemon.pool.slots[0].status, FR_SLOT_SEALED);
	daemon_end(&daemon);
}

static void a_dry_run_says_nothing_of_a_slot(void **state)
{
	struct daemon daemon;

	daemon_begin(&daemon);
	run_work(&daemon, &stage_work, a_stage(true));
	assert_string_equal(daemon.last_job.result, "done");
	assert_string_equal(daemon.verified_at[0], "");
	daemon_end(&daemon);
}

static void neither_does_a_failure(void **state)
{
	struct daemon daemon;
	char word[32];

	daemon_begin(&daemon);
	snprintf(word, sizeof(word), "seal %d", EIO);
	kernel_put("fail", word);
	run_work(&daemon, &stage_work, a_stage(false));
	assert_string_not_equal(daemon.last_job.result, "done");
	assert_string_equal(daemon.verified_at[0], "");
	daemon_end(&daemon);
}

static void what_is_verified_is_noted(void **state)
{
	struct verify_request *request = calloc(1, sizeof(*request));
	struct daemon daemon;

	assert_non_null(request);
	request->slot = FR_SLOT_NONE;
	machine_stage(1, "{}");
	daemon_begin(&daemon);
	run_work(&daemon, &verify_work, request);
	assert_int_equal(strlen(daemon.verified_at[1]), 20);
	assert_string_equal(daemon.verified_at[0], "");
	daemon_end(&daemon);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(what_is_staged_is_verified),
	UNIT_TEST(a_dry_run_says_nothing_of_a_slot),
	UNIT_TEST(neither_does_a_failure),
	UNIT_TEST(what_is_verified_is_noted),
};
FILES_UNIT_MAIN(tests)
