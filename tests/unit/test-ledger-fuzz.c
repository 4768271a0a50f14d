// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random changes to valid areas. Half of the records get a right checksum
 * afterwards, so that what comes behind the checksum is reached too. The
 * sanitizers watch; besides, what loads must make sense and be what stands in
 * the area, and a store must be found whatever it follows.
 */
#include "unit.h"

#include <string.h>

#include "ledger-fixture.h"

#define ROUNDS 200000
/* The part of each copy that is changed: the record and what follows it. */
#define PART 4096

struct sample {
	u8 copy[2][PART];
};

static void sample_make(struct sample *sample, struct random *random,
			u64 sequence)
{
	struct fastreboot_ledger ledger;
	u8 *area = area_get(0);

	for (u64 n = sequence; n <= sequence + 1; n++) {
		ledger_make(&ledger, random);
		record_put(area, &ledger, n);
	}
	memcpy(sample->copy[0], record_at(area, 0), PART);
	memcpy(sample->copy[1], record_at(area, 1), PART);
}

static void sample_put(const struct sample *sample, u8 *area)
{
	memcpy(record_at(area, 0), sample->copy[0], PART);
	memcpy(record_at(area, 1), sample->copy[1], PART);
}

static u64 interesting(struct random *random)
{
	/* clang-format off */
	static const u64 values[] = { 0, 1, 2, 5, 6, 7, 8, 9, 24, 63, 64, 65,
				      RECORD_SIZE - 1, RECORD_SIZE,
				      RECORD_SIZE + 1, 65535, 65536, 65537,
				      131072, 0x7fffffff, 0x80000000,
				      0xffffffff, ~0ULL, ~0ULL - 1 };
	/* clang-format on */

	return values[random_below(random, ARRAY_SIZE(values))];
}

/* The mutations, each of one copy. */
typedef void mutation(u8 *record, struct random *random);

static void flip_bit(u8 *record, struct random *random)
{
	u32 bit = random_below(random, RECORD_SIZE * 8);

	record[bit / 8] ^= 1 << bit % 8;
}

static void flip_header_bit(u8 *record, struct random *random)
{
	u32 bit = random_below(random, HEADER_SIZE * 8);

	record[bit / 8] ^= 1 << bit % 8;
}

static void set_byte(u8 *record, struct random *random)
{
	record[random_below(random, PART)] = random_next(random);
}

static void set_word(u8 *record, struct random *random)
{
	__le32 value = cpu_to_le32(interesting(random));

	memcpy(record + 4 * random_below(random, PART / 4), &value, 4);
}

static void set_length(u8 *record, struct random *random)
{
	struct fastreboot_ledger_header *header = (void *)record;

	header->length = cpu_to_le32(
		random_below(random, 2) ? interesting(random) :
					  random_below(random, COPY_SIZE + 16));
}

static void set_sequence(u8 *record, struct random *random)
{
	struct fastreboot_ledger_header *header = (void *)record;

	header->sequence = cpu_to_le64(interesting(random));
}

static void set_version(u8 *record, struct random *random)
{
	struct fastreboot_ledger_header *header = (void *)record;

	header->minor = cpu_to_le16(interesting(random));
	if (!random_below(random, 4))
		header->major = cpu_to_le16(interesting(random));
}

/* One of the words between the header and the first slot's first segment. */
static void set_content(u8 *record, struct random *random)
{
	__le32 value = cpu_to_le32(interesting(random));
	u32 at = HEADER_SIZE + 4 * random_below(random, 94);

	memcpy(record + at, &value, 4);
}

static void set_slot(u8 *record, struct random *random)
{
	struct fastreboot_ledger *ledger = (void *)record;
	struct fastreboot_ledger_slot *slot;

	slot = &ledger->slot[random_below(random, FASTREBOOT_SLOTS_MAX)];
	if (random_below(random, 2))
		slot->status = cpu_to_le32(interesting(random));
	else
		memset(slot->release, 'x', random_below(random, 65));
}

static void move_bytes(u8 *record, struct random *random)
{
	u32 size = 1 + random_below(random, 256);

	memmove(record + random_below(random, PART - size),
		record + random_below(random, PART - size), size);
}

static void cut_off(u8 *record, struct random *random)
{
	u32 at = random_below(random, PART);

	memset(record + at, random_below(random, 2) ? 0 : 0xff, PART - at);
}

