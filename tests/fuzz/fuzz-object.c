// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The header of an object, which may be any application's work: once as it is,
 * and once with checksums that are right, so that what comes behind them is
 * reached.
 */
#include "fuzz.h"

#include <endian.h>
#include <string.h>

#include "fastreboot-state.h"
#include "record.h"

static void check(const uint8_t *header)
{
	struct record record;

	if (record_load(header, &record))
		return;
	fuzz_require(record.kind == FR_STATE_DOUBLE ||
		     record.kind == FR_STATE_IN_PLACE);
	fuzz_require(record.status == FR_STATE_PUBLISHED ||
		     record.status == FR_STATE_WRITING);
	fuzz_require(record.capacity && record.capacity <= OBJECT_CAPACITY_MAX);
	fuzz_require(record.size <= record.capacity);
	fuzz_require(record.area <= (record.kind == FR_STATE_DOUBLE));
	fuzz_require(memchr(record.schema, 0, sizeof(record.schema)));
}

/* Make what can be right right: magic number, checksum, copy. */
static void seal(uint8_t *copy, unsigned int number)
{
	struct object_record record;
	uint32_t length;

	memcpy(&record, copy, sizeof(record));
	record.magic = htole64(OBJECT_MAGIC);
	record.sequence = htole64((le64toh(record.sequence) & ~1ULL) | number);
	record.crc32c = 0;
	length = le32toh(record.length);
	if (length > OBJECT_COPY_SIZE)
		return;
	memcpy(copy, &record, sizeof(record));
	record.crc32c = htole32(record_crc32c(copy, length, 0));
	memcpy(copy, &record, sizeof(record));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t header[RECORD_BYTES] = { 0 };

	memcpy(header, data, size < sizeof(header) ? size : sizeof(header));
	check(header);
	seal(header, 0);
	seal(header + OBJECT_COPY_SIZE, 1);
	check(header);
	return 0;
}
