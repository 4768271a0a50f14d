// SPDX-License-Identifier: GPL-2.0-or-later
/* Which records count: damage, versions, lengths, places, content. */
#include "unit.h"

#include <string.h>

#include "ledger-fixture.h"

/*
 * Each test begins with two records in the area, OLDER and OLDER + 1, and does
 * something to one of them or to both. They run for both parities of OLDER.
 */
struct pair {
	u8 *area;
	struct fastreboot_ledger *older;
	struct fastreboot_ledger *newest;
	struct fastreboot_ledger older_was;
	struct fastreboot_ledger newest_was;
};

static void pair_make(struct pair *pair, u64 older)
{
	struct random random = { older };
	struct fastreboot_ledger ledger;

	pair->area = area_get(0);
	pair->older = record_at(pair->area, older);
	pair->newest = record_at(pair->area, older + 1);
	ledger_make(&ledger, &random);
	record_put(pair->area, &ledger, older);
	ledger_make(&ledger, &random);
	record_put(pair->area, &ledger, older + 1);
	pair->older_was = *pair->older;
	pair->newest_was = *pair->newest;
	area_expect(pair->area, &pair->newest_was);
}

static void pair_restore(struct pair *pair)
{
	*pair->older = pair->older_was;
	*pair->newest = pair->newest_was;
}

static void flip(void *record, size_t bit)
{
	((u8 *)record)[bit / 8] ^= 1 << bit % 8;
}

static void every_flip_in_the_newest(void **state)
{
	struct pair pair;

	for (u64 older = 10; older <= 11; older++) {
		pair_make(&pair, older);
		for (size_t bit = 0; bit < RECORD_SIZE * 8; bit++) {
			flip(pair.newest, bit);
			area_expect(pair.area, &pair.older_was);
			flip(pair.newest, bit);
		}
	}
}

static void every_flip_in_the_older(void **state)
{
	struct pair pair;

	for (u64 older = 10; older <= 11; older++) {
		pair_make(&pair, older);
		for (size_t bit = 0; bit < RECORD_SIZE * 8; bit++) {
			flip(pair.older, bit);
			area_expect(pair.area, &pair.newest_was);
			flip(pair.older, bit);
		}
	}
}

static void every_flip_in_both(void **state)
{
	struct random random = { 1 };
	struct pair pair;

	pair_make(&pair, 10);
	for (size_t bit = 0; bit < RECORD_SIZE * 8; bit++) {
		size_t other = random_below(&random, RECORD_SIZE * 8);

		flip(pair.newest, bit);
		flip(pair.older, bit);
		area_expect(pair.area, NULL);
		flip(pair.older, bit);
		flip(pair.older, other);
		area_expect(pair.area, NULL);
		pair_restore(&pair);
	}
}

static void every_two_flips_in_the_headers(void **state)
{
	struct pair pair;

	pair_make(&pair, 10);
	for (size_t i = 0; i < HEADER_SIZE * 8; i++) {
		flip(pair.newest, i);
		for (size_t j = 0; j < HEADER_SIZE * 8; j++) {
			struct fastreboot_ledger ledger;

			flip(pair.older, j);
			assert_int_equal(fastreboot_ledger_load(pair.area,
								&ledger),
					 -ENODATA);
			flip(pair.older, j);
		}
		flip(pair.newest, i);
	}
}

/* The area is refused, and fastreboot_ledger_load() has left it alone. */
static void expect_refused(u8 *area)
{
	static u8 before[AREA_SIZE];
	struct fastreboot_ledger ledger;

	memcpy(before, area, AREA_SIZE);
	assert_int_equal(area_load(area, &ledger), -EPROTONOSUPPORT);
	assert_memory_equal(area, before, AREA_SIZE);
}

/* 0x0100 is the known version with its bytes swapped. */
static const u16 unknown_majors[] = { 0, 2, 3, 0x0100, 0x0101, 0xffff };

static void make_unknown(struct fastreboot_ledger *record, u16 major)
{
	record->header.major = cpu_to_le16(major);
	record_seal(record, RECORD_SIZE);
}

static void unknown_major_beside_known(void **state)
{
	struct pair pair;

	for (size_t i = 0; i < ARRAY_SIZE(unknown_majors); i++) {
		for (u64 older = 10; older <= 11; older++) {
			pair_make(&pair, older);
			make_unknown(pair.newest, unknown_majors[i]);
			expect_refused(pair.area);
			pair_restore(&pair);
			make_unknown(pair.older, unknown_majors[i]);
			expect_refused(pair.area);
			make_unknown(pair.newest, unknown_majors[i]);
			expect_refused(pair.area);
		}
	}
}

