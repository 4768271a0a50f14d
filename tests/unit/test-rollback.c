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

	return rollback_request_new(&pool, previous, "6.12-bad", "too hot",
				    true, ret, error);
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

	need_pidfd();
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

/* Stage a payload of the file, and take its source; to be freed. */
static char *staged_source(const char *name)
{
	struct stage_request *request = calloc(1, sizeof(*request));
	struct fr_pool_status pool = { 0 };
	struct fr_error error = { 0 };
	struct job *job;
	char *source;

	assert_non_null(request);
	request->payload.kernel = strdup(machine_path(name));
	request->payload.cmdline = strdup("root=8:1");
	job = job_run_alone(&stage_job, request);
	assert_int_equal(job->err, 0);
	job_free(job);
	expect_ok(fr_pool_read(&pool, &error), &error);
	source = strdup(pool.slots[0].source);
	fr_pool_status_clear(&pool);
	expect_ok(fr_slot_clear(0, &error), &error);
	return source;
}

/* Frees the source. */
static struct job *go_back_to(char *source)
{
	struct rollback_request *request = NULL;
	struct fr_error error = { 0 };

	expect_ok(make("", source, &request, &error), &error);
	free(source);
	request->commit.now = true;
	return job_run_alone(&rollback_job, request);
}

static void expect_staged_back(struct job *job)
{
	if (job->err)
		print_message("# %s\n", job_text(job));
	assert_int_equal(job->err, 0);
	expect_kernel("armed", "0");
	job_free(job);
}

static void to_the_very_bytes(void **state)
{
	need_pidfd();
	machine_put_kernel("/old");
	expect_staged_back(go_back_to(staged_source("/old")));
}

/* An update that writes its image over the one before. */
static void the_file_was_replaced(void **state)
{
	struct job *job;
	char *source;

	machine_put_kernel("/old");
	source = staged_source("/old");
	machine_put_other_kernel("/old");
	job = go_back_to(source);
	assert_int_equal(job->err, -EBADMSG);
	assert_int_equal(job->error.failure, FR_OTHER_PAYLOAD);
	assert_non_null(strstr(job_text(job), "the kernel is not the one"));
	expect_kernel("slot0/status", "empty");
	expect_kernel("armed", "none");
	job_free(job);
}

/* What is staged is not lost for a rollback that is refused. */
static void what_is_staged_survives(void **state)
{
	struct job *job;
	char *source;

	machine_put_kernel("/old");
	source = staged_source("/old");
	machine_put_other_kernel("/old");
	machine_stage(0, "{}");
	machine_stage(1, "{}");
	job = go_back_to(source);
	assert_int_equal(job->error.failure, FR_OTHER_PAYLOAD);
	expect_kernel("slot0/status", "sealed");
	expect_kernel("slot1/status", "sealed");
	job_free(job);
}

/* Put a member at the end of a source; frees that. */
static char *with_member(char *source, const char *member)
{
	char *longer = NULL;

	source[strlen(source) - 1] = '\0';
	assert_true(asprintf(&longer, "%s,%s}", source, member) > 0);
	free(source);
	return longer;
}

/* Its certificate has run out, or the clock says 1970, or it was replaced. */
static void what_was_verified_needs_no_certificate(void **state)
{
	struct job *job;
	char *source;

	need_pidfd();
	machine_put_kernel("/old");
	source = staged_source("/old");
	machine_put("/etc/fastreboot/fastreboot.conf",
		    "[Stage]\nTrustedCertificates=/nothing\n");
	job = go_back_to(strdup(source));
	assert_int_equal(job->error.failure, FR_SIGNATURE);
	job_free(job);
	expect_staged_back(
		go_back_to(with_member(source, "\"verified\":true")));
	assert_non_null(
		strstr(machine_text("/sys/slot0/source"), "\"verified\":true"));
}

/* That it was verified says nothing about other bytes. */
static void verified_but_not_pinned(void **state)
{
	struct job *job;
	char source[512];

	machine_put_kernel("/old");
	machine_put("/etc/fastreboot/fastreboot.conf",
		    "[Stage]\nTrustedCertificates=/nothing\n");
	snprintf(source, sizeof(source),
		 "{\"kernel\":\"%s\",\"verified\":true}", machine_path("/old"));
	job = go_back_to(strdup(source));
	assert_int_equal(job->error.failure, FR_SIGNATURE);
	job_free(job);
}

/* What the line would have said of certificates is not known. */
static void with_a_broken_configuration(void **state)
{
	struct job *job;
	char *source;

	need_pidfd();
	machine_put_kernel("/old");
	source = staged_source("/old");
	machine_put("/etc/fastreboot/fastreboot.conf",
		    "[Stage\nTrustedCertificates=/nothing\n");
	expect_staged_back(go_back_to(source));
	job = job_run_alone(&rollback_job, to_a_file("/old"));
	assert_int_equal(job->error.failure, FR_SIGNATURE);
	assert_non_null(strstr(job_text(job), "no ']'"));
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
	UNIT_TEST(to_the_very_bytes),
	UNIT_TEST(the_file_was_replaced),
	UNIT_TEST(what_is_staged_survives),
	UNIT_TEST(what_was_verified_needs_no_certificate),
	UNIT_TEST(verified_but_not_pinned),
	UNIT_TEST(with_a_broken_configuration),
};
FILES_UNIT_MAIN(tests)
