// SPDX-License-Identifier: GPL-2.0-or-later
/* The record of an object: its bytes, which one counts, and what is refused. */
#include "unit.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "fastreboot-state.h"
#include "record.h"

/* Mappings are aligned. */
static union {
	u8 bytes[RECORD_BYTES];
	u64 words[RECORD_BYTES / 8];
} header;

static const struct persist direct = { .direct = true };

static struct record a_record(void)
{
	struct record record = {
		.kind = FR_STATE_DOUBLE,
		.status = FR_STATE_PUBLISHED,
		.generation = 7,
		.size = 100,
		.capacity = 4096,
		.area = 1,
		.flags = OBJECT_HASHED,
		.schema_version = 3,
		.published_ns = 0x1122334455667788,
		.schema = "test",
	};

	memset(record.boot_id, 0xb0, sizeof(record.boot_id));
	memset(record.sha256, 0x5a, sizeof(record.sha256));
	return record;
}

static struct object_record *copy(unsigned int number)
{
	return (void *)(header.bytes + number * OBJECT_COPY_SIZE);
}

/* Make the checksum right. */
static void seal(unsigned int number)
{
	u8 bytes[OBJECT_COPY_SIZE];
	u32 length = le32toh(copy(number)->length);

	copy(number)->crc32c = 0;
	memcpy(bytes, copy(number), sizeof(bytes));
	copy(number)->crc32c = htole32(record_crc32c(bytes, length, 0));
}

static void begin(void)
{
	struct record record = a_record();

	memset(&header, 0xff, sizeof(header));
	record_first(&header, &record);
}

static void expect(int err)
{
	struct record record;

	assert_int_equal(record_load(&header, &record), err);
}

static u64 loaded_sequence(void)
{
	struct record record;

	assert_int_equal(record_load(&header, &record), 0);
	return record.sequence;
}

static void crc_is_castagnoli(void **state)
{
	assert_int_equal(record_crc32c("123456789", 9, 0), 0xe3069283);
	assert_int_equal(record_crc32c("6789", 4, record_crc32c("12345", 5, 0)),
			 0xe3069283);
}

/* What another version of the library has written is read for ever. */
static void bytes(void **state)
{
	static const u8 start[] = {
		'F', 'R', 'O', 'B',  'J',  'E',	 'C',  'T',  1,	   0,	 0,
		0,   0,	  1,   0,    0,	   0x21, 0x37, 0xd8, 0xec, 0,	 0,
		0,   0,	  1,   0,    0,	   0,	 0,    0,    0,	   0,	 1,
		0,   0,	  0,   2,    0,	   0,	 0,    7,    0,	   0,	 0,
		0,   0,	  0,   0,    100,  0,	 0,    0,    0,	   0,	 0,
		0,   0,	  16,  0,    0,	   0,	 0,    0,    0,	   1,	 0,
		0,   0,	  1,   0,    0,	   0,	 3,    0,    0,	   0,	 0,
		0,   0,	  0,   0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
	};

	begin();
	assert_memory_equal(copy(1), start, sizeof(start));
	for (int i = 0; i < 16; i++)
		assert_int_equal(copy(1)->boot_id[i], 0xb0);
	for (int i = 0; i < 32; i++)
		assert_int_equal(copy(1)->sha256[i], 0x5a);
	assert_memory_equal(copy(1)->schema, "test\0\0\0\0", 8);
	for (size_t i = 0; i < OBJECT_COPY_SIZE; i++)
		assert_int_equal(header.bytes[i], 0);
}

static void round_trip(void **state)
{
	struct record record = a_record(), found;

	begin();
	record_load(&header, &record);
	for (u64 i = 2; i < 20; i++) {
		record.generation++;
		record.size = i;
		assert_int_equal(record_store(&direct, &header, &record), 0);
		assert_int_equal(record.sequence, i);
		assert_int_equal(record_load(&header, &found), 0);
		assert_memory_equal(&found, &record, sizeof(record));
	}
}

static void nothing_counts(void **state)
{
	struct random random = { 1 };

	memset(&header, 0, sizeof(header));
	expect(-EBADMSG);
	memset(&header, 0xff, sizeof(header));
	expect(-EBADMSG);
	for (int i = 0; i < 100; i++) {
		random_fill(&random, &header, sizeof(header));
		copy(i % 2)->magic = htole64(OBJECT_MAGIC);
		expect(-EBADMSG);
	}
}

static void every_bit_matters(void **state)
{
	for (size_t bit = 0; bit < 8 * sizeof(struct object_record); bit++) {
		begin();
		((u8 *)copy(1))[bit / 8] ^= 1 << bit % 8;
		expect(-EBADMSG);
	}
}