static void unknown_major_alone(void **state)
{
	static const u8 fills[] = { 0, 0xff };
	struct random random = { 2 };
	struct fastreboot_ledger ledger;

	ledger_make(&ledger, &random);
	for (size_t i = 0; i < ARRAY_SIZE(unknown_majors); i++) {
		for (u64 n = 0; n < 4; n++) {
			u8 *area = area_get(fills[n / 2]);

			record_put(area, &ledger, n);
			make_unknown(record_at(area, n), unknown_majors[i]);
			expect_refused(area);
		}
	}
}

/* Nothing behind the header of an unknown version is known, nor its length. */
static void unknown_major_with_any_content(void **state)
{
	static const u32 lengths[] = {
		HEADER_SIZE,	 HEADER_SIZE + 1, 1000,	    RECORD_SIZE - 1,
		RECORD_SIZE + 1, COPY_SIZE - 1,	  COPY_SIZE
	};
	struct random random = { 3 };
	struct pair pair;

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (u64 older = 10; older <= 11; older++) {
			pair_make(&pair, older);
			random_fill(&random, &pair.newest->layout,
				    COPY_SIZE - HEADER_SIZE);
			pair.newest->header.major = cpu_to_le16(2);
			pair.newest->header.length = cpu_to_le32(lengths[i]);
			record_seal(pair.newest, lengths[i]);
			expect_refused(pair.area);
		}
	}
}

/* Damage that made another version of a record is damage, no other version. */
static void unknown_major_by_damage(void **state)
{
	struct pair pair;

	pair_make(&pair, 10);
	for (u32 major = 0; major <= 0xffff; major++) {
		if (major == 1)
			continue;
		pair.newest->header.major = cpu_to_le16(major);
		area_expect(pair.area, &pair.older_was);
	}
}

/* A later minor version may say more, up to all that the copy has room for. */
static void larger_minor_and_length(void **state)
{
	static const u32 lengths[] = { RECORD_SIZE,	RECORD_SIZE + 1,
				       RECORD_SIZE + 8, 4096,
				       COPY_SIZE - 1,	COPY_SIZE };
	struct random random = { 4 };
	struct pair pair;

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		pair_make(&pair, 10 + i % 2);
		random_fill(&random, pair.newest + 1, COPY_SIZE - RECORD_SIZE);
		pair.newest->header.minor = cpu_to_le16(i ? 0xffff : 1);
		pair.newest->header.length = cpu_to_le32(lengths[i]);
		record_seal(pair.newest, lengths[i]);
		pair.newest_was = *pair.newest;
		area_expect(pair.area, &pair.newest_was);
		((u8 *)pair.newest)[lengths[i] - 1] ^= 1;
		area_expect(pair.area, &pair.older_was);
	}
}

/* The next write drops what this kernel does not know. */
static void store_after_larger_minor(void **state)
{
	struct fastreboot_ledger ledger;
	struct pair pair;

	pair_make(&pair, 10);
	pair.newest->header.minor = cpu_to_le16(7);
	pair.newest->header.length = cpu_to_le32(4096);
	record_seal(pair.newest, 4096);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(area_load(pair.area, &ledger), 0);
		fastreboot_ledger_store(pair.area, &ledger);
		assert_int_equal(le16_to_cpu(ledger.header.minor),
				 FASTREBOOT_LEDGER_MINOR);
		assert_int_equal(le32_to_cpu(ledger.header.length),
				 RECORD_SIZE);
		area_expect(pair.area, &ledger);
	}
}

/* Bytes from a record to the end of the area, if @length wants as many. */
static size_t within_area(struct pair *pair, const void *record, size_t length)
{
	size_t room = pair->area + AREA_SIZE - (const u8 *)record;

	return length < room ? length : room;
}

/* The checksums are right where that is possible: only the length is wrong. */
static void wrong_length(void **state)
{
	/* clang-format off */
	static const u32 lengths[] = { 20, 24, 63, HEADER_SIZE, 1000,
				       RECORD_SIZE - 8, RECORD_SIZE - 1,
				       COPY_SIZE + 1, COPY_SIZE + RECORD_SIZE,
				       AREA_SIZE, AREA_SIZE + 1, 0x80000000,
				       0xffffffff };
	/* clang-format on */
	struct pair pair;

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (u64 older = 10; older <= 11; older++) {
			pair_make(&pair, older);
			pair.newest->header.length = cpu_to_le32(lengths[i]);
			record_seal(pair.newest, within_area(&pair, pair.newest,
							     lengths[i]));
			area_expect(pair.area, &pair.older_was);
		}
	}
}

