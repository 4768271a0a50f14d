// SPDX-License-Identifier: GPL-2.0-or-later
/* Which slot is meant, and whether it holds what was read. */
#include "files-fixture.h"

#include <errno.h>

#include "../../daemon/fastrebootd/pool/slots.h"
#include "pool-fixture.h"

static void the_newest_is_staged(void **state)
{
	struct fr_pool_status pool = a_pool();
	const struct fr_slot *slot = NULL;
	struct fr_error error = { 0 };

	pool.slots[0].status = FR_SLOT_SEALED;
	pool.slots[0].source = TEXT("{\"staged_at\":\"2026-11-21T16:00:01Z\"}");
	expect_ok(slots_find_staged(&pool, FR_SLOT_NONE, &slot, &error),
		  &error);
	assert_int_equal(slot->number, 0);
	expect_ok(slots_find_staged(&pool, 1, &slot, &error), &error);
	assert_int_equal(slot->number, 1);
	expect_error(slots_find_staged(&pool, 2, &slot, &error), -EINVAL,
		     &error, FR_USAGE, "no slot 2");
	/* A time that is not there is the oldest. */
	pool.slots[0].source = TEXT("garbage");
	expect_ok(slots_find_staged(&pool, FR_SLOT_NONE, &slot, &error),
		  &error);
	assert_int_equal(slot->number, 1);
}

/* The clock was set back an hour between the two. */
static void the_sequence_counts_and_not_the_clock(void **state)
{
	struct fr_pool_status pool = a_pool();
	const struct fr_slot *slot = NULL;
	struct fr_error error = { 0 };

	pool.slots[0].status = FR_SLOT_SEALED;
	pool.slots[0].source =
		TEXT("{\"sequence\":9,\"staged_at\":\"2026-11-21T16:00:00Z\"}");
	pool.slots[1].source = TEXT(
		"{\"sequence\":10,\"staged_at\":\"2026-11-21T15:00:00Z\"}");
	expect_ok(slots_find_staged(&pool, FR_SLOT_NONE, &slot, &error),
		  &error);
	assert_int_equal(slot->number, 1);
	expect_ok(slots_find_free(&pool, true, &slot, &error), &error);
	assert_int_equal(slot->number, 0);
	/* What has none was staged by an older daemon. */
	pool.slots[1].source = TEXT("{\"staged_at\":\"2027-11-21T15:00:00Z\"}");
	expect_ok(slots_find_staged(&pool, FR_SLOT_NONE, &slot, &error),
		  &error);
	assert_int_equal(slot->number, 0);
}

static void the_sequence_only_grows(void **state)
{
	struct fr_pool_status pool = a_pool();

	assert_int_equal(slots_next_sequence(&pool), 1);
	pool.slots[1].source = TEXT("{\"sequence\":7}");
	assert_int_equal(slots_next_sequence(&pool), 8);
	pool.source = TEXT("{\"sequence\":11}");
	assert_int_equal(slots_next_sequence(&pool), 12);
	pool.previous_source = TEXT("{\"sequence\":12}");
	assert_int_equal(slots_next_sequence(&pool), 13);
	/* Nonsense is none. */
	pool.slots[1].source = TEXT("{\"sequence\":\"99\"}");
	pool.slots[0].source = TEXT("{\"sequence\":-5}");
	assert_int_equal(slots_next_sequence(&pool), 13);
	pool.slots[0].source = TEXT("{\"sequence\":9223372036854775807}");
	assert_int_equal(slots_next_sequence(&pool), 13);
}

