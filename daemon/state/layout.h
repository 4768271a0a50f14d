/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What lies in the file of an object: a contract between the programs of the
 * kernel that leaves and those of the kernel that arrives, which may be other
 * builds of another version on a kernel with another page size. So:
 *
 *  - every field is little-endian, has a fixed size and a fixed offset;
 *  - .magic to .sequence never change, whatever the version, and neither do the
 *    number, the place and the size of the copies, nor which record goes to
 *    which copy;
 *  - a change that an older reader would misread is a new major version, and a
 *    major version that is not known is refused and never written over;
 *  - a field put where zeros were is a new minor version. A program that
 *    knows a smaller one ignores the field, and drops it with the next record.
 *
 * Layout of the file, offsets in bytes:
 *
 *	0		record, copy 0 (even sequence numbers)
 *	2 KiB		record, copy 1 (odd sequence numbers)
 *	4 KiB		nothing: a hole
 *	64 KiB		data area 0
 *	64 KiB + stride	data area 1, if the kind is "double"
 *
 * The stride is the capacity, rounded up to 64 KiB, the largest page of an
 * arm64 kernel: each area can be mapped by itself on all of them.
 */
#ifndef FR_STATE_LAYOUT_H
#define FR_STATE_LAYOUT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes "FROBJECT" as a little-endian number. */
#define OBJECT_MAGIC 0x5443454a424f5246ULL
#define OBJECT_MAJOR 1
#define OBJECT_MINOR 0

#define OBJECT_COPIES 2
#define OBJECT_COPY_SIZE 2048
#define OBJECT_HEADER_SIZE 65536
#define OBJECT_ALIGNMENT 65536

/* Most bytes of data; far from where sums of offsets would overflow. */
#define OBJECT_CAPACITY_MAX (1ULL << 40)
/* Bytes of the name of a schema, with the NUL. */
#define OBJECT_SCHEMA_SIZE 64

/* struct object_record.flags: .sha256 is that of the data */
#define OBJECT_HASHED 1U

/**
 * struct object_record - one of the two copies; all little-endian
 * @magic: OBJECT_MAGIC; 0 while the copy is written
 * @major: version; a program that does not know it leaves the file alone
 * @minor: number of compatible additions
 * @length: bytes of the record
 * @crc32c: CRC32C (Castagnoli, seed ~0, inverted at the end) of the @length
 *	bytes, computed with this field 0
 * @reserved0: 0
 * @sequence: the later one of the two counts; it is in copy @sequence % 2
 * @kind: enum fr_state_kind
 * @status: enum fr_state_status
 * @generation: number of times that it was published
 * @size: bytes of the data that were published last
 * @capacity: bytes of each data area
 * @area: data area that was published last
 * @flags: OBJECT_HASHED
 * @schema_version: of the schema that the data has
 * @reserved1: 0
 * @published_ns: when, nanoseconds since 1970
 * @boot_id: of the kernel that its writer ran on
 * @sha256: of @size bytes of data; zeros without OBJECT_HASHED
 * @schema: name of the schema, NUL-terminated; empty for none
 * @reserved: zeros
 */
struct object_record {
	uint64_t magic;
	uint16_t major;
	uint16_t minor;
	uint32_t length;
	uint32_t crc32c;
	uint32_t reserved0;
	uint64_t sequence;
	uint32_t kind;
	uint32_t status;
	uint64_t generation;
	uint64_t size;
	uint64_t capacity;
	uint32_t area;
	uint32_t flags;
	uint32_t schema_version;
	uint32_t reserved1;
	uint64_t published_ns;
	uint8_t boot_id[16];
	uint8_t sha256[32];
	char schema[OBJECT_SCHEMA_SIZE];
	uint8_t reserved[56];
};

static_assert(offsetof(struct object_record, length) == 12, "ABI");
static_assert(offsetof(struct object_record, crc32c) == 16, "ABI");
static_assert(offsetof(struct object_record, sequence) == 24, "ABI");
static_assert(offsetof(struct object_record, capacity) == 56, "ABI");
static_assert(offsetof(struct object_record, published_ns) == 80, "ABI");
static_assert(offsetof(struct object_record, sha256) == 104, "ABI");
static_assert(offsetof(struct object_record, schema) == 136, "ABI");
static_assert(sizeof(struct object_record) == 256, "ABI");
static_assert(sizeof(struct object_record) <= OBJECT_COPY_SIZE, "ABI");

#endif
