// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine may stop between any two stores, the stores may become visible
 * in any order, and one of them in part. Whatever remains, the ledger must
 * read as the record before or as the one that was being written, byte for
 * byte, and the former must not get lost.
 *
 * A write is made once and recorded; then its stores are taken back, and every
 * subset that is of interest is applied to the area as it was before.
 */
#include "unit.h"

#include <string.h>

#include "ledger-fixture.h"
#include "shim/recorder.h"

#define WRITES 50

/**
 * struct write - one write of the ledger, under test
 * @area: area
 * @number: of the write, to say which one failed
 * @recorder: its stores
 * @had_old: was there a record before?
 * @old: the record before
 * @new: the record written
 */
struct write {
	u8 *area;
	unsigned int number;
	struct recorder recorder;
	bool had_old;
	struct fastreboot_ledger old;
	struct fastreboot_ledger new;
};

/* Store @ledger and keep what is to be known about it. */
static void write_record(struct write *write, struct fastreboot_ledger *ledger)
{
	write->had_old = !fastreboot_ledger_load(write->area, &write->old);
	recorder_begin(&write->recorder);
	fastreboot_ledger_store(write->area, ledger);
	recorder_end();
	write->new = *ledger;
}

static void revert_all(struct write *write)
{
	for (size_t i = write->recorder.count; i--;)
		store_revert(&write->recorder.store[i]);
}

static void apply_all(struct write *write)
{
	for (size_t i = 0; i < write->recorder.count; i++)
		store_apply(&write->recorder.store[i]);
}

enum found { FOUND_OLD, FOUND_NEW, FOUND_OTHER };

static bool equal(const struct fastreboot_ledger *a,
		  const struct fastreboot_ledger *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* Which record does the area read as? Where there was none, none is old. */
static enum found load(struct write *write)
{
	struct fastreboot_ledger ledger;
	int r = fastreboot_ledger_load(write->area, &ledger);

	if (!r && equal(&ledger, &write->new))
		return FOUND_NEW;
	if (!r && write->had_old && equal(&ledger, &write->old))
		return FOUND_OLD;
	return r == -ENODATA && !write->had_old ? FOUND_OLD : FOUND_OTHER;
}

static void expect_old_or_new(struct write *write, const char *what, size_t at)
{
	if (load(write) == FOUND_OTHER)
		fail_msg("write %u: neither old nor new: %s %zu", write->number,
			 what, at);
}

/*
 * The enumerations. Each begins with no store applied and may leave any.
 */
typedef void enumeration(struct write *write, struct random *random);

/* Cut after each store, in the order in which they are made. */
static void prefixes(struct write *write, struct random *random)
{
	for (size_t i = 0; i < write->recorder.count; i++) {
		expect_old_or_new(write, "stores made:", i);
		store_apply(&write->recorder.store[i]);
	}
}

/* Apply the first and then the last 1 to 7 bytes of a store. */
static void tear(struct write *write, size_t i)
{
	const struct store *store = &write->recorder.store[i];

	for (size_t at = 1; at < store->size; at++) {
		store_tear(store, 0, at);
		expect_old_or_new(write, "start of torn store", i);
		store_revert(store);
		store_tear(store, at, store->size);
		expect_old_or_new(write, "end of torn store", i);
		store_revert(store);
	}
}

/* Cut in the middle of each store. */
static void torn(struct write *write, struct random *random)
{
	for (size_t i = 0; i < write->recorder.count; i++) {
		tear(write, i);
		store_apply(&write->recorder.store[i]);
	}
}

/* The same with the stores in reverse order. */
static void reverse(struct write *write, struct random *random)
{
	for (size_t i = write->recorder.count; i--;) {
		expect_old_or_new(write, "stores made in reverse, down to", i);
		tear(write, i);
		store_apply(&write->recorder.store[i]);
	}
}

static void one_alone(struct write *write, struct random *random)
{
	for (size_t i = 0; i < write->recorder.count; i++) {
		store_apply(&write->recorder.store[i]);
		expect_old_or_new(write, "only store", i);
		store_revert(&write->recorder.store[i]);
	}
}

/* All stores but one; and that one torn. */
static void one_missing(struct write *write, struct random *random)
{
	apply_all(write);
	for (size_t i = 0; i < write->recorder.count; i++) {
		store_revert(&write->recorder.store[i]);
		expect_old_or_new(write, "missing store", i);
		tear(write, i);
		store_apply(&write->recorder.store[i]);
	}
}

/* Put the numbers 0 to @count - 1 in random order. */
static void shuffle(struct random *random, size_t *order, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t j = random_below(random, i + 1);

		order[i] = order[j];
		order[j] = i;
	}
}

