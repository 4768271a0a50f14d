// SPDX-License-Identifier: GPL-2.0-or-later
/* The job that stages a payload. */
#include "daemon-fixture.h"

#include "../../daemon/fastrebootd/jobs/stage.h"
#include "../../daemon/fastrebootd/pool/source.h"

static struct stage_request *a_request(void)
{
	struct stage_request *request = calloc(1, sizeof(*request));

	machine_put_kernel("/boot/Image");
	assert_non_null(request);
	request->payload.kernel = strdup(machine_path("/boot/Image"));
	request->payload.cmdline = strdup("root=8:1");
	return request;
}

static struct job *stage(struct stage_request *request)
{
	return job_run_alone(&stage_job, request);
}

static void expect_member(const char *source, const char *name,
			  const char *expected)
{
	char *text = source_member(source, name);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void a_kernel(void **state)
{
	struct job *job = stage(a_request());
	struct fr_pool_status pool = { 0 };
	struct fr_error error = { 0 };
	struct json_object *value;
	const struct fr_slot *slot = &pool.slots[0];

	if (job->err)
		print_message("# %s\n", job_text(job));
	assert_int_equal(job->err, 0);
	assert_non_null(strstr(job_text(job), "is staged in slot 0"));
	expect_kernel("slot0/status", "sealed");
	expect_kernel("slot0/cmdline", "root=8:1");
	expect_ok(fr_pool_read(&pool, &error), &error);
	expect_member(slot->source, "kernel", machine_path("/boot/Image"));
	assert_int_equal(source_sequence(slot->source), 1);
	/* What was read is what was sealed. */
	expect_member(slot->source, "kernel_sha256",
		      slot->segments[FR_SEGMENT_KERNEL].sha256);
	fr_pool_status_clear(&pool);

	assert_true(json_object_object_get_ex(job->details, "schema", &value));
	assert_string_equal(json_object_get_string(value),
			    "org.fastreboot.stage/1");
	assert_true(json_object_object_get_ex(job->details, "slot", &value));
	assert_int_equal(json_object_get_int(value), 0);
	assert_true(
		json_object_object_get_ex(job->details, "segments", &value));
	assert_int_equal(json_object_array_length(value), 1);
	job_free(job);
}

static void a_dry_run_writes_nothing(void **state)
{
	struct stage_request *request = a_request();
	struct json_object *value;
	struct job *job;

	request->dry_run = true;
	job = stage(request);
	assert_int_equal(job->err, 0);
	assert_non_null(strstr(job_text(job), "would be staged into slot 0"));
	expect_kernel("slot0/status", "empty");
	assert_true(json_object_object_get_ex(job->details, "dry_run", &value));
	assert_true(json_object_get_boolean(value));
	job_free(job);
}

/* A sealed slot is taken only if that is asked for, and the oldest then. */
static void no_slot_is_free(void **state)
{
	struct stage_request *request = a_request();
	struct job *job;

	machine_stage(0, "{\"staged_at\":\"2026-11-21T16:00:01Z\"}");
	machine_stage(1, "{\"staged_at\":\"2026-11-21T16:00:00Z\"}");
	job = stage(request);
	assert_int_equal(job->err, -EBUSY);
	assert_non_null(strstr(job_text(job), "--replace"));
	job_free(job);

	request = a_request();
	request->replace = true;
	job = stage(request);
	assert_int_equal(job->err, 0);
	assert_non_null(strstr(job_text(job), "is staged in slot 1"));
	expect_kernel("slot0/cmdline", "root=/dev/vda1");
	expect_kernel("slot1/cmdline", "root=8:1");
	job_free(job);
}

static void a_file_that_is_no_kernel(void **state)
{
	struct stage_request *request = a_request();
	struct job *job;

	machine_put("/boot/Image", "nothing of the kind");
	job = stage(request);
	assert_true(job->err < 0);
	assert_int_equal(job->error.failure, FR_INVALID_PAYLOAD);
	expect_kernel("slot0/status", "empty");
	job_free(job);
}

/* When the kernel refuses in the middle, the slot is empty again. */
static void what_fails_leaves_nothing(void **state)
{
	static const char *const words[] = { "kernel", "cmdline", "source",
					     "seal" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		char word[32];
		struct job *job;

		snprintf(word, sizeof(word), "%s %d", words[i], EIO);
		kernel_put("fail", word);
		job = stage(a_request());
		assert_true(job->err < 0);
		expect_kernel("slot0/status", "empty");
		job_free(job);
	}
}

static void memory_that_can_not_be_trusted(void **state)
{
	struct job *job;

	kernel_put("corrupt", "1");
	job = stage(a_request());
	assert_int_equal(job->err, -EBADMSG);
	assert_int_equal(job->error.failure, FR_VERIFICATION_FAILED);
	expect_kernel("slot0/status", "empty");
	job_free(job);
}

static void without_a_pool(void **state)
{
	struct job *job;

	kernel_put("pool", "none");
	job = stage(a_request());
	assert_int_equal(job->error.failure, FR_NO_POOL);
	job_free(job);
}

static void freeing_nothing(void **state)
{
	stage_request_free(NULL);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(a_kernel),
	UNIT_TEST(a_dry_run_writes_nothing),
	UNIT_TEST(no_slot_is_free),
	UNIT_TEST(a_file_that_is_no_kernel),
	UNIT_TEST(what_fails_leaves_nothing),
	UNIT_TEST(memory_that_can_not_be_trusted),
	UNIT_TEST(without_a_pool),
	UNIT_TEST(freeing_nothing),
};
FILES_UNIT_MAIN(tests)
