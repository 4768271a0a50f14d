// SPDX-License-Identifier: GPL-2.0-or-later
/* What decides about an update, on disk, and which of the two counts. */
#include "files-fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../daemon/fastrebootd/pool/mirror.h"

#define FILE_NAME "var/lib/fastreboot/update.json"
#define HERE "boot-1"
#define BEFORE "boot-0"

static struct fr_pool_status a_pool(const char *boot_reason, unsigned int tries)
{
	return (struct fr_pool_status){
		.present = true,
		.boot_reason = (char *)boot_reason,
		.generation = 7,
		.tries = tries,
		.source = (char *)"{\"kernel\":\"/running\"}",
		.previous_source = (char *)"{\"kernel\":\"/before\"}",
	};
}

static void load(struct mirror *ret_mirror)
{
	struct fr_error error = { 0 };

	expect_ok(mirror_load(file_path("."), ret_mirror, &error), &error);
}

static void store(const struct mirror *mirror)
{
	struct fr_error error = { 0 };

	expect_ok(mirror_store(file_path("."), mirror, &error), &error);
}

static void no_file_says_nothing(void **state)
{
	struct fr_pool_status pool = a_pool("cold", 0);
	struct mirror mirror = { .tries = 9 };

	file_remove("var");
	load(&mirror);
	assert_int_equal(mirror.tries, 0);
	assert_false(mirror_apply(&mirror, HERE, &pool));
	assert_false(mirror_settle(&mirror, HERE, &pool));
	assert_string_equal(mirror_way_back(&mirror, &pool),
			    pool.previous_source);
}

static void what_is_stored_is_loaded(void **state)
{
	_cleanup_mirror_ struct mirror found = { 0 };
	struct mirror mirror = { .tries = 3,
				 .boot_id = BEFORE,
				 .release = (char *)"6.12-\"b\"",
				 .generation = 12,
				 .confirmed_source =
					 (char *)"{\"kernel\":\"/c\"}",
				 .version_floor = (char *)"6.13",
				 .confirmed_version = (char *)"6.12" };

	file_remove("var");
	file_make_folder("var");
	file_make_folder("var/lib");
	store(&mirror);
	store(&mirror);
	load(&found);
	assert_int_equal(found.tries, 3);
	assert_string_equal(found.boot_id, BEFORE);
	assert_string_equal(found.release, mirror.release);
	assert_int_equal(found.generation, 12);
	assert_string_equal(found.confirmed_source, mirror.confirmed_source);
	assert_string_equal(found.version_floor, "6.13");
	assert_string_equal(found.confirmed_version, "6.12");
}

static void files_that_can_not_be_used(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"schema\":\"org.fastreboot.update/2\"}",
		"{\"schema\":1}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct mirror mirror = { .tries = 5 };
		struct fr_error error = { 0 };

		file_write_text(FILE_NAME, bad[i]);
		assert_true(mirror_load(file_path("."), &mirror, &error) < 0);
		assert_int_equal(error.failure, FR_FAILED);
		assert_non_null(strstr(error.text, "only the ledger counts"));
		assert_int_equal(mirror.tries, 5);
	}
}

static void nonsense_is_nothing(void **state)
{
	struct mirror mirror = { 0 };

	file_write_text(FILE_NAME, "{\"schema\":\"org.fastreboot.update/1\","
				   "\"tries\":-4,\"generation\":\"x\","
				   "\"boot_id\":7,\"release\":[],\"more\":1}");
	load(&mirror);
	assert_int_equal(mirror.tries, 0);
	assert_int_equal(mirror.generation, 0);
	assert_string_equal(mirror.boot_id, "");
	assert_null(mirror.release);
}

static void can_not_be_written(void **state)
{
	struct mirror mirror = { .tries = 1 };
	struct fr_error error = { 0 };

	file_remove("var");
	expect_error(mirror_store(file_path("."), &mirror, &error), -ENOENT,
		     &error, FR_FAILED, "can't write");
}