static void later_one_counts(void **state)
{
	struct record record = a_record();

	begin();
	record.sequence = UINT64_MAX - 1;
	assert_int_equal(record_store(&direct, &header, &record), 0);
	assert_int_equal(loaded_sequence(), UINT64_MAX);
	/* and 0 comes after that */
	assert_int_equal(record_store(&direct, &header, &record), 0);
	assert_int_equal(loaded_sequence(), 0);
}

static void wrong_copy(void **state)
{
	begin();
	memcpy(copy(0), copy(1), OBJECT_COPY_SIZE);
	assert_int_equal(loaded_sequence(), 1);
	memset(copy(1), 0, OBJECT_COPY_SIZE);
	expect(-EBADMSG);
}

/* An older copy does not help: what is there is not ours to write over. */
static void later_version(void **state)
{
	struct record record = a_record();

	begin();
	record_load(&header, &record);
	record_store(&direct, &header, &record);
	copy(0)->major = htole16(OBJECT_MAJOR + 1);
	seal(0);
	expect(-EPROTONOSUPPORT);
	/* it may be shorter or longer, as far as the copy goes */
	copy(0)->length = htole32(offsetof(struct object_record, kind));
	seal(0);
	expect(-EPROTONOSUPPORT);
	copy(0)->length = htole32(OBJECT_COPY_SIZE);
	seal(0);
	expect(-EPROTONOSUPPORT);
}

static void later_minor_version(void **state)
{
	begin();
	copy(1)->minor = htole16(9);
	copy(1)->length = htole32(OBJECT_COPY_SIZE);
	memset(copy(1) + 1, 0x77, OBJECT_COPY_SIZE - sizeof(*copy(1)));
	seal(1);
	assert_int_equal(loaded_sequence(), 1);
}

static void lengths(void **state)
{
	static const u32 lengths[] = {
		0, 1, 31, 32, 255, 2049, 4096, UINT32_MAX
	};

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		begin();
		copy(1)->length = htole32(lengths[i]);
		if (lengths[i] <= OBJECT_COPY_SIZE)
			seal(1);
		expect(-EBADMSG);
	}
}

#define EXPECT_INSANE(field, value)     \
	do {                            \
		begin();                \
		copy(1)->field = value; \
		seal(1);                \
		expect(-EBADMSG);       \
	} while (0)

/* The file is an application's: the checksum may be right, and all else a lie. */
static void senseless(void **state)
{
	EXPECT_INSANE(kind, 0);
	EXPECT_INSANE(kind, htole32(3));
	EXPECT_INSANE(status, 0);
	EXPECT_INSANE(status, htole32(3));
	EXPECT_INSANE(status, htole32(FR_STATE_WRITING));
	EXPECT_INSANE(generation, 0);
	EXPECT_INSANE(size, htole64(4097));
	EXPECT_INSANE(capacity, 0);
	EXPECT_INSANE(capacity, htole64(OBJECT_CAPACITY_MAX + 1));
	EXPECT_INSANE(capacity, htole64(UINT64_MAX));
	EXPECT_INSANE(area, htole32(2));
	EXPECT_INSANE(kind, htole32(FR_STATE_IN_PLACE)); /* with area 1 */
	EXPECT_INSANE(schema[1], '\x1b');
	EXPECT_INSANE(schema[1], 'A');
	begin();
	memset(copy(1)->schema, 'a', sizeof(copy(1)->schema));
	seal(1);
	expect(-EBADMSG);
}

/* The older one is no answer: its data may be half overwritten. */
static void newer_one_makes_no_sense(void **state)
{
	struct record record = a_record();

	begin();
	record_load(&header, &record);
	record_store(&direct, &header, &record);
	copy(0)->capacity = 0;
	seal(0);
	expect(-EBADMSG);
	/* but it does not matter what an older one says */
	record_load(&header, &record);
	record.sequence = 2;
	assert_int_equal(record_store(&direct, &header, &record), 0);
	assert_int_equal(loaded_sequence(), 3);
}

static void older_one_is_dropped(void **state)
{
	struct record record = a_record();

	begin();
	for (unsigned int i = 1; i < 4; i++) {
		assert_int_equal(record_store(&direct, &header, &record), 0);
		assert_int_equal(record_drop_older(&direct, &header, &record),
				 0);
		assert_int_equal(loaded_sequence(), record.sequence);
		copy(record.sequence % 2)->size ^= htole64(1);
		expect(-EBADMSG);
		copy(record.sequence % 2)->size ^= htole64(1);
	}
}

