// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `fastreboot state make` does with what it finds. Files stand for volumes;
 * mkfs.ext4 and its kin are the real ones.
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "state-volume.h"

#define MIB (1ULL << 20)
#define MADE "the state volume was made, and is empty"
#define THERE "the state volume is there, and in order"

static char path[64];

static int begin(void **state)
{
	snprintf(path, sizeof(path), "%s/unit-volume.XXXXXX", unit_folder());
	close(mkostemp(path, O_CLOEXEC));
	return system("PATH=$PATH:/sbin:/usr/sbin; command -v mkfs.ext4 "
		      "e2fsck mkswap >/dev/null") ?
		       -1 :
		       0;
}

static int end(void **state)
{
	return unlink(path);
}

/* A volume full of zeros. */
static void empty(u64 size)
{
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(truncate(path, (off_t)size), 0);
}

static void put(off_t at, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, data, size, at), size);
	close(fd);
}

/* Run a program with the volume's name at its end. */
static void run(const char *command)
{
	char line[256];

	snprintf(line, sizeof(line),
		 "PATH=$PATH:/sbin:/usr/sbin %s %s >/dev/null 2>&1", command,
		 path);
	assert_int_equal(system(line), 0);
}

static void expect_made(bool force, const char *expected)
{
	struct fr_error error = { 0 };
	const char *message = "";

	if (fr_state_volume_make(path, force, &message, &error))
		fail_msg("%s", error.text);
	assert_string_equal(message, expected);
}

static void read_sum(char sum[65])
{
	char command[128];
	FILE *out;

	snprintf(command, sizeof(command), "cksum <%s", path);
	out = popen(command, "re");
	assert_non_null(fgets(sum, 65, out));
	pclose(out);
}

static void expect_failure(enum fr_failure failure, const char *part)
{
	struct fr_error error = { 0 };
	const char *message = NULL;

	assert_true(fr_state_volume_make(path, false, &message, &error) < 0);
	if (error.failure != failure || !strstr(error.text, part))
		fail_msg("%d, '%s'", error.failure, error.text);
	assert_null(message);
}

/* Nothing was written, either. */
static void expect_refused(enum fr_failure failure, const char *part)
{
	char before[65], after[65];

	read_sum(before);
	expect_failure(failure, part);
	read_sum(after);
	assert_string_equal(before, after);
}

static void first_use(void **state)
{
	empty(32 * MIB);
	expect_made(false, MADE);
	expect_made(false, THERE);
	expect_made(false, THERE);
	run("e2fsck -fn");
}

static void noise(void **state)
{
	struct random random = { 5 };
	static u8 data[16 * MIB];

	empty(300 * MIB);
	for (int i = 0; i < 4; i++) {
		random_fill(&random, data, sizeof(data));
		put((off_t)(i * sizeof(data)), data, sizeof(data));
	}
	expect_made(false, MADE);
	expect_made(false, THERE);
	run("e2fsck -fn");
}

/* A marker in the root folder, as a sign of what was not written over. */
static void keeps_what_is_there(void **state)
{
	empty(32 * MIB);
	expect_made(false, MADE);
	run("debugfs -w -R 'mkdir marker'");
	expect_made(false, THERE);
	run("sh -c 'debugfs -R \"ls\" $0 | grep -q marker'");
	expect_made(true, MADE);
	run("sh -c '! debugfs -R \"ls\" $0 | grep -q marker'");
}

/* After a reset, the journal is replayed. */
static void not_clean(void **state)
{
	empty(32 * MIB);
	expect_made(false, MADE);
	run("debugfs -w -R 'ssv state 0'");
	expect_made(false, THERE);
}

static void beyond_repair(void **state)
{
	empty(32 * MIB);
	expect_made(false, MADE);
	run("debugfs -w -R 'clri <2>'");
	run("debugfs -w -R 'ssv state 2'"); /* has errors */
	/* e2fsck notes that it has looked */
	expect_failure(FR_VERIFICATION_FAILED, "can't repair");
	expect_made(true, MADE);
}

static void without_superblock(void **state)
{
	static const u8 zeros[4096];
	static const u64 sizes[] = { 16 * MIB, 255 * MIB, 300 * MIB };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		empty(sizes[i]);
		expect_made(false, MADE);
		put(0, zeros, sizeof(zeros));
		expect_refused(FR_VERIFICATION_FAILED, "rescue it with");
		expect_made(true, MADE);
	}
}

static void expect_group(const char *number)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "sh -c 'dumpe2fs -h $0 | grep -qx \"Blocks per group: *%s\"'",
		 number);
	run(command);
	run("sh -c 'dumpe2fs -h $0 | grep -q \"features:.* has_journal\\|"
	    "features: *has_journal\"'");
}

/*
 * arm64 has pages of 16 and 64 KiB, too; what mke2fs does with such blocks is the
 * same everywhere.
 */
