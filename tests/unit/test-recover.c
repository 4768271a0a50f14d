// SPDX-License-Identifier: GPL-2.0-or-later
/* The start, after a daemon that was killed at any moment. */
#include "daemon-fixture.h"

#include <unistd.h>

#include "../../daemon/fastrebootd/policy/recover.h"
#include "../../daemon/fastrebootd/pool/source.h"

static void recover_now(struct daemon *daemon)
{
	daemon_begin(daemon);
	recover(daemon);
	daemon_finish_jobs(daemon);
}

static void staging_is_aborted(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;

	expect_ok(fr_slot_begin(1, &error), &error);
	recover_now(&daemon);
	expect_kernel("slot1/status", "empty");
	/* What the daemon knows is what is true now. */
	assert_int_equal(daemon.pool.slots[1].status, FR_SLOT_EMPTY);
	daemon_end(&daemon);
}

/* A kexec tool is loading: the kernel refuses, and so it stays. */
static void anothers_staging_stays(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;
	char word[32];

	expect_ok(fr_slot_begin(1, &error), &error);
	snprintf(word, sizeof(word), "abort %d", EBUSY);
	kernel_put("fail", word);
	recover_now(&daemon);
	expect_kernel("slot1/status", "staging");
	daemon_end(&daemon);
}

static void sealed_with_what_was_read(void **state)
{
	struct daemon daemon;
	char source[128];

	snprintf(source, sizeof(source), "{\"kernel_sha256\":\"%s\"}",
		 machine_kernel_sha256);
	machine_stage(0, source);
	machine_stage(1, "");
	recover_now(&daemon);
	expect_kernel("slot0/status", "sealed");
	expect_kernel("slot1/status", "sealed");
	daemon_end(&daemon);
}

static void sealed_with_something_else(void **state)
{
	struct daemon daemon;

	machine_stage(0, "{\"kernel_sha256\":\"0123\"}");
	recover_now(&daemon);
	expect_kernel("slot0/status", "empty");
	daemon_end(&daemon);
}

/* It may have been killed between the seal and the comparison. */
static void sealed_without_a_hash(void **state)
{
	struct daemon daemon;

	machine_stage(1, "{\"kernel\":\"/a\"}");
	recover_now(&daemon);
	expect_kernel("slot1/status", "empty");
	daemon_end(&daemon);
}

static void armed_by_us_is_undone(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;
	char text[256];

	machine_stage(1, "{\"kernel\":\"/a\"}");
	expect_ok(fr_pool_arm(1, &error), &error);
	snprintf(text, sizeof(text),
		 "#!/bin/sh\necho unfreeze $FASTREBOOT_SLOT >%s/ran\n",
		 getenv("FASTREBOOT_ROOT"));
	machine_put_program("/etc/fastreboot/unfreeze.d/10-note", text);
	recover_now(&daemon);
	expect_kernel("armed", "none");
	expect_kernel("slot1/status", "sealed");
	assert_string_equal(machine_text("/ran"), "unfreeze 1\n");
	assert_string_equal(daemon.last_job.kind, "undo");
	assert_string_equal(daemon.last_job.result, "done");
	assert_false(daemon.leaving);
	daemon_end(&daemon);
}

/* Without a source it is a kexec tool's. */
static void armed_by_another_stays(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;

	machine_stage(1, "");
	expect_ok(fr_pool_arm(1, &error), &error);
	recover_now(&daemon);
	expect_kernel("armed", "1");
	assert_null(daemon.last_job.kind);
	daemon_end(&daemon);
}

static void firmwares_kernel_gets_a_source(void **state)
{
	struct daemon daemon;
	char expected[256];
	char *kernel, *title;

	machine_put("/boot/vmlinuz-6.12-running", "");
	machine_put("/boot/initrd.img-6.12-running", "");
	recover_now(&daemon);
	snprintf(expected, sizeof(expected), "%s/boot/vmlinuz-6.12-running",
		 getenv("FASTREBOOT_ROOT"));
	kernel = source_member(daemon.pool.source, "kernel");
	title = source_member(daemon.pool.source, "title");
	assert_string_equal(kernel, expected);
	assert_string_equal(title, "6.12-running");
	assert_non_null(strstr(daemon.pool.source, "initrd.img-6.12-running"));
	free(kernel);
	free(title);
	daemon_end(&daemon);
}

static void a_kernel_that_is_nowhere_gets_none(void **state)
{
	struct daemon daemon;

	recover_now(&daemon);
	expect_kernel("source", "");
	daemon_end(&daemon);
}

static void a_source_that_is_there_stays(void **state)
{
	struct daemon daemon;

	kernel_put("source", "{\"kernel\":\"/mine\"}");
	machine_put("/boot/vmlinuz-6.12-running", "");
	recover_now(&daemon);
	expect_kernel("source", "{\"kernel\":\"/mine\"}");
	daemon_end(&daemon);
}

static void without_a_pool_nothing_is_done(void **state)
{
	struct daemon daemon;

	kernel_put("slot0/status", "staging");
	kernel_put("pool", "none");
	recover_now(&daemon);
	expect_kernel("slot0/status", "staging");
	assert_int_equal(daemon.pool_error.failure, FR_NO_POOL);
	daemon_end(&daemon);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(staging_is_aborted),
	UNIT_TEST(anothers_staging_stays),
	UNIT_TEST(sealed_with_what_was_read),
	UNIT_TEST(sealed_with_something_else),
	UNIT_TEST(sealed_without_a_hash),
	UNIT_TEST(armed_by_us_is_undone),
	UNIT_TEST(armed_by_another_stays),
	UNIT_TEST(firmwares_kernel_gets_a_source),
	UNIT_TEST(a_kernel_that_is_nowhere_gets_none),
	UNIT_TEST(a_source_that_is_there_stays),
	UNIT_TEST(without_a_pool_nothing_is_done),
};
FILES_UNIT_MAIN(tests)