/* Stores of a record, to be made in parts. */
static size_t n_stores;
static u64 *stored_at[128], stored[128];

static void note_store(void *at, const void *value, size_t size)
{
	assert_true(size == 8 && n_stores < ARRAY_SIZE(stored));
	stored_at[n_stores] = at;
	memcpy(&stored[n_stores++], value, 8);
}

static size_t flushed_at[8], n_flushes;

static bool fail_flushes;
/* This many succeed before. */
static unsigned int good_flushes;

static int note_flush(const void *at, size_t size)
{
	if (fail_flushes && good_flushes) {
		good_flushes--;
		return 0;
	}
	if (fail_flushes)
		return -EIO;
	assert_true(n_flushes < ARRAY_SIZE(flushed_at));
	flushed_at[n_flushes++] = n_stores;
	return 0;
}

static const struct persist_hooks hooks = { note_store, note_flush };

/* What record_store() does to @from, but only in the list. */
static void list_stores(struct record record)
{
	static u8 saved[RECORD_BYTES];

	memcpy(saved, &header, sizeof(saved));
	n_stores = n_flushes = 0;
	persist_hooks = &hooks;
	assert_int_equal(record_store(&direct, &header, &record), 0);
	persist_hooks = NULL;
	memcpy(&header, saved, sizeof(saved));
}

/*
 * A cut leaves all of a record but one word; then the next attempt, from the same
 * old record, is cut when that word alone, or it behind those that are durable by
 * then, was made. The first of the two was abandoned: no reader may ever see
 * it.
 */
static void abandoned(size_t missing, size_t only)
{
	struct record old = a_record();
	struct record first, second;

	begin();
	record_load(&header, &old);
	first = second = old;
	first.size = 1;
	first.generation = second.generation = 8;
	second.size = 2;
	list_stores(first);
	for (size_t i = 0; i < n_stores; i++)
		if (i != missing)
			*stored_at[i] = stored[i];
	if (loaded_sequence() != 1)
		return;
	list_stores(second);
	for (size_t flush = 0; flush < n_flushes; flush++) {
		size_t durable = flush ? flushed_at[flush - 1] : 0;

		if (only < durable || only >= flushed_at[flush])
			continue;
		for (size_t i = 0; i < durable; i++)
			*stored_at[i] = stored[i];
		*stored_at[only] = stored[only];
	}
	if (!record_load(&header, &first) && first.sequence != 1 &&
	    first.size != 2)
		fail_msg("without store %zu and then with %zu alone: a record "
			 "that was given up counts",
			 missing, only);
}

static void abandoned_record(void **state)
{
	list_stores(a_record());
	for (size_t i = 0; i < sizeof(struct object_record) / 8 + 1; i++)
		for (size_t j = 0; j < sizeof(struct object_record) / 8 + 1;
		     j++)
			abandoned(i, j);
}

/* Whoever tries again writes to the same copy: the other one is all there is. */
static void failed_flush(void **state)
{
	static const struct persist indirect = { .direct = false };
	struct record record = a_record();

	begin();
	record_load(&header, &record);
	fail_flushes = true;
	persist_hooks = &hooks;
	n_stores = 0;
	assert_int_equal(record_store(&indirect, &header, &record), -EIO);
	assert_int_equal(record.sequence, 1);
	assert_int_equal(record_store(&indirect, &header, &record), -EIO);
	/* also the last one, when others can see the record already */
	good_flushes = 2;
	assert_int_equal(record_store(&indirect, &header, &record), -EIO);
	assert_int_equal(record.sequence, 1);
	fail_flushes = false;
	persist_hooks = NULL;
	assert_int_equal(loaded_sequence(), 1);
	assert_int_equal(record_store(&direct, &header, &record), 0);
	assert_int_equal(loaded_sequence(), 2);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(crc_is_castagnoli),
	UNIT_TEST(bytes),
	UNIT_TEST(round_trip),
	UNIT_TEST(nothing_counts),
	UNIT_TEST(every_bit_matters),
	UNIT_TEST(later_one_counts),
	UNIT_TEST(wrong_copy),
	UNIT_TEST(later_version),
	UNIT_TEST(later_minor_version),
	UNIT_TEST(lengths),
	UNIT_TEST(senseless),
	UNIT_TEST(newer_one_makes_no_sense),
	UNIT_TEST(older_one_is_dropped),
	UNIT_TEST(abandoned_record),
	UNIT_TEST(failed_flush),
};
UNIT_MAIN(tests)
