// SPDX-License-Identifier: GPL-2.0-or-later
/* The wipe of the state volume, with a file in the place of its device. */
#include "files-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"
#include "wipe.h"

/* Not a multiple of the pieces that are written. */
#define VOLUME_SIZE (3 * 1024 * 1024 + 4096)
#define BUS "sys/bus/nd/devices/ndbus1"
#define REGION BUS "/region0"

static int prepare(void **state)
{
	static const char *const folders[] = {
		"sys",
		"sys/bus",
		"sys/bus/nd",
		"sys/bus/nd/devices",
		"sys/bus/nd/devices/ndbus0",
		BUS,
		BUS "/power",
		REGION,
		REGION "/power",
		REGION "/namespace0.0",
		REGION "/namespace0.0/block",
		REGION "/namespace0.0/block/pmem7",
		"dev",
		"pool",
	};

	if (files_begin(state))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		file_make_folder(folders[i]);
	file_write_text("sys/bus/nd/devices/ndbus0/provider", "e820\n");
	file_write_text(BUS "/provider", "fastreboot\n");
	setenv("FASTREBOOT_SYSFS", file_path("pool"), 1);
	return 0;
}

static void set_volume(const char *text)
{
	file_write_text("pool/state_volume", text);
}

static const char *make_device(size_t size)
{
	struct blob secret = make_image(size, 7);
	const char *path = file_write_blob("dev/pmem7", &secret);

	blob_free(&secret);
	return path;
}

static void expect_zeros(const char *path, size_t size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *data = malloc(size + 1);
	_cleanup_free_ char *zeros = calloc(1, size);

	assert_int_equal(read(fd, data, size + 1), size);
	assert_memory_equal(data, zeros, size);
}

static void no_volume(void **state)
{
	static const char *const texts[] = { "none\n", "", NULL };
	struct fr_error error = { 0 };
	char *device = (char *)"untouched";

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (texts[i])
			set_volume(texts[i]);
		else
			file_remove("pool/state_volume");
		assert_int_equal(fr_wipe_find(file_path("."), &device, &error),
				 0);
		assert_null(device);
		assert_int_equal(fr_wipe_state(file_path("."), NULL, &error),
				 0);
	}
}

static void whole_volume(void **state)
{
	const char *path = make_device(VOLUME_SIZE);
	struct fr_error error = { 0 };
	char *device = NULL;

	set_volume("0x60000000-0x60300fff\n");
	assert_int_equal(fr_wipe_find(file_path("."), &device, &error), 0);
	assert_non_null(strstr(device, "/dev/pmem7"));
	free(device);
	expect_ok(fr_wipe_state(file_path("."), NULL, &error), &error);
	expect_zeros(path, VOLUME_SIZE);
}

/* What is not the volume, or not all of it, is no success. */
static void not_the_volume(void **state)
{
	struct fr_error error = { 0 };

	make_device(VOLUME_SIZE - 1);
	set_volume("0x60000000-0x60300fff\n");
	expect_error(fr_wipe_state(file_path("."), NULL, &error), -EBADMSG,
		     &error, FR_FAILED, "of them only");
	file_remove("dev/pmem7");
	expect_error(fr_wipe_state(file_path("."), NULL, &error), -ENOENT,
		     &error, FR_FAILED, "dev/pmem7");
	file_write_text(BUS "/provider", "other\n");
	expect_error(fr_wipe_state(file_path("."), NULL, &error), -ENODEV,
		     &error, FR_FAILED, "no block device");
	file_write_text(BUS "/provider", "fastreboot\n");
	set_volume("everything\n");
	expect_error(fr_wipe_state(file_path("."), NULL, &error), -EBADMSG,
		     &error, FR_FAILED, "state_volume");
}

static void stopped(void **state)
{
	const char *path = make_device(VOLUME_SIZE);
	struct fr_error error = { 0 };
	sig_atomic_t stop = SIGALRM;

	expect_error(fr_wipe_device(path, &stop, &error), -EINTR, &error,
		     FR_CANCELLED, "in part: it took too long");
	stop = SIGTERM;
	expect_error(fr_wipe_device(path, &stop, &error), -EINTR, &error,
		     FR_CANCELLED, "in part: it was stopped");
}

static void does_not_take_it(void **state)
{
	struct fr_error error = { 0 };

	expect_error(fr_wipe_device(file_path("dev"), NULL, &error), -EISDIR,
		     &error, FR_FAILED, "can't open");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(no_volume),	     UNIT_TEST(whole_volume),
	UNIT_TEST(not_the_volume),   UNIT_TEST(stopped),
	UNIT_TEST(does_not_take_it),
};

int main(void)
{
	unit_prepare();
	return cmocka_run_group_tests_name(UNIT_PROGRAM, tests, prepare,
					   files_end);
}
