// SPDX-License-Identifier: GPL-2.0-or-later
#include "files-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lastlog.h"

#define PSTORE "sys/fs/pstore/"
#define MOVED "var/lib/systemd/pstore/"

/* A root of its own for each test. */
static const char *fresh(void)
{
	static const char *const folders[] = { "",
					       "/sys",
					       "/sys/fs",
					       "/sys/fs/pstore",
					       "/var",
					       "/var/lib",
					       "/var/lib/systemd",
					       "/var/lib/systemd/pstore" };
	static unsigned int count;
	static char root[32];

	snprintf(root, sizeof(root), "log%u", count++);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s%s", root, folders[i]);
		file_make_folder(name);
	}
	return root;
}

/* A file that was written @age seconds ago. */
static void put(const char *root, const char *name, const char *text, int age)
{
	struct timespec times[2] = { { .tv_sec = 2000000000 - age } };
	char path[128];

	times[1] = times[0];
	snprintf(path, sizeof(path), "%s/%s", root, name);
	file_write_text(path, text);
	assert_int_equal(utimensat(AT_FDCWD, file_path(path), times, 0), 0);
}

static struct fr_last_log read_well(const char *root)
{
	struct fr_last_log log = { 0 };
	struct fr_error error = { 0 };
	int r = fr_last_log_read(file_path(root), &log, &error);

	expect_ok(r, &error);
	return log;
}

static void expect_log(const char *root, const char *name, const char *line)
{
	_cleanup_last_log_ struct fr_last_log log = read_well(root);
	size_t size = strlen(name);

	assert_true(strlen(log.path) > size);
	assert_string_equal(log.path + strlen(log.path) - size, name);
	assert_non_null(log.lines[0]);
	assert_string_equal(log.lines[0], line);
}

static void places(void **state)
{
	const char *root = fresh();
	struct fr_last_log log = { 0 };
	struct fr_error error = { 0 };

	expect_error(fr_last_log_read(file_path(root), &log, &error), -ENOENT,
		     &error, FR_NOT_FOUND, "ramoops");
	put(root, MOVED "dmesg-ramoops-0", "oops 1\n", 50);
	put(root, MOVED "dmesg-ramoops-1", "oops 2\n", 40);
	expect_log(root, MOVED "dmesg-ramoops-1", "oops 2");
	put(root, MOVED "console-ramoops-0", "moved\n", 60);
	expect_log(root, MOVED "console-ramoops-0", "moved");
	file_make_folder("log0/" MOVED "17000");
	put(root, MOVED "17000/console-ramoops-0", "newer\n", 30);
	expect_log(root, MOVED "17000/console-ramoops-0", "newer");
	put(root, PSTORE "dmesg-ramoops-0", "here\n", 90);
	put(root, PSTORE "pmsg-ramoops-0", "not this\n", 0);
	expect_log(root, PSTORE "dmesg-ramoops-0", "here");
	put(root, PSTORE "console-ramoops-0", "console\n", 99);
	expect_log(root, PSTORE "console-ramoops-0", "console");
}

static void lines(void **state)
{
	static const char *const expected[] = {
		"a",
		"",
		"b\\x5c \\x1b[0m\\x09",
		"gr\xc3\xbc\xc3\x9f \\xff\\xc3",
		"end",
	};
	const char *root = fresh();
	struct fr_last_log log;

	put(root, PSTORE "console-ramoops-0",
	    "a\r\n\nb\\ \x1b[0m\t\ngr\xc3\xbc\xc3\x9f \xff\xc3\nend", 0);
	log = read_well(root);
	assert_false(log.cut);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_string_equal(log.lines[i], expected[i]);
	assert_null(log.lines[ARRAY_SIZE(expected)]);
	fr_last_log_done(&log);
}

static void empty(void **state)
{
	const char *root = fresh();
	struct fr_last_log log;

	put(root, PSTORE "console-ramoops-0", "", 0);
	log = read_well(root);
	assert_null(log.lines[0]);
	fr_last_log_done(&log);
}

/* The end counts, from a whole line on. */
static void a_long_one(void **state)
{
	const char *root = fresh();
	struct blob text = { 0 };
	size_t size = 0, n = 0;
	struct fr_last_log log;
	char name[64];

	for (int i = 0; i < 10000; i++) {
		char line[32];

		snprintf(line, sizeof(line), "line %d\n", i);
		blob_add(&text, line, strlen(line));
	}
	snprintf(name, sizeof(name), "%s/" PSTORE "console-ramoops-0", root);
	file_write_blob(name, &text);
	blob_free(&text);
	log = read_well(root);
	assert_true(log.cut);
	assert_int_equal(strncmp(log.lines[0], "line ", 5), 0);
	for (; log.lines[n]; n++)
		size += strlen(log.lines[n]) + 1;
	assert_string_equal(log.lines[n - 1], "line 9999");
	assert_true(size <= FR_LAST_LOG_MAX && size > FR_LAST_LOG_MAX - 16);
	fr_last_log_done(&log);
}

static void one_line_without_an_end(void **state)
{
	const char *root = fresh();
	struct blob text = { 0 };
	struct fr_last_log log;
	char name[64];

	blob_add_zeros(&text, FR_LAST_LOG_MAX + 1);
	snprintf(name, sizeof(name), "%s/" PSTORE "console-ramoops-0", root);
	file_write_blob(name, &text);
	blob_free(&text);
	log = read_well(root);
	assert_true(log.cut);
	assert_null(log.lines[0]);
	fr_last_log_done(&log);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(places),
	UNIT_TEST(lines),
	UNIT_TEST(empty),
	UNIT_TEST(a_long_one),
	UNIT_TEST(one_line_without_an_end),
};
FILES_UNIT_MAIN(tests)
