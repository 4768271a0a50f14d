// SPDX-License-Identifier: GPL-2.0-or-later
/* Hooks, as real programs. */
#include "daemon-fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include "../../daemon/fastrebootd/jobs/hooks.h"

#define ETC "/etc/fastreboot/quiesce.d/"
#define RUN "/run/fastreboot/quiesce.d/"
#define LIB "/usr/lib/fastreboot/quiesce.d/"

static struct hooks_environment environment;

static void begin(void)
{
	environment = (struct hooks_environment){ .slot = 1,
						  .release = "6.12-next",
						  .timeout_usec = 60000000 };
}

/* A hook that notes a word in the file "/ran", and does more. */
static void put_hook(const char *name, const char *word, const char *more)
{
	char text[512];

	snprintf(text, sizeof(text), "#!/bin/sh\necho %s >>%s/ran\n%s\n", word,
		 getenv("FASTREBOOT_ROOT"), more);
	machine_put_program(name, text);
}

static int run(struct job *job, unsigned int *ret_count, struct fr_error *error)
{
	return hooks_run(getenv("FASTREBOOT_ROOT"), "quiesce", &environment,
			 job, ret_count, error);
}

static void none(void **state)
{
	struct fr_error error = { 0 };
	unsigned int count = 7;

	begin();
	expect_ok(run(NULL, &count, &error), &error);
	assert_int_equal(count, 0);
}

static void in_the_order_of_their_names(void **state)
{
	struct fr_error error = { 0 };
	unsigned int count = 0;

	begin();
	put_hook(LIB "10-first", "first", "");
	put_hook(ETC "30-third", "third", "");
	put_hook(RUN "20-second", "second", "");
	expect_ok(run(NULL, &count, &error), &error);
	assert_int_equal(count, 3);
	assert_string_equal(machine_text("/ran"), "first\nsecond\nthird\n");
}

static void the_administrators_replaces(void **state)
{
	struct fr_error error = { 0 };
	unsigned int count = 0;

	begin();
	put_hook(LIB "10-hook", "lib", "");
	put_hook(RUN "10-hook", "run", "");
	put_hook(ETC "10-hook", "etc", "");
	expect_ok(run(NULL, &count, &error), &error);
	assert_int_equal(count, 1);
	assert_string_equal(machine_text("/ran"), "etc\n");
}

static void masked_and_what_is_no_hook(void **state)
{
	struct fr_error error = { 0 };
	unsigned int count = 9;
	char link[256];

	begin();
	put_hook(LIB "10-empty", "empty", "");
	machine_put_program(ETC "10-empty", "");
	put_hook(LIB "20-null", "null", "");
	snprintf(link, sizeof(link), "%s" ETC "20-null",
		 getenv("FASTREBOOT_ROOT"));
	assert_int_equal(symlink("/dev/null", link), 0);
	put_hook(ETC ".hidden", "hidden", "");
	put_hook(ETC "30-old~", "old", "");
	put_hook(ETC "40-x.dpkg-new", "dpkg", "");
	machine_put(ETC "50-not-executable", "#!/bin/sh\nexit 1\n");
	expect_ok(run(NULL, &count, &error), &error);
	assert_int_equal(count, 0);
	assert_string_equal(machine_text("/ran"), "");
}

static void what_they_are_told(void **state)
{
	struct fr_error error = { 0 };
	unsigned int count = 0;
	const char *told;

	begin();
	setenv("SECRET", "of the daemon", 1);
	put_hook(ETC "10-env", "begin", "env >>${0%/etc/*}/ran; pwd");
	expect_ok(run(NULL, &count, &error), &error);
	told = machine_text("/ran");
	assert_non_null(strstr(told, "\nFASTREBOOT_SLOT=1\n"));
	assert_non_null(strstr(told, "\nFASTREBOOT_RELEASE=6.12-next\n"));
	assert_non_null(strstr(told, "\nPATH=/usr/local/sbin:"));
	assert_null(strstr(told, "FASTREBOOT_ROLLBACK"));
	assert_null(strstr(told, "SECRET"));

	environment.rollback = true;
	expect_ok(run(NULL, &count, &error), &error);
	assert_non_null(
		strstr(machine_text("/ran"), "\nFASTREBOOT_ROLLBACK=1\n"));
}

static void the_last_line_tells_why(void **state)
{
	struct fr_error error = { 0 };
	unsigned int count = 7;

	begin();
	put_hook(ETC "10-bad", "bad",
		 "echo first; echo 'the database is busy' >&2; echo; exit 3");
	expect_error(run(NULL, &count, &error), -EPERM, &error, FR_REFUSED,
		     "10-bad failed with 3: the database is busy");
	put_hook(ETC "10-bad", "bad", "exit 1");
	expect_error(run(NULL, &count, &error), -EPERM, &error, FR_REFUSED,
		     "failed with 1: it said nothing");
	put_hook(ETC "10-bad", "bad", "kill -TERM $$");
	expect_error(run(NULL, &count, &error), -EPERM, &error, FR_REFUSED,
		     "failed with 143");
}