/* Shorter than what the checksum would have to cover. */
static void length_without_checksum(void **state)
{
	struct pair pair;

	for (u64 older = 10; older <= 11; older++) {
		pair_make(&pair, older);
		for (u32 length = 0; length < 20; length++) {
			pair.newest->header.length = cpu_to_le32(length);
			area_expect(pair.area, &pair.older_was);
		}
	}
}

static void wrong_magic(void **state)
{
	struct pair pair;

	for (u64 older = 10; older <= 11; older++) {
		pair_make(&pair, older);
		for (int i = 0; i < 8; i++) {
			pair.newest->header.magic[i] ^= 0x20;
			record_seal(pair.newest, RECORD_SIZE);
			area_expect(pair.area, &pair.older_was);
			pair_restore(&pair);
		}
	}
}

/* A record in the copy where its sequence number does not belong. */
static void wrong_parity(void **state)
{
	static const u64 distances[] = { 1, 3, 0x100000001 };
	struct pair pair;

	for (size_t i = 0; i < ARRAY_SIZE(distances); i++) {
		for (u64 older = 10; older <= 11; older++) {
			u64 sequence = older + 1 + distances[i];

			pair_make(&pair, older);
			pair.newest->header.sequence = cpu_to_le64(sequence);
			record_seal(pair.newest, RECORD_SIZE);
			area_expect(pair.area, &pair.older_was);
		}
	}
}

static void copies_exchanged(void **state)
{
	struct pair pair;

	pair_make(&pair, 10);
	*pair.older = pair.newest_was;
	*pair.newest = pair.older_was;
	area_expect(pair.area, NULL);
}

/* An unknown version in the wrong place proves nothing either. */
static void unknown_major_wrong_parity(void **state)
{
	struct pair pair;

	pair_make(&pair, 10);
	pair.newest->header.sequence = cpu_to_le64(12);
	make_unknown(pair.newest, 2);
	area_expect(pair.area, &pair.older_was);
}

/* One field of a ledger with two slots, and what it must not hold. */
struct insanity {
	size_t offset;
	u32 value;
};

#define FIELD(member) offsetof(struct fastreboot_ledger, member)

static const struct insanity insanities[] = {
	{ FIELD(layout.slot_count), 0 },
	{ FIELD(layout.slot_count), 1 },
	{ FIELD(layout.slot_count), 9 },
	{ FIELD(layout.slot_count), 0x02000000 },
	{ FIELD(layout.slot_count), 0xffffffff },
	{ FIELD(running), 2 },
	{ FIELD(running), 7 },
	{ FIELD(running), 0xfffffffe },
	{ FIELD(armed), 2 },
	{ FIELD(armed), 7 },
	{ FIELD(armed), 0x80000000 },
	{ FIELD(jump_slot), 2 },
	{ FIELD(jump_slot), 7 },
	{ FIELD(jump_slot), 0xfffffffe },
	{ FIELD(slot[0].status), 6 },
	{ FIELD(slot[0].status), 0x01000000 },
	{ FIELD(slot[1].status), 6 },
	{ FIELD(slot[1].status), 0xffffffff },
	/* The last 4 bytes of a string, the NUL among them. */
	{ FIELD(release[60]), 0x2e2e2e2e },
	{ FIELD(previous_release[60]), 0x2e2e2e2e },
	{ FIELD(slot[0].release[60]), 0x2e2e2e2e },
	{ FIELD(slot[1].release[60]), 0x01010101 },
};

/* Make a record that makes sense, and then not: with the right checksum. */
static void make_insane(struct fastreboot_ledger *record,
			const struct insanity *insanity)
{
	__le32 value = cpu_to_le32(insanity->value);

	record->layout.slot_count = cpu_to_le32(2);
	/* Slots that exist would hide that there are too few. */
	record->running = cpu_to_le32(FASTREBOOT_SLOT_NONE);
	record->armed = cpu_to_le32(FASTREBOOT_SLOT_NONE);
	record->jump_slot = cpu_to_le32(FASTREBOOT_SLOT_NONE);
	if (insanity->offset)
		memcpy((u8 *)record + insanity->offset, &value, sizeof(value));
	record_seal(record, RECORD_SIZE);
}

