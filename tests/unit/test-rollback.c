// SPDX-License-Identifier: GPL-2.0-or-later
/* A rollback: what to go back to, and the job that does. */
#include "daemon-fixture.h"

#include "../../daemon/fastrebootd/jobs/rollback.h"
#include "../../daemon/fastrebootd/jobs/stage.h"
#include "../../daemon/fastrebootd/pool/source.h"

static int make(const char *source, const char *previous,
		struct rollback_request **ret, struct fr_error *error)
{
	struct fr_pool_status pool = { .source = (char *)source,
				       .previous_source = (char *)previous };

	return rollback_request_new(&pool, "6.12-bad", "too hot", true, ret,
				    error);
}

static void to_what_ran_before(void **state)
{
	struct rollback_request *request = NULL;
	struct fr_error error = { 0 };

	expect_ok(make("{\"kernel\":\"/new\"}",
		       "{\"kernel\":\"/old\",\"initrds\":[\"/i\"],"
		       "\"cmdline\":\"quiet\",\"staged_at\":\"x\"}",
		       &request, &error),
		  &error);
	assert_true(request->automatic);
	assert_true(request->commit.rollback);
	assert_true(request->stage->replace);
	assert_false(request->stage->dry_run);
	assert_string_equal(request->stage->payload.kernel, "/old");
	assert_string_equal(request->stage->payload.initrds[0], "/i");
	assert_string_equal(request->stage->payload.cmdline, "quiet");
	assert_string_equal(request->stage->rollback_from, "6.12-bad");
	assert_string_equal(request->stage->rollback_reason, "too hot");
	rollback_request_free(request);
}

static void nothing_is_known(void **state)
{
	struct rollback_request *request = NULL;
	struct fr_error error = { 0 };

	expect_error(make("", "", &request, &error), -ENOENT, &error,
		     FR_NOT_FOUND, "systemctl reboot");
	assert_null(request);
}

/* Two bad kernels would go back and forth for ever. */
static void not_from_a_rollback(void **state)
{
	struct rollback_request *request = NULL;
	struct fr_error error = { 0 };

	expect_error(make("{\"kernel\":\"/a\",\"rollback_from\":\"6.12-x\"}",
			  "{\"kernel\":\"/old\"}", &request, &error),
		     -EPERM, &error, FR_REFUSED,
		     "itself a rollback, from 6.12-x");
	assert_null(request);
}

static void a_source_that_is_not_understood(void **state)
{
	struct rollback_request *request = NULL;
	struct fr_error error = { 0 };

	assert_true(make("", "[]", &request, &error) < 0);
	assert_true(error.failure != FR_OK);
	assert_null(request);
}

static struct rollback_request *to_a_file(const char *name)
{
	struct rollback_request *request = NULL;
	struct fr_error error = { 0 };
	char source[512];

	snprintf(source, sizeof(source),
		 "{\"kernel\":\"%s%s\",\"cmdline\":\"root=8:1\"}",
		 getenv("FASTREBOOT_ROOT"), name);
	expect_ok(make("", source, &request, &error), &error);
	return request;
}

/* Without systemd there is no orderly way: the checks say so, and it stays. */
static void nothing_is_armed_when_a_check_fails(void **state)
{
	struct rollback_request *request;
	struct job *job;

	machine_put_kernel("/old");
	request = to_a_file("/old");
	job = job_run_alone(&rollback_job, request);
	assert_true(job->err < 0);
	assert_non_null(strstr(job_text(job), "systemd does not run here"));
	expect_kernel("armed", "none");
	job_free(job);
}

static void stages_and_arms(void **state)
{
	struct rollback_request *request;
	struct fr_pool_status pool = { 0 };
	struct fr_error error = { 0 };
	struct job *job;
	char *text;

	machine_put_kernel("/old");
	request = to_a_file("/old");
	request->commit.now = true;
	job = job_run_alone(&rollback_job, request);
	if (job->err)
		print_message("# %s\n", job_text(job));
	assert_int_equal(job->err, 0);
	assert_non_null(strstr(job_text(job), "goes back from 6.12-bad to "));
	assert_non_null(strstr(job_text(job), "in slot 0: too hot"));
	expect_kernel("armed", "0");
	expect_ok(fr_pool_read(&pool, &error), &error);
	text = source_member(pool.slots[0].source, "rollback_reason");
	assert_string_equal(text, "too hot");
	free(text);
	fr_pool_status_clear(&pool);
	job_free(job);
}

static void the_file_is_gone(void **state)
{
	struct job *job = job_run_alone(&rollback_job, to_a_file("/gone"));

	assert_true(job->err < 0);
	assert_non_null(strstr(job_text(job), "/gone"));
	expect_kernel("slot0/status", "empty");
	expect_kernel("armed", "none");
	job_free(job);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(to_what_ran_before),
	UNIT_TEST(nothing_is_known),
	UNIT_TEST(not_from_a_rollback),
	UNIT_TEST(a_source_that_is_not_understood),
	UNIT_TEST(nothing_is_armed_when_a_check_fails),
	UNIT_TEST(stages_and_arms),
	UNIT_TEST(the_file_is_gone),
};
FILES_UNIT_MAIN(tests)