/* Of a hook that says a lot the end is kept, and it does not block. */
static void one_that_says_a_lot(void **state)
{
	struct fr_error error = { 0 };
	unsigned int count = 0;

	begin();
	put_hook(ETC "10-loud", "loud",
		 "i=0; while [ $i -lt 9000 ]; do echo 'line of a lot'; "
		 "i=$((i + 1)); done; echo 'the end'; exit 1");
	expect_error(run(NULL, &count, &error), -EPERM, &error, FR_REFUSED,
		     "failed with 1: the end");
}

static void the_first_that_fails_counts(void **state)
{
	struct fr_error error = { 0 };
	unsigned int count = 0;

	begin();
	put_hook(ETC "10-one", "one", "echo one; exit 1");
	put_hook(ETC "20-two", "two", "echo two; exit 2");
	put_hook(ETC "30-three", "three", "");
	expect_error(run(NULL, &count, &error), -EPERM, &error, FR_REFUSED,
		     "10-one failed with 1");
	assert_string_equal(machine_text("/ran"), "one\ntwo\nthree\n");

	machine_remove("/ran");
	environment.stop_on_failure = true;
	expect_error(run(NULL, &count, &error), -EPERM, &error, FR_REFUSED,
		     "10-one failed with 1");
	assert_string_equal(machine_text("/ran"), "one\n");
}

/* With no time left it is killed, and so is what it has started. */
static void one_that_takes_too_long(void **state)
{
	struct fr_error error = { 0 };
	unsigned int count = 0;

	begin();
	environment.timeout_usec = 0;
	machine_put_program(ETC "10-slow", "#!/bin/sh\nsleep 1000 & wait\n");
	expect_error(run(NULL, &count, &error), -ETIMEDOUT, &error, FR_REFUSED,
		     "HookTimeoutSec=");
}

static void one_that_can_not_be_run(void **state)
{
	struct fr_error error = { 0 };
	unsigned int count = 0;

	begin();
	machine_put_program(ETC "10-bad", "#!/nowhere/interpreter\n");
	expect_error(run(NULL, &count, &error), -EPERM, &error, FR_REFUSED,
		     "failed with 127");
}

/* The work of a job: its hook waits until the job is cancelled, by itself. */
static int run_cancelled(struct job *job, struct fr_error *error)
{
	unsigned int count = 0;

	if (job_step(job, "quiescing", true, error))
		return -EINVAL;
	assert_int_equal(job_cancel(job, NULL), 0);
	return run(job, &count, error);
}

static const struct job_type cancelled_job = {
	.name = "test",
	.action = "none",
	.run = run_cancelled,
};

static void one_whose_job_is_cancelled(void **state)
{
	struct job *job;

	begin();
	machine_put_program(ETC "10-slow", "#!/bin/sh\nsleep 1000 & wait\n");
	job = job_run_alone(&cancelled_job, NULL);
	assert_int_equal(job->err, -ECANCELED);
	assert_int_equal(job->error.failure, FR_CANCELLED);
	job_free(job);
}

static void a_program_as_if_it_were_one(void **state)
{
	struct fr_error error = { 0 };
	char path[256];

	begin();
	put_hook("/usr/libexec/wipe", "wipe", "echo no disk; exit 4");
	snprintf(path, sizeof(path), "%s/usr/libexec/wipe",
		 getenv("FASTREBOOT_ROOT"));
	expect_error(hooks_run_program(path, &environment, NULL, &error),
		     -EPERM, &error, FR_REFUSED, "failed with 4: no disk");
	assert_string_equal(machine_text("/ran"), "wipe\n");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(none),
	UNIT_TEST(in_the_order_of_their_names),
	UNIT_TEST(the_administrators_replaces),
	UNIT_TEST(masked_and_what_is_no_hook),
	UNIT_TEST(what_they_are_told),
	UNIT_TEST(the_last_line_tells_why),
	UNIT_TEST(one_that_says_a_lot),
	UNIT_TEST(the_first_that_fails_counts),
	UNIT_TEST(one_that_takes_too_long),
	UNIT_TEST(one_that_can_not_be_run),
	UNIT_TEST(one_whose_job_is_cancelled),
	UNIT_TEST(a_program_as_if_it_were_one),
};
FILES_UNIT_MAIN(tests)
