// SPDX-License-Identifier: GPL-2.0-or-later
/* The pool of the library, on the files of fake-kernel.c. */
#include "files-fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake-kernel.h"
#include "pool.h"

static unsigned int count;

/* A new machine with two slots. */
static int fresh(void **state)
{
	char name[32];

	snprintf(name, sizeof(name), "pool%u", count++);
	file_make_folder(name);
	setenv("FASTREBOOT_SYSFS", file_path(name), 1);
	fr_pool_testing_write = fake_kernel_write;
	return fake_kernel_make(fr_pool_root(), 2);
}

static void put(const char *name, const char *text)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", fr_pool_root(), name);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void drop(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", fr_pool_root(), name);
	assert_int_equal(unlink(path), 0);
}

static void stage(unsigned int slot)
{
	struct fr_slot_writer writer = FR_SLOT_WRITER(slot);
	struct fr_error error = { 0 };
	char data[10000];

	memset(data, 'k', sizeof(data));
	expect_ok(fr_slot_begin(slot, &error), &error);
	expect_ok(fr_slot_write(&writer, FR_SEGMENT_KERNEL, data, sizeof(data),
				&error),
		  &error);
	expect_ok(fr_slot_write(&writer, FR_SEGMENT_KERNEL, data, 7, &error),
		  &error);
	expect_ok(fr_slot_write(&writer, FR_SEGMENT_INITRD, "initrd", 6,
				&error),
		  &error);
	fr_slot_writer_close(&writer);
	expect_ok(fr_slot_set_cmdline(slot, "root=/dev/vda", &error), &error);
	expect_ok(fr_slot_set_source(slot, "{\"a\":1}", &error), &error);
	expect_ok(fr_slot_seal(slot, &error), &error);
}

static void reads_everything(void **state)
{
	struct fr_pool_status pool = { 0 };
	struct fr_error error = { 0 };

	put("generation", "18446744073709551615\n");
	put("boot_reason", "fast-reboot\n");
	put("previous_release", "6.12.1-a\n");
	put("source", "{\"kernel\":\"/a\"}\n");
	put("running", "1\n");
	put("tries", "2\n");
	put("state_volume", "0x6f000000-0x6fffffff\n");
	put("slot1/status", "running\n");
	put("slot1/placement", "kernel direct 0x68000000 7873024\n"
			       "initrd overflow 0x48000000 780800\n"
			       "later direct 0x1 1\n");
	expect_ok(fr_pool_read(&pool, &error), &error);
	assert_true(pool.present);
	assert_int_equal(pool.start, 0x60000000);
	assert_int_equal(pool.end, 0x6fffffff);
	assert_true(pool.generation == UINT64_MAX);
	assert_string_equal(pool.boot_reason, "fast-reboot");
	assert_string_equal(pool.previous_release, "6.12.1-a");
	assert_string_equal(pool.source, "{\"kernel\":\"/a\"}");
	assert_string_equal(pool.previous_source, "");
	assert_int_equal(pool.running, 1);
	assert_int_equal(pool.armed, FR_SLOT_NONE);
	assert_int_equal(pool.tries, 2);
	assert_true(fr_pool_has_state(&pool));
	assert_int_equal(pool.n_slots, 2);
	assert_int_equal(pool.slots[0].status, FR_SLOT_EMPTY);
	assert_int_equal(pool.slots[1].status, FR_SLOT_RUNNING);
	assert_int_equal(pool.slots[1].segments[0].size, 7873024);
	assert_int_equal(pool.slots[1].segments[0].address, 0x68000000);
	assert_true(pool.slots[1].segments[0].direct);
	assert_false(pool.slots[1].segments[1].direct);
	assert_int_equal(pool.slots[1].segments[2].size, 0);
	fr_pool_status_clear(&pool);
	assert_int_equal(pool.n_slots, 0);
}