static mutation *const mutations[] = {
	flip_bit,   flip_header_bit, set_byte,	  set_word,
	set_length, set_sequence,    set_version, set_content,
	set_slot,   move_bytes,	     cut_off
};

static void mutate(u8 *area, struct random *random)
{
	u32 count = 1 + random_below(random, 4);

	while (count--) {
		u8 *record = (u8 *)record_at(area, random_below(random, 2));

		mutations[random_below(random, ARRAY_SIZE(mutations))](record,
								       random);
	}
}

/* Make the checksum right, if the length allows it. */
static void seal(u8 *area, u64 copy)
{
	struct fastreboot_ledger *record = record_at(area, copy);
	u32 length = le32_to_cpu(record->header.length);

	if (length >= HEADER_SIZE && length <= COPY_SIZE)
		record_seal(record, length);
}

static bool equal(const void *a, const void *b)
{
	return !memcmp(a, b, RECORD_SIZE);
}

/* Is the result one that this area may give? */
static void expect_plausible(u8 *area, int r,
			     const struct fastreboot_ledger *ledger)
{
	const __le16 one = cpu_to_le16(1);

	if (r == -EPROTONOSUPPORT) {
		assert_true(record_at(area, 0)->header.major != one ||
			    record_at(area, 1)->header.major != one);
	} else if (!r) {
		assert_true(equal(ledger, record_at(area, 0)) ||
			    equal(ledger, record_at(area, 1)));
		assert_true(ledger->header.major == one);
		assert_true(ledger_is_sane(ledger));
	} else {
		assert_int_equal(r, -ENODATA);
	}
}

/* What a kernel does that finds this area: it writes, and must find that. */
static void expect_writable(u8 *area, int r, struct fastreboot_ledger *ledger)
{
	struct fastreboot_ledger_layout layout = {
		.slot_count = cpu_to_le32(2),
	};

	if (r == -EPROTONOSUPPORT)
		return;
	if (r)
		fastreboot_ledger_init(ledger, &layout);
	fastreboot_ledger_store(area, ledger);
	area_expect(area, ledger);
}

/* Change @sample at random, @rounds times. */
static void fuzz(const struct sample *sample, struct random *random,
		 unsigned int rounds, unsigned int *ret_seen)
{
	u8 *area = area_get(0);
	struct fastreboot_ledger ledger;

	while (rounds--) {
		int r;

		sample_put(sample, area);
		mutate(area, random);
		for (u64 copy = 0; copy < 2; copy++)
			if (random_below(random, 2))
				seal(area, copy);
		r = area_load(area, &ledger);
		expect_plausible(area, r, &ledger);
		expect_writable(area, r, &ledger);
		ret_seen[r == 0 ? 0 : r == -ENODATA ? 1 : 2]++;
	}
}

/* The numbers are those of one seed: the same in every run. */
static void mutations_of_valid_areas(void **state)
{
	static const u64 sequences[] = { 0, 1, 1000, 0xffffffff };
	struct random random = { 1 };
	unsigned int seen[3] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(sequences); i++) {
		struct sample sample;

		sample_make(&sample, &random, sequences[i]);
		fuzz(&sample, &random,
		     unit_rounds(ROUNDS) / ARRAY_SIZE(sequences), seen);
	}
	print_message("# %u loaded, %u without a record, %u refused\n", seen[0],
		      seen[1], seen[2]);
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
		assert_true(seen[i] > 0);
}

/* Bytes that are no ledger at all, behind a magic that says they are. */
static void noise_behind_the_magic(void **state)
{
	struct random random = { 2 };
	u8 *area = area_get(0);
	unsigned int rounds = unit_rounds(ROUNDS / 10);

	while (rounds--) {
		struct fastreboot_ledger ledger;
		int r;

		for (u64 copy = 0; copy < 2; copy++) {
			u8 *record = (u8 *)record_at(area, copy);

			random_fill(&random, record, PART);
			memcpy(record, "FRLEDGER\1\0", 10);
			set_length(record, &random);
			seal(area, copy);
		}
		r = area_load(area, &ledger);
		expect_plausible(area, r, &ledger);
		expect_writable(area, r, &ledger);
	}
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(mutations_of_valid_areas),
	UNIT_TEST(noise_behind_the_magic),
};
UNIT_MAIN(tests)
