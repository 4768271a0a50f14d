/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record of an object: reading and writing its two copies. */
#ifndef FR_STATE_RECORD_H
#define FR_STATE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"
#include "persist.h"

/* Bytes of a header that record_load() looks at. */
#define RECORD_BYTES (OBJECT_COPIES * OBJECT_COPY_SIZE)

/**
 * struct record - a record in this machine's byte order
 *
 * The fields are those of struct object_record.
 */
struct record {
	uint64_t sequence;
	uint32_t kind;
	uint32_t status;
	uint64_t generation;
	uint64_t size;
	uint64_t capacity;
	uint32_t area;
	uint32_t flags;
	uint32_t schema_version;
	uint64_t published_ns;
	uint8_t boot_id[16];
	uint8_t sha256[32];
	char schema[OBJECT_SCHEMA_SIZE];
};

/**
 * record_crc32c() - the checksum of records
 * @data: bytes
 * @size: how many
 * @crc: 0, or that of what stands before
 */
uint32_t record_crc32c(const void *data, size_t size, uint32_t crc);

/**
 * record_load() - find the newest record that counts
 * @header: RECORD_BYTES, any content; it may change while it is read
 * @ret: the record; every field is in its range
 *
 * Return: 0; -EBADMSG if none counts, or the newest one that does makes no sense;
 * -EPROTONOSUPPORT if one counts that has another major version.
 */
int record_load(const void *header, struct record *ret);

/**
 * record_store() - replace the older copy
 * @persist: how to make it durable
 * @header: mapped, 8-byte aligned
 * @record: the content; its sequence number is increased
 *
 * A cut at any store leaves the record before or this one. When it returns 0,
 * it is this one.
 *
 * Return: 0; a negative errno of msync(2), after which it is the one before, but
 * a cut may leave either.
 */
int record_store(const struct persist *persist, void *header,
		 struct record *record);

/**
 * record_drop_older() - from now on it is this record, or none
 * @persist: how to make it durable
 * @header: mapped, 8-byte aligned
 * @record: the newest
 *
 * To be called before anything is stored to data that the record before may call
 * published. Whether a cut leaves the older record or not, this one is durable
 * before, and counts.
 *
 * Return: 0; a negative errno of msync(2).
 */
int record_drop_older(const struct persist *persist, void *header,
		      const struct record *record);

/**
 * record_first() - the header of a new object
 * @header: RECORD_BYTES, filled
 * @record: the content; its sequence number becomes 1
 */
void record_first(void *header, struct record *record);

#endif