static void files_of_newer_kernels_may_be_missing(void **state)
{
	struct fr_pool_status pool = { 0 };
	struct fr_error error = { 0 };

	drop("source");
	drop("previous_source");
	drop("state_volume");
	drop("slot0/source");
	drop("slot1/stale");
	put("slot0/status", "shiny\n");
	put("boot_reason", "magic\n");
	expect_ok(fr_pool_read(&pool, &error), &error);
	assert_string_equal(pool.source, "");
	assert_false(fr_pool_has_state(&pool));
	assert_string_equal(pool.slots[0].source, "");
	assert_int_equal(pool.slots[0].status, FR_SLOT_UNKNOWN);
	assert_string_equal(pool.boot_reason, "magic");
	fr_pool_status_clear(&pool);
}

static void nonsense_is_refused(void **state)
{
	static const struct {
		const char *name;
		const char *text;
	} cases[] = {
		{ "pool", "0x60000000\n" },
		{ "pool", "-1-2\n" },
		{ "pool", "\n" },
		{ "generation", "-1\n" },
		{ "generation", "\n" },
		{ "generation", "99999999999999999999\n" },
		{ "tries", "1x\n" },
		{ "running", "8\n" },
		{ "armed", "maybe\n" },
		{ "slot0/size", "much\n" },
		{ "slot0/placement", "kernel direct 0x1\n" },
		{ "slot0/placement", "kernel direct 1 2\n" },
		{ "slot0/placement", "kernel\n" },
		{ "slot0/sha256", "kernel 1234\n" },
	};
	struct fr_pool_status pool = { .tries = 77 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fr_error error = { 0 };

		fresh(NULL);
		put(cases[i].name, cases[i].text);
		expect_error(fr_pool_read(&pool, &error), -EBADMSG, &error,
			     FR_UNSUPPORTED, cases[i].name);
		/* Untouched by failures. */
		assert_int_equal(pool.tries, 77);
	}
}

static void a_file_that_is_missing(void **state)
{
	struct fr_pool_status pool = { 0 };
	struct fr_error error = { 0 };

	drop("tries");
	expect_error(fr_pool_read(&pool, &error), -ENOENT, &error, FR_FAILED,
		     "tries");
}

static void no_support(void **state)
{
	struct fr_pool_status pool = { 0 };
	struct fr_error error = { 0 };

	setenv("FASTREBOOT_SYSFS", file_path("nowhere"), 1);
	expect_error(fr_pool_read(&pool, &error), -EOPNOTSUPP, &error,
		     FR_UNSUPPORTED, "CONFIG_FASTREBOOT");
}

static void no_pool(void **state)
{
	struct fr_pool_status pool = { 0 };
	struct fr_error error = { 0 };

	put("pool", "none\n");
	expect_ok(fr_pool_read(&pool, &error), &error);
	assert_false(pool.present);
	assert_int_equal(pool.n_slots, 0);
	expect_error(fr_pool_check(&pool, &error), -ENODEV, &error, FR_NO_POOL,
		     "fastreboot=<size>");
	fr_pool_status_clear(&pool);
	put("error", "it overlaps with something\n");
	expect_ok(fr_pool_read(&pool, &error), &error);
	expect_error(fr_pool_check(&pool, &error), -ENODEV, &error, FR_NO_POOL,
		     "it overlaps with something");
	fr_pool_status_clear(&pool);
}

static void stages(void **state)
{
	struct fr_pool_status pool = { 0 };
	struct fr_error error = { 0 };

	stage(0);
	expect_ok(fr_pool_read(&pool, &error), &error);
	expect_ok(fr_pool_check(&pool, &error), &error);
	assert_int_equal(pool.slots[0].status, FR_SLOT_SEALED);
	assert_int_equal(pool.slots[0].segments[FR_SEGMENT_KERNEL].size, 10007);
	assert_int_equal(pool.slots[0].segments[FR_SEGMENT_INITRD].size, 6);
	assert_int_equal(strlen(pool.slots[0].segments[0].sha256), 64);
	assert_string_equal(pool.slots[0].cmdline, "root=/dev/vda");
	assert_string_equal(pool.slots[0].source, "{\"a\":1}");
	fr_pool_status_clear(&pool);
}

