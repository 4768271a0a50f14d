// SPDX-License-Identifier: GPL-2.0-or-later
/* The commit up to the point of no return, and the undo. */
#include "daemon-fixture.h"

#include "../../daemon/fastrebootd/jobs/commit.h"

static struct commit_request *a_request(void)
{
	struct commit_request *request = calloc(1, sizeof(*request));

	assert_non_null(request);
	request->slot = FR_SLOT_NONE;
	/* The orderly way is systemd's, and there is none. */
	request->now = true;
	return request;
}

/* A hook that notes its kind, and what is armed while it runs. */
static void put_hook(const char *kind, const char *more)
{
	char name[64], text[512];

	snprintf(name, sizeof(name), "/etc/fastreboot/%s.d/10-note", kind);
	snprintf(text, sizeof(text),
		 "#!/bin/sh\necho %s $(cat %s/armed) >>%s/ran\n%s\n", kind,
		 getenv("FASTREBOOT_SYSFS"), getenv("FASTREBOOT_ROOT"), more);
	machine_put_program(name, text);
}

static void put_machine(void)
{
	machine_put("/dev/vda1", "");
	machine_stage(1, "{\"kernel\":\"/a\"}");
	put_hook("preflight", "");
	put_hook("quiesce", "");
	put_hook("unfreeze", "");
}

static struct json_object *find_check(struct job *job, const char *name)
{
	struct json_object *checks, *check, *value;

	assert_true(json_object_object_get_ex(job->details, "checks", &checks));
	for (size_t i = 0; i < json_object_array_length(checks); i++) {
		check = json_object_array_get_idx(checks, i);
		json_object_object_get_ex(check, "name", &value);
		if (!strcmp(json_object_get_string(value), name))
			return check;
	}
	return NULL;
}

static void expect_verdict(struct job *job, const char *name, bool ok)
{
	struct json_object *check = find_check(job, name), *value;

	assert_non_null(check);
	assert_true(json_object_object_get_ex(check, "ok", &value));
	assert_int_equal(json_object_get_boolean(value), ok);
}

static void checks_arms_and_quiesces(void **state)
{
	const struct commit_request *request;
	struct job *job;

	put_machine();
	job = job_run_alone(&commit_job, a_request());
	request = job->argument;
	if (job->err)
		print_message("# %s\n", job_text(job));
	assert_int_equal(job->err, 0);
	assert_int_equal(request->slot, 1);
	assert_false(request->wipes);
	expect_kernel("armed", "1");
	/* Armed before the hooks, and after the checks. */
	assert_string_equal(machine_text("/ran"),
			    "preflight none\nquiesce 1\n");
	assert_non_null(strstr(job_text(job), "the machine reboots into"));
	job_free(job);
}

static void a_dry_run_only_checks(void **state)
{
	struct commit_request *request;
	struct job *job;

	put_machine();
	request = a_request();
	request->dry_run = true;
	job = job_run_alone(&commit_job, request);
	assert_int_equal(job->err, 0);
	expect_kernel("armed", "none");
	assert_string_equal(machine_text("/ran"), "preflight none\n");
	assert_non_null(strstr(job_text(job), "a commit would boot"));
	job_free(job);
}

/* All checks are made, the first that fails is the error. */
static void checks_that_fail(void **state)
{
	struct job *job;

	put_machine();
	kernel_put("tries", "3");
	kernel_put("slot1/stale", "memory");
	put_hook("preflight", "echo no; exit 1");
	job = job_run_alone(&commit_job, a_request());
	assert_int_equal(job->err, -ESTALE);
	assert_int_equal(job->error.failure, FR_STALE);
	expect_verdict(job, "slot-verified", true);
	expect_verdict(job, "not-stale", false);
	expect_verdict(job, "tries", false);
	expect_verdict(job, "hooks", false);
	expect_verdict(job, "shutdown", true);
	expect_kernel("armed", "none");
	job_free(job);
}

/* Then tries, blackout and hooks do not count. */
static void a_rollback_leaves_checks_out(void **state)
{
	struct commit_request *request;
	struct job *job;

	put_machine();
	request = a_request();
	kernel_put("tries", "99");
	request->rollback = true;
	job = job_run_alone(&commit_job, request);
	assert_int_equal(job->err, 0);
	assert_null(find_check(job, "tries"));
	assert_null(find_check(job, "hooks"));
	assert_string_equal(machine_text("/ran"), "quiesce 1\n");
	job_free(job);
}

static void a_hook_that_refuses_is_undone(void **state)
{
	struct job *job;

	put_machine();
	put_hook("quiesce", "echo busy; exit 1");
	job = job_run_alone(&commit_job, a_request());
	assert_int_equal(job->err, -EPERM);
	assert_non_null(strstr(job_text(job), "busy"));
	/* Disarmed first: an unfreeze that hangs must not leave it armed. */
	assert_string_equal(machine_text("/ran"),
			    "preflight none\nquiesce 1\nunfreeze none\n");
	expect_kernel("armed", "none");
	expect_kernel("slot1/status", "sealed");
	job_free(job);
}

static void a_kernel_that_does_not_arm(void **state)
{
	char word[32];
	struct job *job;

	put_machine();
	snprintf(word, sizeof(word), "armed %d", EPERM);
	kernel_put("fail", word);
	job = job_run_alone(&commit_job, a_request());
	assert_true(job->err < 0);
	/* There is nothing to be undone: no hook has run. */
	assert_string_equal(machine_text("/ran"), "preflight none\n");
	job_free(job);
}

static void nothing_is_staged(void **state)
{
	struct job *job = job_run_alone(&commit_job, a_request());

	assert_int_equal(job->error.failure, FR_NOT_STAGED);
	assert_null(job->details);
	job_free(job);
}

static struct undo_request *an_undo(enum fr_failure cause)
{
	struct undo_request *request = calloc(1, sizeof(*request));

	assert_non_null(request);
	request->slot = 1;
	request->release = strdup("6.12-next");
	request->cause.failure = cause;
	snprintf(request->cause.text, sizeof(request->cause.text), "because");
	return request;
}

static void undoes_what_was_interrupted(void **state)
{
	struct fr_error error = { 0 };
	struct job *job;

	put_machine();
	expect_ok(fr_pool_arm(1, &error), &error);
	job = job_run_alone(&undo_job, an_undo(FR_OK));
	assert_int_equal(job->err, 0);
	assert_string_equal(job_text(job), "slot 1 is disarmed");
	assert_string_equal(machine_text("/ran"), "unfreeze none\n");
	expect_kernel("armed", "none");
	job_free(job);
}

/* Then the job fails, with what has made it necessary. */
static void undoes_what_failed(void **state)
{
	struct fr_error error = { 0 };
	struct job *job;

	put_machine();
	expect_ok(fr_pool_arm(1, &error), &error);
	put_hook("unfreeze", "exit 1");
	job = job_run_alone(&undo_job, an_undo(FR_STALE));
	assert_int_equal(job->error.failure, FR_STALE);
	assert_string_equal(job_text(job), "because");
	expect_kernel("armed", "none");
	job_free(job);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(checks_arms_and_quiesces),
	UNIT_TEST(a_dry_run_only_checks),
	UNIT_TEST(checks_that_fail),
	UNIT_TEST(a_rollback_leaves_checks_out),
	UNIT_TEST(a_hook_that_refuses_is_undone),
	UNIT_TEST(a_kernel_that_does_not_arm),
	UNIT_TEST(nothing_is_staged),
	UNIT_TEST(undoes_what_was_interrupted),
	UNIT_TEST(undoes_what_failed),
};
FILES_UNIT_MAIN(tests)
