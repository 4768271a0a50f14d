// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The record of an object
 *
 * It says what the data is worth, so it must never say more than is true. The
 * process may be killed, and the machine may panic or be reset, between any two
 * stores; and of the stores since the last flush any may be lost, whatever
 * their order. So a record is never changed in place:
 *
 *  - there are two copies. The record with sequence number n stands in copy
 *    n modulo 2, so a new one replaces the older of the two;
 *  - its magic number is taken away first and put back last, with a flush
 *    before and behind all that lies in between. A record that was not finished
 *    has no magic number, and what the next attempt writes to the copy can't
 *    complete it by chance, since successive records have most words in common;
 *  - a record counts only if magic number, length, CRC32C and the parity of its
 *    sequence number fit: this is for memory that has lost its content, and for
 *    files that are none of ours;
 *  - of two that count the one with the later sequence number wins. If that one
 *    makes no sense the object is damaged: the older one is no answer;
 *  - claim takes the older one away, before the first store to the data. From then
 *    on what that record calls published may be half overwritten, and must not
 *    come back when memory has lost a bit of the newer one.
 *
 * What publish and claim have to do with the data before and behind a record is
 * in object.c.
 *
 * Everything that a record says may be a lie: the file belongs to an
 * application. So every field is checked, and nothing of it is used before it
 * was copied: the writer may be at work.
 */
#include "record.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "fastreboot-state.h"

static_assert(FR_STATE_SCHEMA_MAX + 1 == OBJECT_SCHEMA_SIZE, "one size");

#define WORDS (sizeof(struct object_record) / sizeof(uint64_t))
#define CRC32C_POLYNOMIAL 0x82f63b78U

uint32_t record_crc32c(const void *data, size_t size, uint32_t crc)
{
	const uint8_t *at = data;

	crc = ~crc;
	while (size--) {
		crc ^= *at++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC32C_POLYNOMIAL : 0);
	}
	return ~crc;
}

/* With the field itself taken as 0. */
static uint32_t copy_crc(const uint8_t *copy, size_t length)
{
	static const uint8_t zero[4];
	const size_t at = offsetof(struct object_record, crc32c);
	uint32_t crc = record_crc32c(copy, at, 0);

	crc = record_crc32c(zero, sizeof(zero), crc);
	return record_crc32c(copy + at + sizeof(zero),
			     length - at - sizeof(zero), crc);
}

/* Does what is in copy @number count? Its version is not looked at. */
static bool counts(const uint8_t *copy, unsigned int number)
{
	struct object_record on_file;
	uint32_t length;

	memcpy(&on_file, copy, sizeof(on_file));
	length = le32toh(on_file.length);
	if (le64toh(on_file.magic) != OBJECT_MAGIC ||
	    length < offsetof(struct object_record, kind) ||
	    length > OBJECT_COPY_SIZE ||
	    le64toh(on_file.sequence) % OBJECT_COPIES != number)
		return false;
	return copy_crc(copy, length) == le32toh(on_file.crc32c);
}

static void decode(const struct object_record *from, struct record *to)
{
	*to = (struct record){
		.sequence = le64toh(from->sequence),
		.kind = le32toh(from->kind),
		.status = le32toh(from->status),
		.generation = le64toh(from->generation),
		.size = le64toh(from->size),
		.capacity = le64toh(from->capacity),
		.area = le32toh(from->area),
		.flags = le32toh(from->flags),
		.schema_version = le32toh(from->schema_version),
		.published_ns = le64toh(from->published_ns),
	};
	memcpy(to->boot_id, from->boot_id, sizeof(to->boot_id));
	memcpy(to->sha256, from->sha256, sizeof(to->sha256));
	memcpy(to->schema, from->schema, sizeof(to->schema));
}

static void encode(const struct record *from, struct object_record *to)
{
	*to = (struct object_record){
		.magic = htole64(OBJECT_MAGIC),
		.major = htole16(OBJECT_MAJOR),
		.minor = htole16(OBJECT_MINOR),
		.length = htole32(sizeof(*to)),
		.sequence = htole64(from->sequence),
		.kind = htole32(from->kind),
		.status = htole32(from->status),
		.generation = htole64(from->generation),
		.size = htole64(from->size),
		.capacity = htole64(from->capacity),
		.area = htole32(from->area),
		.flags = htole32(from->flags),
		.schema_version = htole32(from->schema_version),
		.published_ns = htole64(from->published_ns),
	};
	memcpy(to->boot_id, from->boot_id, sizeof(to->boot_id));
	memcpy(to->sha256, from->sha256, sizeof(to->sha256));
	memcpy(to->schema, from->schema, sizeof(to->schema));
	to->crc32c = htole32(copy_crc((const uint8_t *)to, sizeof(*to)));
}

