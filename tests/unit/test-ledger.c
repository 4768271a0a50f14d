// SPDX-License-Identifier: GPL-2.0-or-later
/* Making, storing and loading records that nothing interferes with. */
#include "unit.h"

#include <string.h>

#include "ledger-fixture.h"
#include "shim/recorder.h"

/* What a pool of two slots and a state volume begins with. */
static void init(void **state)
{
	const struct fastreboot_ledger_layout layout = {
		.pool_base = cpu_to_le64(0x48000000),
		.pool_size = cpu_to_le64(0x10000000),
		.slot_offset = cpu_to_le64(0x200000),
		.slot_size = cpu_to_le64(0x6000000),
		.state_offset = cpu_to_le64(0xc200000),
		.state_size = cpu_to_le64(0x3e00000),
		.slot_count = cpu_to_le32(2),
	};
	struct fastreboot_ledger expected;
	struct fastreboot_ledger ledger;

	memset(&expected, 0, sizeof(expected));
	expected.layout = layout;
	expected.running = cpu_to_le32(0xffffffff);
	expected.armed = cpu_to_le32(0xffffffff);
	expected.jump_slot = cpu_to_le32(0xffffffff);

	memset(&ledger, 0xa5, sizeof(ledger));
	fastreboot_ledger_init(&ledger, &layout);
	assert_memory_equal(&ledger, &expected, sizeof(ledger));
}

static void first_record(void **state)
{
	struct random random = { 1 };
	struct fastreboot_ledger ledger;
	struct fastreboot_ledger made;
	u8 *area = area_get(0);

	ledger_make(&made, &random);
	fastreboot_ledger_init(&ledger, &made.layout);
	fastreboot_ledger_store(area, &ledger);
	assert_int_equal(le64_to_cpu(ledger.header.sequence), 1);
	area_expect(area, &ledger);
}

static void nothing_in_an_unused_pool(void **state)
{
	struct random random = { 2 };
	u8 *area;

	area_expect(area_get(0), NULL);
	area_expect(area_get(0xff), NULL);
	area = area_get(0);
	random_fill(&random, area, AREA_SIZE);
	area_expect(area, NULL);
}

/* 1000 records: each one is loaded as it was stored, numbered in sequence. */
static void round_trip(void **state)
{
	struct random random = { 3 };
	struct fastreboot_ledger ledger = { 0 };
	struct fastreboot_ledger content;
	u8 *area = area_get(0);

	ledger_make(&ledger, &random);
	for (u64 sequence = 1; sequence <= 1000; sequence++) {
		ledger_change(&ledger, &random);
		content = ledger;
		fastreboot_ledger_store(area, &ledger);
		assert_int_equal(le64_to_cpu(ledger.header.sequence), sequence);
		assert_memory_equal(&ledger.layout, &content.layout,
				    RECORD_SIZE - HEADER_SIZE);
		area_expect(area, &ledger);
	}
}

static void copies_alternate(void **state)
{
	struct random random = { 4 };
	struct fastreboot_ledger ledger = { 0 };
	u8 *area = area_get(0);

	ledger_make(&ledger, &random);
	for (u64 sequence = 1; sequence <= 20; sequence++) {
		struct fastreboot_ledger before;

		before = *record_at(area, sequence - 1);
		ledger_change(&ledger, &random);
		fastreboot_ledger_store(area, &ledger);
		assert_memory_equal(record_at(area, sequence), &ledger,
				    RECORD_SIZE);
		assert_memory_equal(record_at(area, sequence - 1), &before,
				    RECORD_SIZE);
		assert_ptr_equal(fastreboot_ledger_copy(area, sequence),
				 record_at(area, sequence));
	}
}

/* Also with sequence numbers that do not fit 32 bits. */
static void large_sequence_numbers(void **state)
{
	static const u64 sequences[] = {
		0x7fffffff,  0xfffffffe,	 0xffffffff,
		0x100000000, 0x7fffffffffffffff, 0x8000000000000000
	};
	struct random random = { 5 };
	struct fastreboot_ledger ledger;

	for (size_t i = 0; i < ARRAY_SIZE(sequences); i++) {
		u8 *area = area_get(0);

		ledger_make(&ledger, &random);
		record_put(area, &ledger, sequences[i]);
		ledger = *record_at(area, sequences[i]);
		area_expect(area, &ledger);
		for (u64 n = 1; n <= 4; n++) {
			fastreboot_ledger_store(area, &ledger);
			assert_true(le64_to_cpu(ledger.header.sequence) ==
				    sequences[i] + n);
			area_expect(area, &ledger);
		}
	}
}