static void states_without_waiting(void **state)
{
	struct fr_pool_status pool = { 0 };
	struct fr_error error = { 0 };

	expect_ok(fr_pool_read(&pool, &error), &error);
	stage(1);
	expect_ok(fr_pool_arm(1, &error), &error);
	fr_pool_read_states(&pool);
	assert_int_equal(pool.slots[1].status, FR_SLOT_ARMED);
	assert_int_equal(pool.armed, 1);
	/* The rest is as it was. */
	assert_string_equal(pool.slots[1].cmdline, "");
	fr_pool_status_clear(&pool);
}

static void arms_and_disarms(void **state)
{
	struct fr_error error = { 0 };

	expect_error(fr_pool_arm(0, &error), -EINVAL, &error, FR_NOT_STAGED,
		     "slot 0");
	stage(0);
	expect_ok(fr_pool_arm(0, &error), &error);
	expect_error(fr_slot_clear(0, &error), -EBUSY, &error, FR_BUSY,
		     "armed");
	expect_error(fr_slot_begin(0, &error), -EBUSY, &error, FR_BUSY,
		     "in use");
	expect_ok(fr_pool_disarm(&error), &error);
	expect_ok(fr_slot_verify(0, &error), &error);
	expect_error(fr_slot_begin(0, &error), -EEXIST, &error, FR_BUSY,
		     "unstage");
	expect_ok(fr_slot_clear(0, &error), &error);
	expect_error(fr_slot_verify(0, &error), -EINVAL, &error, FR_NOT_STAGED,
		     "nothing is sealed");
	expect_error(fr_slot_abort(0, &error), -EBADFD, &error, FR_NOT_STAGED,
		     "nothing");
}

static void confirms(void **state)
{
	struct fr_pool_status pool = { 0 };
	struct fr_error error = { 0 };

	put("tries", "3\n");
	expect_ok(fr_pool_confirm(&error), &error);
	expect_ok(fr_pool_set_source("{}", &error), &error);
	expect_ok(fr_pool_read(&pool, &error), &error);
	assert_int_equal(pool.tries, 0);
	assert_string_equal(pool.source, "{}");
	fr_pool_status_clear(&pool);
}