static bool schema_sane(const char schema[OBJECT_SCHEMA_SIZE])
{
	size_t length = strnlen(schema, OBJECT_SCHEMA_SIZE);

	return length < OBJECT_SCHEMA_SIZE &&
	       strspn(schema, "abcdefghijklmnopqrstuvwxyz0123456789._-") ==
		       length;
}

/* A checksum proves that a record is complete, not that it makes sense. */
static bool sane(const struct record *record)
{
	bool is_double = record->kind == FR_STATE_DOUBLE;

	if (!is_double && record->kind != FR_STATE_IN_PLACE)
		return false;
	if (record->status != FR_STATE_WRITING &&
	    record->status != FR_STATE_PUBLISHED)
		return false;
	/* There is always something published, once there was. */
	if (is_double && record->status == FR_STATE_WRITING &&
	    record->generation)
		return false;
	if (record->status == FR_STATE_PUBLISHED && !record->generation)
		return false;
	return record->capacity && record->capacity <= OBJECT_CAPACITY_MAX &&
	       record->size <= record->capacity &&
	       record->area <= (is_double ? 1 : 0) &&
	       schema_sane(record->schema);
}

/* Sequence numbers wrap: 0 comes after the largest, and is newer. */
static bool is_newer(const struct record *record, const struct record *other)
{
	return (int64_t)(record->sequence - other->sequence) > 0;
}

/* -ENOENT: there is nothing that counts; -EBADMSG: it counts, and is senseless. */
static int load_copy(const uint8_t *copy, unsigned int number,
		     struct record *ret)
{
	struct object_record on_file;

	if (!counts(copy, number))
		return -ENOENT;
	memcpy(&on_file, copy, sizeof(on_file));
	if (le16toh(on_file.major) != OBJECT_MAJOR)
		return -EPROTONOSUPPORT;
	decode(&on_file, ret);
	if (le32toh(on_file.length) < sizeof(on_file) || !sane(ret))
		return -EBADMSG;
	return 0;
}

int record_load(const void *header, struct record *ret)
{
	uint8_t copies[RECORD_BYTES];
	struct record newest = { 0 };
	int result = -EBADMSG;
	bool found = false;

	memcpy(copies, header, sizeof(copies));
	for (unsigned int i = 0; i < OBJECT_COPIES; i++) {
		struct record record;
		int err = load_copy(copies + i * OBJECT_COPY_SIZE, i, &record);

		if (err == -EPROTONOSUPPORT)
			return err;
		if (err == -ENOENT || (found && !is_newer(&record, &newest)))
			continue;
		newest = record;
		result = err;
		found = true;
	}
	if (!result)
		*ret = newest;
	return result;
}

/* All but the magic number. */
static int store_words(const struct persist *persist, uint64_t *to,
		       const struct object_record *record)
{
	uint64_t words[WORDS];

	memcpy(words, record, sizeof(words));
	for (size_t i = 1; i < WORDS; i++)
		persist_store64(&to[i], words[i]);
	return persist_flush(persist, to, sizeof(words));
}

static int store_magic(const struct persist *persist, uint64_t *to,
		       uint64_t magic)
{
	persist_store64(to, magic);
	return persist_flush(persist, to, sizeof(*to));
}

/* Where the record with this sequence number stands. */
static uint64_t *copy_of(void *header, uint64_t sequence)
{
	return (uint64_t *)((uint8_t *)header +
			    sequence % OBJECT_COPIES * OBJECT_COPY_SIZE);
}

int record_store(const struct persist *persist, void *header,
		 struct record *record)
{
	uint64_t *to = copy_of(header, record->sequence + 1);
	struct object_record on_file;
	int err;

	record->sequence++;
	encode(record, &on_file);
	err = store_magic(persist, to, 0);
	if (!err)
		err = store_words(persist, to, &on_file);
	if (!err)
		err = store_magic(persist, to, on_file.magic);
	if (err) {
		/* Others may see it already, and the caller says it is not so. */
		store_magic(persist, to, 0);
		/* Another try must not write over the copy that is left. */
		record->sequence--;
	}
	return err;
}

int record_drop_older(const struct persist *persist, void *header,
		      const struct record *record)
{
	uint64_t *own = copy_of(header, record->sequence);
	int err;

	/* Its writer may have been killed before it had flushed it. */
	err = persist_flush(persist, own, sizeof(struct object_record));
	if (err)
		return err;
	return store_magic(persist, copy_of(header, record->sequence + 1), 0);
}

void record_first(void *header, struct record *record)
{
	struct object_record on_file;

	record->sequence = 1;
	encode(record, &on_file);
	memset(header, 0, RECORD_BYTES);
	memcpy((uint8_t *)header + OBJECT_COPY_SIZE, &on_file, sizeof(on_file));
}