/* From which of the two the tries are. */
static void which_one_counts(void **state)
{
	static const struct {
		const char *boot_reason;
		unsigned int ledger;
		unsigned int disk;
		const char *boot_id;
		unsigned int expected;
	} cases[] = {
		/* firmware has cleared the memory */
		{ "cold", 0, 2, BEFORE, 2 },
		{ "cold", 0, 2, "", 2 },
		/* it has not */
		{ "failed", 2, 2, BEFORE, 2 },
		{ "reset", 2, 0, "", 2 },
		/* a disk that was restored */
		{ "failed", 3, 1, BEFORE, 3 },
		/* the ledger has made this boot; it was confirmed, or not */
		{ "fast-reboot", 0, 2, BEFORE, 0 },
		{ "fast-reboot", 1, 4, "", 1 },
		/* a commit of this boot that has not left */
		{ "cold", 0, 1, HERE, 0 },
		{ "cold", 0, 3, HERE, 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fr_pool_status pool =
			a_pool(cases[i].boot_reason, cases[i].ledger);
		struct mirror mirror = { .tries = cases[i].disk };

		strcpy(mirror.boot_id, cases[i].boot_id);
		assert_int_equal(mirror_apply(&mirror, HERE, &pool),
				 cases[i].expected != cases[i].ledger);
		assert_int_equal(pool.tries, cases[i].expected);
	}
}

static void the_disk_follows_the_ledger(void **state)
{
	struct fr_pool_status pool = a_pool("fast-reboot", 1);
	struct mirror mirror = { .tries = 4, .boot_id = BEFORE };

	assert_true(mirror_settle(&mirror, HERE, &pool));
	assert_int_equal(mirror.tries, 1);
	assert_string_equal(mirror.boot_id, "");
	assert_false(mirror_settle(&mirror, HERE, &pool));
	/* After another boot there is nothing to follow. */
	pool.boot_reason = (char *)"cold";
	mirror.tries = 4;
	assert_false(mirror_settle(&mirror, HERE, &pool));
}

static void a_life(void **state)
{
	struct fr_pool_status pool = a_pool("cold", 0);
	_cleanup_mirror_ struct mirror mirror = { 0 };

	assert_int_equal(mirror_commit(&mirror, HERE, &pool, "6.12-b"), 0);
	assert_int_equal(mirror.tries, 1);
	assert_null(mirror.confirmed_source);
	assert_true(mirror_take_back(&mirror, HERE));
	assert_int_equal(mirror.tries, 0);
	assert_false(mirror_take_back(&mirror, HERE));
	assert_int_equal(mirror_commit(&mirror, HERE, &pool, "6.12-b"), 0);
	/* It never arrived, and the memory was cleared. */
	assert_true(mirror_apply(&mirror, "boot-2", &pool));
	assert_int_equal(pool.tries, 1);
	assert_int_equal(mirror_commit(&mirror, "boot-2", &pool, "6.12-b"), 0);
	assert_int_equal(mirror.tries, 2);
	mirror_confirm(&mirror, &pool);
	pool.tries = 0;
	assert_false(mirror_apply(&mirror, "boot-3", &pool));
}

/* C was confirmed; X was not, and has committed Y, which has committed Z. */
static void the_confirmed_source_is_kept(void **state)
{
	struct fr_pool_status pool = a_pool("fast-reboot", 1);
	_cleanup_mirror_ struct mirror mirror = { 0 };
	const char *confirmed = "{\"kernel\":\"/before\"}";

	assert_int_equal(mirror_commit(&mirror, HERE, &pool, "y"), 0);
	assert_string_equal(mirror.confirmed_source, confirmed);
	pool.generation++;
	pool.tries++;
	pool.previous_source = pool.source;
	assert_string_equal(mirror_way_back(&mirror, &pool), confirmed);
	assert_int_equal(mirror_commit(&mirror, "boot-2", &pool, "z"), 0);
	/* Also when that commit is taken back. */
	assert_string_equal(mirror_way_back(&mirror, &pool), confirmed);
	pool.generation++;
	assert_string_equal(mirror_way_back(&mirror, &pool), confirmed);
	/* A kernel from elsewhere has another before it. */
	pool.generation++;
	assert_string_equal(mirror_way_back(&mirror, &pool),
			    pool.previous_source);
	/* Z was confirmed, and goes on. */
	pool.tries = 0;
	assert_int_equal(mirror_commit(&mirror, "boot-4", &pool, "n"), 0);
	assert_null(mirror.confirmed_source);
}

/* What was gone back to was confirmed before. */
static void a_rollback_is_its_own_way_back(void **state)
{
	struct fr_pool_status pool = a_pool("fast-reboot", 2);
	_cleanup_mirror_ struct mirror mirror = { 0 };

	pool.source = (char *)"{\"kernel\":\"/c\",\"rollback_from\":\"bad\"}";
	assert_int_equal(mirror_commit(&mirror, HERE, &pool, "y"), 0);
	assert_string_equal(mirror.confirmed_source, pool.source);
}

static void expect_version(const struct mirror *mirror, const char *version,
			   bool good)
{
	struct fr_error error = { 0 };
	int r = mirror_check_version(mirror, version, &error);

	if (good)
		expect_ok(r, &error);
	else
		expect_error(r, -EPERM, &error, FR_REFUSED,
			     "confirmed on this machine");
}

/* It grows with what is confirmed, and with nothing else. */
static void the_floor_only_grows(void **state)
{
	struct fr_pool_status pool = a_pool("fast-reboot", 1);
	_cleanup_mirror_ struct mirror mirror = { 0 };

	expect_version(&mirror, "1", true);
	expect_version(&mirror, NULL, true);
	assert_false(mirror_note_version(&mirror, &pool));
	pool.source = (char *)"{\"kernel\":\"/k\",\"version\":\"6.9\"}";
	assert_false(mirror_note_version(&mirror, &pool));
	pool.tries = 0;
	assert_true(mirror_note_version(&mirror, &pool));
	assert_false(mirror_note_version(&mirror, &pool));
	pool.source = (char *)"{\"kernel\":\"/k\",\"version\":\"6.10\"}";
	assert_true(mirror_note_version(&mirror, &pool));
	expect_version(&mirror, "6.10", true);
	expect_version(&mirror, "6.11", true);
	expect_version(&mirror, "6.9", false);
	expect_version(&mirror, NULL, false);
	/* A rollback to an older one, which is confirmed again. */
	pool.source = (char *)"{\"kernel\":\"/k\",\"version\":\"6.9\"}";
	assert_true(mirror_note_version(&mirror, &pool));
	assert_string_equal(mirror.version_floor, "6.10");
	expect_version(&mirror, "6.9", true);
	expect_version(&mirror, "6.8", false);
	expect_version(&mirror, "6.10", true);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(no_file_says_nothing),
	UNIT_TEST(what_is_stored_is_loaded),
	UNIT_TEST(files_that_can_not_be_used),
	UNIT_TEST(nonsense_is_nothing),
	UNIT_TEST(can_not_be_written),
	UNIT_TEST(which_one_counts),
	UNIT_TEST(the_disk_follows_the_ledger),
	UNIT_TEST(a_life),
	UNIT_TEST(the_confirmed_source_is_kept),
	UNIT_TEST(a_rollback_is_its_own_way_back),
	UNIT_TEST(the_floor_only_grows),
};
FILES_UNIT_MAIN(tests)