static void content_that_makes_no_sense(void **state)
{
	static const struct insanity none = { 0, 0 };
	struct pair pair;

	for (size_t i = 0; i < ARRAY_SIZE(insanities); i++) {
		for (u64 older = 10; older <= 11; older++) {
			pair_make(&pair, older);
			make_insane(pair.newest, &none);
			pair.newest_was = *pair.newest;
			area_expect(pair.area, &pair.newest_was);
			make_insane(pair.newest, &insanities[i]);
			area_expect(pair.area, &pair.older_was);
			make_insane(pair.older, &insanities[i]);
			area_expect(pair.area, NULL);
		}
	}
}

/* A record that counts but makes no sense is overwritten, not followed. */
static void store_after_insane(void **state)
{
	struct fastreboot_ledger ledger;
	struct pair pair;

	for (u64 older = 10; older <= 11; older++) {
		pair_make(&pair, older);
		make_insane(pair.newest, &insanities[0]);
		assert_int_equal(area_load(pair.area, &ledger), 0);
		fastreboot_ledger_store(pair.area, &ledger);
		assert_int_equal(le64_to_cpu(ledger.header.sequence),
				 older + 1);
		area_expect(pair.area, &ledger);
	}
}

/* After -ENODATA a new ledger must not lose against what was there. */
static void init_after_insane(void **state)
{
	struct fastreboot_ledger ledger;
	struct pair pair;

	for (u64 older = 10; older <= 11; older++) {
		pair_make(&pair, older);
		fastreboot_ledger_init(&ledger, &pair.older_was.layout);
		make_insane(pair.older, &insanities[0]);
		make_insane(pair.newest, &insanities[0]);
		for (int i = 0; i < 4; i++) {
			fastreboot_ledger_store(pair.area, &ledger);
			area_expect(pair.area, &ledger);
		}
	}
}

/* The outermost values that do make sense. */
static void bounds_count(void **state)
{
	struct pair pair;

	for (u32 count = 2; count <= 8; count++) {
		pair_make(&pair, 10);
		pair.newest->layout.slot_count = cpu_to_le32(count);
		pair.newest->running = cpu_to_le32(0);
		pair.newest->armed = cpu_to_le32(count - 1);
		pair.newest->jump_slot = cpu_to_le32(FASTREBOOT_SLOT_NONE);
		pair.newest->slot[0].status = cpu_to_le32(0);
		pair.newest->slot[count - 1].status = cpu_to_le32(5);
		memset(pair.newest->release, '6', 63);
		memset(pair.newest->previous_release, '6', 63);
		memset(pair.newest->slot[count - 1].release, '6', 63);
		record_seal(pair.newest, RECORD_SIZE);
		pair.newest_was = *pair.newest;
		area_expect(pair.area, &pair.newest_was);
	}
}

/* All of the numbers are compared, not only the lowest bits. */
static void larger_sequence_wins(void **state)
{
	static const u64 distances[] = {
		1, 3, 0xff, 0xffff, 0xffffffff, 0x100000001, 0x7fffffffffffffff
	};
	struct random random = { 5 };
	struct fastreboot_ledger ledger;

	for (size_t i = 0; i < ARRAY_SIZE(distances); i++) {
		for (u64 older = 0; older < 2; older++) {
			u64 newest = older + distances[i];
			u8 *area = area_get(0);

			ledger_make(&ledger, &random);
			record_put(area, &ledger, older);
			ledger_make(&ledger, &random);
			record_put(area, &ledger, newest);
			ledger = *record_at(area, newest);
			area_expect(area, &ledger);
		}
	}
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(every_flip_in_the_newest),
	UNIT_TEST(every_flip_in_the_older),
	UNIT_TEST(every_flip_in_both),
	UNIT_TEST(every_two_flips_in_the_headers),
	UNIT_TEST(unknown_major_beside_known),
	UNIT_TEST(unknown_major_alone),
	UNIT_TEST(unknown_major_with_any_content),
	UNIT_TEST(unknown_major_by_damage),
	UNIT_TEST(unknown_major_wrong_parity),
	UNIT_TEST(larger_minor_and_length),
	UNIT_TEST(store_after_larger_minor),
	UNIT_TEST(wrong_length),
	UNIT_TEST(length_without_checksum),
	UNIT_TEST(wrong_magic),
	UNIT_TEST(wrong_parity),
	UNIT_TEST(copies_exchanged),
	UNIT_TEST(content_that_makes_no_sense),
	UNIT_TEST(store_after_insane),
	UNIT_TEST(init_after_insane),
	UNIT_TEST(bounds_count),
	UNIT_TEST(larger_sequence_wins),
};
UNIT_MAIN(tests)