/* A random part of the stores in random order; the last one of them torn. */
static void random_stores(struct write *write, struct random *random)
{
	struct recorder *recorder = &write->recorder;
	size_t count = random_below(random, recorder->count);
	size_t order[RECORDER_STORES];
	size_t from, to;

	shuffle(random, order, recorder->count);
	for (size_t i = 0; i < count; i++)
		store_apply(&recorder->store[order[i]]);
	expect_old_or_new(write, "random stores:", count);
	from = random_below(random, 8);
	to = from + 1 + random_below(random, 8 - from);
	store_tear(&recorder->store[order[count]], from, to);
	expect_old_or_new(write, "random stores, one torn, after", count);
}

/* Words independently of each other: first few of them, then most of them. */
static void random_subset(struct write *write, struct random *random)
{
	u32 limit = 1 + random_below(random, 64);
	bool sparse = random_below(random, 2);

	for (size_t i = 0; i < write->recorder.count; i++)
		if (!random_below(random, limit) == sparse)
			store_apply(&write->recorder.store[i]);
	expect_old_or_new(write, "random subset, one of", limit);
}

#define RANDOM_ROUNDS 500

static void many_random(struct write *write, struct random *random)
{
	unsigned int rounds = unit_rounds(RANDOM_ROUNDS);

	for (unsigned int i = 0; i < rounds; i++) {
		random_stores(write, random);
		revert_all(write);
		random_subset(write, random);
		revert_all(write);
	}
}

/* No store at all is the old record, all of them are the new one. */
static void enumerate(struct write *write, struct random *random,
		      enumeration *what)
{
	revert_all(write);
	assert_int_equal(load(write), FOUND_OLD);
	what(write, random);
	revert_all(write);
	assert_int_equal(load(write), FOUND_OLD);
	apply_all(write);
	assert_int_equal(load(write), FOUND_NEW);
}

/* Enumerate over successive writes, the first of them into an empty pool. */
static void series(enumeration *what, u64 seed)
{
	struct random random = { seed };
	struct fastreboot_ledger ledger = { 0 };
	struct write write = { .area = area_get(0) };
	unsigned int writes = unit_rounds(WRITES);

	ledger_make(&ledger, &random);
	for (write.number = 0; write.number < writes; write.number++) {
		ledger_change(&ledger, &random);
		write_record(&write, &ledger);
		enumerate(&write, &random, what);
	}
}

static void cut_after_each_store(void **state)
{
	series(prefixes, 1);
}

static void cut_in_each_store(void **state)
{
	series(torn, 2);
}

static void reverse_order(void **state)
{
	series(reverse, 3);
}

static void each_store_alone(void **state)
{
	series(one_alone, 4);
}

static void each_store_missing(void **state)
{
	series(one_missing, 5);
}

/* 50 writes, 1000 random cuts each. */
static void random_order(void **state)
{
	series(many_random, 6);
}

/*
 * What may stand in the copy that is written, other than an older record. The
 * area holds the record @sequence in the other copy, or nothing if that is 0.
 */
typedef void background(u8 *area, u64 sequence, struct random *random);

static void zeros(u8 *area, u64 sequence, struct random *random)
{
	memset(record_at(area, sequence + 1), 0, COPY_SIZE);
}

static void ones(u8 *area, u64 sequence, struct random *random)
{
	memset(record_at(area, sequence + 1), 0xff, COPY_SIZE);
}

static void noise(u8 *area, u64 sequence, struct random *random)
{
	random_fill(random, record_at(area, sequence + 1), COPY_SIZE);
}

/* A record in the wrong place; but for the checksum, the next is just so. */
static void misplaced(u8 *area, u64 sequence, struct random *random)
{
	struct fastreboot_ledger ledger;

	noise(area, sequence, random);
	ledger_make(&ledger, random);
	record_put(area, &ledger, sequence + 1);
	record_at(area, sequence + 1)->header.sequence = cpu_to_le64(sequence);
	record_seal(record_at(area, sequence + 1), RECORD_SIZE);
}