/* Each errno of the ABI document has its kind of failure. */
static void errors_of_the_kernel(void **state)
{
	static const struct {
		const char *word;
		int err;
		enum fr_failure failure;
	} cases[] = {
		{ "begin", EPERM, FR_NOT_PERMITTED },
		{ "begin", EACCES, FR_NOT_PERMITTED },
		{ "begin", EOPNOTSUPP, FR_UNSUPPORTED },
		{ "begin", EBUSY, FR_BUSY },
		{ "begin", EEXIST, FR_BUSY },
		{ "begin", ENODEV, FR_NO_POOL },
		{ "begin", ENOMEM, FR_NO_MEMORY },
		{ "begin", EIO, FR_FAILED },
		{ "clear", EBUSY, FR_BUSY },
		{ "clear", EPERM, FR_NOT_PERMITTED },
		{ "abort", EBUSY, FR_BUSY },
		{ "abort", EBADFD, FR_NOT_STAGED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fr_error error = { 0 };
		char fail[64];
		int err = 0;

		fresh(NULL);
		snprintf(fail, sizeof(fail), "%s %d\n", cases[i].word,
			 cases[i].err);
		put("fail", fail);
		if (*cases[i].word == 'b')
			err = fr_slot_begin(1, &error);
		else if (*cases[i].word == 'c')
			err = fr_slot_clear(1, &error);
		else
			err = fr_slot_abort(1, &error);
		expect_error(err, -cases[i].err, &error, cases[i].failure,
			     "slot 1: ");
	}
}

static void errors_of_the_seal(void **state)
{
	static const struct {
		int err;
		enum fr_failure failure;
	} cases[] = {
		{ EBADFD, FR_FAILED },		 { ENOENT, FR_INVALID_PAYLOAD },
		{ ENODATA, FR_INVALID_PAYLOAD }, { EPERM, FR_NOT_PERMITTED },
		{ EFBIG, FR_TOO_LARGE },	 { EINTR, FR_CANCELLED },
		{ EINVAL, FR_INVALID_PAYLOAD },	 { EKEYREJECTED, FR_SIGNATURE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fr_error error = { 0 };
		char fail[64];

		fresh(NULL);
		snprintf(fail, sizeof(fail), "seal %d\n", cases[i].err);
		expect_ok(fr_slot_begin(0, &error), &error);
		put("fail", fail);
		expect_error(fr_slot_seal(0, &error), -cases[i].err, &error,
			     cases[i].failure, "seal failed");
	}
}

static void errors_of_a_segment(void **state)
{
	static const struct {
		int err;
		enum fr_failure failure;
	} cases[] = {
		{ ENOEXEC, FR_INVALID_PAYLOAD },
		{ EOPNOTSUPP, FR_INVALID_PAYLOAD },
		{ EFBIG, FR_TOO_LARGE },
		{ EPERM, FR_NOT_PERMITTED },
		{ EBADFD, FR_FAILED },
		{ EBUSY, FR_BUSY },
		{ EINVAL, FR_FAILED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fr_slot_writer writer = FR_SLOT_WRITER(0);
		struct fr_error error = { 0 };
		char fail[64];

		fresh(NULL);
		snprintf(fail, sizeof(fail), "kernel %d\n", cases[i].err);
		expect_ok(fr_slot_begin(0, &error), &error);
		put("fail", fail);
		expect_error(fr_slot_write(&writer, FR_SEGMENT_KERNEL, "x", 1,
					   &error),
			     -cases[i].err, &error, cases[i].failure, "kernel");
		fr_slot_writer_close(&writer);
	}
}

static void a_slot_that_is_not_there(void **state)
{
	struct fr_slot_writer writer = FR_SLOT_WRITER(5);
	struct fr_error error = { 0 };

	expect_error(fr_slot_begin(5, &error), -ENOENT, &error, FR_NO_POOL,
		     "slot 5");
	expect_error(fr_slot_write(&writer, FR_SEGMENT_DTB, "x", 1, &error),
		     -ENOENT, &error, FR_NO_POOL, "dtb");
	fr_slot_writer_close(&writer);
}

static void texts_that_are_too_long(void **state)
{
	struct fr_error error = { 0 };
	char text[FR_SLOT_SOURCE_MAX + 2];

	expect_ok(fr_slot_begin(0, &error), &error);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	expect_error(fr_slot_set_source(0, text, &error), -E2BIG, &error,
		     FR_TOO_LARGE, "4000");
	text[FR_SLOT_SOURCE_MAX] = '\0';
	expect_ok(fr_slot_set_source(0, text, &error), &error);
	text[FR_CMDLINE_MAX + 1] = '\0';
	expect_error(fr_slot_set_cmdline(0, text, &error), -E2BIG, &error,
		     FR_TOO_LARGE, "2047");
	expect_error(fr_slot_set_cmdline(0, "a\nb", &error), -EINVAL, &error,
		     FR_INVALID_PAYLOAD, "one line");
	expect_ok(fr_slot_set_cmdline(0, "", &error), &error);
}

/* Each on a new machine. */
#undef UNIT_TEST
#define UNIT_TEST(test) \
	{ "unit." UNIT_PROGRAM "." #test, test, fresh, NULL, NULL }

static const struct CMUnitTest tests[] = {
	UNIT_TEST(reads_everything),
	UNIT_TEST(files_of_newer_kernels_may_be_missing),
	UNIT_TEST(nonsense_is_refused),
	UNIT_TEST(a_file_that_is_missing),
	UNIT_TEST(no_support),
	UNIT_TEST(no_pool),
	UNIT_TEST(stages),
	UNIT_TEST(states_without_waiting),
	UNIT_TEST(arms_and_disarms),
	UNIT_TEST(confirms),
	UNIT_TEST(errors_of_the_kernel),
	UNIT_TEST(errors_of_the_seal),
	UNIT_TEST(errors_of_a_segment),
	UNIT_TEST(a_slot_that_is_not_there),
	UNIT_TEST(texts_that_are_too_long),
};
FILES_UNIT_MAIN(tests)