/*
 * The last sequence number has no successor that would be larger. Whatever
 * becomes of a record that has it, what is stored next must be found.
 */
static void last_sequence_number(void **state)
{
	struct random random = { 6 };
	struct fastreboot_ledger ledger;
	u8 *area = area_get(0);

	ledger_make(&ledger, &random);
	record_put(area, &ledger, ~0ULL);
	if (area_load(area, &ledger))
		fastreboot_ledger_init(&ledger, &record_at(area, 1)->layout);
	fastreboot_ledger_store(area, &ledger);
	area_expect(area, &ledger);
}

/* Nothing is left of the header that the caller has but the sequence number. */
static void header_is_made_anew(void **state)
{
	struct random random = { 7 };
	struct fastreboot_ledger expected;
	struct fastreboot_ledger ledger;
	u8 *area = area_get(0);

	ledger_make(&ledger, &random);
	memset(&ledger.header, 0xff, sizeof(ledger.header));
	ledger.header.sequence = cpu_to_le64(41);
	fastreboot_ledger_store(area, &ledger);

	record_put(area, &ledger, 41);
	expected = *record_at(area, 41);
	expected.header.sequence = cpu_to_le64(42);
	record_seal(&expected, RECORD_SIZE);
	assert_memory_equal(&ledger, &expected, RECORD_SIZE);
	assert_memory_equal(record_at(area, 42), &expected, RECORD_SIZE);
}

/* All of the rest of the area stays as it was, what follows the record too. */
static void stores_touch_only_their_copy(void **state)
{
	static u8 before[AREA_SIZE];
	struct random random = { 8 };
	struct fastreboot_ledger ledger;
	u8 *area = area_get(0);

	ledger_make(&ledger, &random);
	for (u64 sequence = 1; sequence <= 4; sequence++) {
		random_fill(&random, area, AREA_SIZE);
		memcpy(before, area, AREA_SIZE);
		ledger.header.sequence = cpu_to_le64(sequence - 1);
		fastreboot_ledger_store(area, &ledger);
		*record_at(before, sequence) = ledger;
		assert_memory_equal(area, before, AREA_SIZE);
	}
}

/*
 * The record is written by aligned stores of 8 bytes and by nothing else, each
 * word of it once. The tests that cut and reorder the stores rest on that.
 */
static void stores_are_words(void **state)
{
	struct random random = { 9 };
	struct recorder recorder;
	struct fastreboot_ledger ledger = { 0 };
	u8 *area = area_get(0);
	u8 *record = (u8 *)record_at(area, 1);
	bool stored[RECORD_SIZE / 8] = { false };

	ledger_make(&ledger, &random);
	recorder_begin(&recorder);
	fastreboot_ledger_store(area, &ledger);
	recorder_end();

	assert_int_equal(recorder.count, RECORD_SIZE / 8);
	for (size_t i = 0; i < recorder.count; i++) {
		size_t at = recorder.store[i].at - record;

		assert_int_equal(recorder.store[i].size, 8);
		assert_int_equal(at % 8, 0);
		assert_in_range(at, 0, RECORD_SIZE - 8);
		assert_false(stored[at / 8]);
		stored[at / 8] = true;
		store_revert(&recorder.store[i]);
	}
	assert_memory_equal(area, area_get(0), AREA_SIZE);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(init),
	UNIT_TEST(first_record),
	UNIT_TEST(nothing_in_an_unused_pool),
	UNIT_TEST(round_trip),
	UNIT_TEST(copies_alternate),
	UNIT_TEST(large_sequence_numbers),
	UNIT_TEST(last_sequence_number),
	UNIT_TEST(header_is_made_anew),
	UNIT_TEST(stores_touch_only_their_copy),
	UNIT_TEST(stores_are_words),
};
UNIT_MAIN(tests)