/* A record that makes no sense, with a larger sequence number. */
static void insane(u8 *area, u64 sequence, struct random *random)
{
	struct fastreboot_ledger ledger;

	ledger_make(&ledger, random);
	ledger.layout.slot_count = cpu_to_le32(9);
	record_put(area, &ledger, sequence + 101);
}

/* What a reset left of an earlier attempt to write the very same record. */
static void torn_before(u8 *area, u64 sequence, struct random *random)
{
	struct fastreboot_ledger ledger;
	u8 *record = (u8 *)record_at(area, sequence + 1);

	ledger_make(&ledger, random);
	record_put(area, &ledger, sequence + 1);
	memset(record + RECORD_SIZE / 2, 0, RECORD_SIZE / 2);
}

static void torn_at_the_end(u8 *area, u64 sequence, struct random *random)
{
	struct fastreboot_ledger ledger;

	ledger_make(&ledger, random);
	record_put(area, &ledger, sequence + 1);
	((u8 *)record_at(area, sequence + 1))[RECORD_SIZE - 1] ^= 0x80;
}

/* A record of a later minor version that fills the copy, and is older. */
static void longer(u8 *area, u64 sequence, struct random *random)
{
	struct fastreboot_ledger *record = record_at(area, sequence + 1);
	struct fastreboot_ledger ledger;

	if (sequence < 2)
		return;
	noise(area, sequence, random);
	ledger_make(&ledger, random);
	record_put(area, &ledger, sequence - 1);
	record->header.minor = cpu_to_le16(3);
	record->header.length = cpu_to_le32(COPY_SIZE / 8);
	record_seal(record, COPY_SIZE / 8);
}

static background *const backgrounds[] = { zeros,  ones,
					   noise,  misplaced,
					   insane, torn_before,
					   longer, torn_at_the_end };

static enumeration *const enumerations[] = {
	prefixes, torn, reverse, one_alone, one_missing, many_random
};

/* All enumerations of the write that follows the record @sequence. */
static void write_over(background *what, u64 sequence, struct random *random)
{
	struct fastreboot_ledger ledger = { 0 };
	struct write write = { .area = area_get(0), .number = sequence };

	ledger_make(&ledger, random);
	if (sequence)
		record_put(write.area, &ledger, sequence);
	what(write.area, sequence, random);
	assert_int_equal(fastreboot_ledger_load(write.area, &ledger),
			 sequence ? 0 : -ENODATA);
	ledger_change(&ledger, random);
	ledger.header.sequence = cpu_to_le64(sequence);
	write_record(&write, &ledger);
	for (size_t i = 0; i < ARRAY_SIZE(enumerations); i++)
		enumerate(&write, random, enumerations[i]);
}

static void over_anything(void **state)
{
	struct random random = { 7 };

	for (size_t i = 0; i < ARRAY_SIZE(backgrounds); i++) {
		write_over(backgrounds[i], 10, &random);
		write_over(backgrounds[i], 11, &random);
	}
}

/* There is no old record: a cut leaves none, or the new one. */
static void first_write(void **state)
{
	struct random random = { 8 };

	for (size_t i = 0; i < ARRAY_SIZE(backgrounds); i++)
		write_over(backgrounds[i], 0, &random);
}

/* The whole area is filled, not only the copy that the first write goes to. */
static void first_write_into_filled_pool(void **state)
{
	static const u8 fills[] = { 0, 0xff, 'F' };
	struct random random = { 9 };

	for (size_t i = 0; i <= ARRAY_SIZE(fills); i++) {
		struct write write = { .number = i };
		struct fastreboot_ledger ledger = { 0 };

		write.area = area_get(i ? fills[i - 1] : 0);
		if (!i)
			random_fill(&random, write.area, AREA_SIZE);
		ledger_make(&ledger, &random);
		write_record(&write, &ledger);
		assert_false(write.had_old);
		for (size_t j = 0; j < ARRAY_SIZE(enumerations); j++)
			enumerate(&write, &random, enumerations[j]);
	}
}