static void a_free_slot(void **state)
{
	struct fr_pool_status pool = a_pool();
	const struct fr_slot *slot = NULL;
	struct fr_error error = { 0 };

	expect_error(slots_find_free(&pool, false, &slot, &error), -EBUSY,
		     &error, FR_BUSY, "--replace");
	expect_ok(slots_find_free(&pool, true, &slot, &error), &error);
	assert_int_equal(slot->number, 1);
	pool.slots[1].status = FR_SLOT_ARMED;
	expect_error(slots_find_free(&pool, true, &slot, &error), -EBUSY,
		     &error, FR_BUSY, "armed");
	pool.slots[1].status = FR_SLOT_BAD;
	expect_ok(slots_find_free(&pool, false, &slot, &error), &error);
	assert_int_equal(slot->number, 1);
}

/* What is missing on one side is not what was read, either. */
static void hashes_are_compared(void **state)
{
	struct fr_pool_status pool = a_pool();
	struct fr_slot *slot = &pool.slots[1];
	const char *expected[FR_SEGMENTS] = { [FR_SEGMENT_KERNEL] = HASH };
	struct fr_error error = { 0 };

	expect_ok(slots_check_hashes(slot, expected, &error), &error);
	expected[FR_SEGMENT_KERNEL] = "f" HASH;
	expect_error(slots_check_hashes(slot, expected, &error), -EBADMSG,
		     &error, FR_VERIFICATION_FAILED, "kernel");
	expected[FR_SEGMENT_KERNEL] = NULL;
	expect_error(slots_check_hashes(slot, expected, &error), -EBADMSG,
		     &error, FR_VERIFICATION_FAILED, "kernel");
	expected[FR_SEGMENT_KERNEL] = HASH;
	expected[FR_SEGMENT_ROOT] = HASH;
	expect_error(slots_check_hashes(slot, expected, &error), -EBADMSG,
		     &error, FR_VERIFICATION_FAILED, "root");
	memset(slot->segments[FR_SEGMENT_ROOT].sha256, 'f', 64);
	expect_error(slots_check_hashes(slot, expected, &error), -EBADMSG,
		     &error, FR_VERIFICATION_FAILED, "root");
	memcpy(slot->segments[FR_SEGMENT_ROOT].sha256, HASH, 64);
	expect_ok(slots_check_hashes(slot, expected, &error), &error);
	/* The kernel has made it, or has added to it. */
	memset(slot->segments[FR_SEGMENT_DTB].sha256, 'f', 64);
	slot->segments[FR_SEGMENT_DTB].size = 1;
	expect_ok(slots_check_hashes(slot, expected, &error), &error);
}

static void recorded_hashes_are_compared(void **state)
{
	struct fr_pool_status pool = a_pool();
	struct fr_slot *slot = &pool.slots[1];
	struct fr_error error = { 0 };

	expect_error(slots_check_recorded(slot, &error), -EBADMSG, &error,
		     FR_VERIFICATION_FAILED, "kernel");
	slot->source = TEXT("{\"kernel_sha256\":\"" HASH "\"}");
	expect_ok(slots_check_recorded(slot, &error), &error);
	slot->source = TEXT("{\"kernel_sha256\":\"f" HASH "\"}");
	expect_error(slots_check_recorded(slot, &error), -EBADMSG, &error,
		     FR_VERIFICATION_FAILED, "kernel");
	slot->source = TEXT("{\"kernel_sha256\":\"" HASH
			    "\",\"root_sha256\":\"" HASH "\"}");
	expect_error(slots_check_recorded(slot, &error), -EBADMSG, &error,
		     FR_VERIFICATION_FAILED, "root");
	slot->source = TEXT("{\"kernel_sha256\":\"" HASH "\"}");
	slot->segments[FR_SEGMENT_INITRD].size = 1;
	expect_error(slots_check_recorded(slot, &error), -EBADMSG, &error,
		     FR_VERIFICATION_FAILED, "initrd");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(the_newest_is_staged),
	UNIT_TEST(the_sequence_counts_and_not_the_clock),
	UNIT_TEST(the_sequence_only_grows),
	UNIT_TEST(a_free_slot),
	UNIT_TEST(hashes_are_compared),
	UNIT_TEST(recorded_hashes_are_compared),
};
FILES_UNIT_MAIN(tests)