static void other_pages(void **state)
{
	static const struct {
		long page;
		u64 size;
		const char *group;
	} cases[] = {
		{ 16384, 32 * MIB, "512" },	{ 16384, 1023 * MIB, "512" },
		{ 16384, 1024 * MIB, "32768" }, { 65536, 128 * MIB, "256" },
		{ 65536, 300 * MIB, "256" },	{ 65536, 4095 * MIB, "256" },
		{ 65536, 4096 * MIB, "32768" }, { 4096, 255 * MIB, "2048" },
		{ 4096, 256 * MIB, "32768" },
	};
	static const u8 zeros[65536];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fr_state_volume_page_size = cases[i].page;
		empty(cases[i].size);
		expect_made(false, MADE);
		expect_group(cases[i].group);
		expect_made(false, THERE);
		run("e2fsck -fn");
		put(0, zeros, (size_t)cases[i].page);
		expect_failure(FR_VERIFICATION_FAILED, "rescue it with");
	}
	fr_state_volume_page_size = 65536;
	empty(128 * MIB - 1);
	expect_refused(FR_REFUSED, "needs 128 MiB");
	fr_state_volume_page_size = 16384;
	empty(32 * MIB - 1);
	expect_refused(FR_REFUSED, "needs 32 MiB");
	fr_state_volume_page_size = 0;
	empty(0);
}

static void superblock_is_damaged(void **state)
{
	empty(32 * MIB);
	expect_made(false, MADE);
	put(1024 + 8, "x", 1);
	expect_refused(FR_VERIFICATION_FAILED, "e2fsck -b 2048 -B 4096");
}

/* No whole copy is left: what was there is gone. */
static void all_superblocks_are_damaged(void **state)
{
	empty(32 * MIB);
	expect_made(false, MADE);
	put(1024 + 8, "x", 1);
	for (int i = 1; i < 4; i++)
		put(i * 8 * (off_t)MIB + 8, "x", 1);
	expect_made(false, MADE);
}

static void cut_while_it_is_made(void **state)
{
	static const u8 zeros[4096];

	empty(32 * MIB);
	expect_made(false, MADE);
	run("sh -c 'e2label $0 fastreboot-new'");
	expect_made(false, MADE);
	run("sh -c 'e2label $0 fastreboot-new'");
	put(0, zeros, sizeof(zeros));
	expect_made(false, MADE);
	expect_made(false, THERE);
}

static void another_layout(void **state)
{
	empty(32 * MIB);
	expect_made(false, MADE);
	run("tune2fs -U 66727374-6174-8000-8002-000000000001");
	expect_refused(FR_UNSUPPORTED, "another layout");
	run("tune2fs -U random");
	expect_refused(FR_UNSUPPORTED, "another layout");
	run("tune2fs -U 66727374-6174-8000-8001-000000000001");
	expect_made(false, THERE);
	run("tune2fs -L mine");
	expect_refused(FR_UNSUPPORTED, "another layout");
}

static void other_block_size(void **state)
{
	empty(32 * MIB);
	run("mke2fs -q -t ext4 -b 1024 -L fastreboot-state "
	    "-U 66727374-6174-8000-8001-000000000001");
	expect_refused(FR_UNSUPPORTED, "blocks of 1024 bytes");
}

static void not_ours(void **state)
{
	static const u8 table[] = { 0x80, 1, 1, 0, 0x83, 1, 1, 1,
				    8,	  0, 0, 0, 0,	 8, 0, 0 };

	empty(32 * MIB);
	run("mke2fs -q -t ext4 -L data");
	expect_refused(FR_REFUSED, "ext4, label data");
	empty(32 * MIB);
	run("mkswap");
	expect_refused(FR_REFUSED, "swap");
	empty(32 * MIB);
	put(446, table, sizeof(table));
	put(510, "\x55\xaa", 2);
	expect_refused(FR_REFUSED, "dos");
	expect_made(true, MADE);
}

static void no_device(void **state)
{
	struct fr_error error = { 0 };
	const char *message;

	assert_int_equal(fr_state_volume_make("/nonexistent", false, &message,
					      &error),
			 -ENOENT);
	assert_int_equal(error.failure, FR_NOT_FOUND);
	assert_true(fr_state_volume_make("/dev/null", false, &message, &error) <
		    0);
	assert_non_null(strstr(error.text, "no block device"));
	empty(15 * MIB);
	expect_refused(FR_REFUSED, "needs 16 MiB");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(first_use),
	UNIT_TEST(noise),
	UNIT_TEST(keeps_what_is_there),
	UNIT_TEST(not_clean),
	UNIT_TEST(beyond_repair),
	UNIT_TEST(without_superblock),
	UNIT_TEST(other_pages),
	UNIT_TEST(superblock_is_damaged),
	UNIT_TEST(all_superblocks_are_damaged),
	UNIT_TEST(cut_while_it_is_made),
	UNIT_TEST(another_layout),
	UNIT_TEST(other_block_size),
	UNIT_TEST(not_ours),
	UNIT_TEST(no_device),
};

int main(void)
{
	unit_prepare();
	return cmocka_run_group_tests_name(UNIT_PROGRAM, tests, begin, end);
}