/* What a kernel does that finds what a cut has left. */
static void reload(struct write *write, struct fastreboot_ledger *ledger)
{
	const struct fastreboot_ledger_layout layout = ledger->layout;

	if (fastreboot_ledger_load(write->area, ledger))
		fastreboot_ledger_init(ledger, &layout);
	fastreboot_ledger_scrub(write->area);
}

/* What counts before a scrub counts after it, also if that was cut itself. */
static void scrub_over(background *what, u64 sequence, struct random *random)
{
	struct fastreboot_ledger ledger = { 0 };
	struct write write = { .area = area_get(0), .number = sequence };

	ledger_make(&ledger, random);
	if (sequence)
		record_put(write.area, &ledger, sequence);
	what(write.area, sequence, random);
	write.had_old = !fastreboot_ledger_load(write.area, &write.old);
	recorder_begin(&write.recorder);
	fastreboot_ledger_scrub(write.area);
	recorder_end();
	assert_int_equal(load(&write), FOUND_OLD);
	revert_all(&write);
	torn(&write, random);
	assert_int_equal(load(&write), FOUND_OLD);
}

static void scrub(void **state)
{
	struct random random = { 12 };

	for (size_t i = 0; i < ARRAY_SIZE(backgrounds); i++)
		for (u64 sequence = 0; sequence <= 11; sequence++)
			scrub_over(backgrounds[i], sequence, &random);
}

/* A record that counts is not touched: it is what is left if another breaks. */
static void scrub_spares_both(void **state)
{
	static u8 before[AREA_SIZE];
	struct random random = { 13 };
	struct fastreboot_ledger ledger;
	u8 *area = area_get(0xff);

	ledger_make(&ledger, &random);
	record_put(area, &ledger, 10);
	record_put(area, &ledger, 11);
	memcpy(before, area, AREA_SIZE);
	fastreboot_ledger_scrub(area);
	assert_memory_equal(area, before, AREA_SIZE);
}

/*
 * Cut a write so that its store @i alone is missing; then, after a reset, cut
 * the next write so that its store @i alone is made. The words are the same,
 * but the first record was abandoned: no kernel has ever seen that.
 */
static void abandon_and_retry(size_t i, struct random *random)
{
	struct fastreboot_ledger ledger = { 0 };
	struct write write = { .area = area_get(0), .number = 1 };

	ledger_make(&ledger, random);
	record_put(write.area, &ledger, 10);
	reload(&write, &ledger);
	ledger.tries = cpu_to_le32(1);
	write_record(&write, &ledger);
	store_revert(&write.recorder.store[i]);
	expect_old_or_new(&write, "missing store", i);

	reload(&write, &ledger);
	ledger.tries = cpu_to_le32(2);
	write.number = 2;
	write_record(&write, &ledger);
	revert_all(&write);
	expect_old_or_new(&write, "no store after missing store", i);
	store_apply(&write.recorder.store[i]);
	expect_old_or_new(&write, "only store", i);
}

static void abandoned_record(void **state)
{
	struct random random = { 11 };

	for (size_t i = 0; i < RECORD_SIZE / 8; i++)
		abandon_and_retry(i, &random);
}

/* A machine that dies in write after write, and goes on with what is left. */
static void cut_after_cut(void **state)
{
	struct random random = { 10 };
	struct fastreboot_ledger ledger = { 0 };
	struct write write = { .area = area_get(0) };
	unsigned int writes = unit_rounds(5000);

	ledger_make(&ledger, &random);
	for (write.number = 0; write.number < writes; write.number++) {
		ledger_change(&ledger, &random);
		write_record(&write, &ledger);
		if (random_below(&random, 4)) {
			revert_all(&write);
			random_stores(&write, &random);
		}
		reload(&write, &ledger);
	}
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(cut_after_each_store),
	UNIT_TEST(cut_in_each_store),
	UNIT_TEST(reverse_order),
	UNIT_TEST(each_store_alone),
	UNIT_TEST(each_store_missing),
	UNIT_TEST(random_order),
	UNIT_TEST(over_anything),
	UNIT_TEST(first_write),
	UNIT_TEST(first_write_into_filled_pool),
	UNIT_TEST(scrub),
	UNIT_TEST(scrub_spares_both),
	UNIT_TEST(abandoned_record),
	UNIT_TEST(cut_after_cut),
};
UNIT_MAIN(tests)
