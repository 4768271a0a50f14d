// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's ledger. The first byte of the input says which of the copies get
 * a right checksum (bits 0 and 1); the rest is divided between the two.
 */
#include "fuzz.h"

#include <string.h>

#include <linux/crc32.h>

#include <asm/byteorder.h>

#include "ledger.h"

static uint8_t area[FASTREBOOT_LEDGER_SIZE] __attribute__((aligned(4096)));

static void seal(uint8_t *copy)
{
	struct fastreboot_ledger_header *header = (void *)copy;
	u32 length = le32_to_cpu(header->length);

	if (length < sizeof(*header) || length > FASTREBOOT_LEDGER_COPY_SIZE)
		return;
	header->crc32c = 0;
	header->crc32c = cpu_to_le32(~__crc32c_le(~0U, copy, length));
}

static void put(const uint8_t *data, size_t size)
{
	size_t half = (size - 1) / 2;

	memset(area, 0, sizeof(area));
	for (int i = 0; i < 2; i++) {
		uint8_t *copy = area + i * FASTREBOOT_LEDGER_COPY_SIZE;
		size_t part = half < FASTREBOOT_LEDGER_COPY_SIZE ?
				      half :
				      FASTREBOOT_LEDGER_COPY_SIZE;

		memcpy(copy, data + 1 + i * half, part);
		if (data[0] & 1 << i)
			seal(copy);
	}
}

/* What the kernel uses as an index or prints as a string. */
static void check(const struct fastreboot_ledger *ledger)
{
	u32 count = le32_to_cpu(ledger->layout.slot_count);

	fuzz_require(count >= 2 && count <= FASTREBOOT_SLOTS_MAX);
	fuzz_require(ledger->running == cpu_to_le32(FASTREBOOT_SLOT_NONE) ||
		     le32_to_cpu(ledger->running) < count);
	fuzz_require(ledger->armed == cpu_to_le32(FASTREBOOT_SLOT_NONE) ||
		     le32_to_cpu(ledger->armed) < count);
	fuzz_require(!ledger->release[FASTREBOOT_RELEASE_SIZE - 1]);
	fuzz_require(!ledger->previous_release[FASTREBOOT_RELEASE_SIZE - 1]);
	for (u32 i = 0; i < count; i++)
		fuzz_require(
			!ledger->slot[i].release[FASTREBOOT_RELEASE_SIZE - 1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fastreboot_ledger ledger;
	struct fastreboot_ledger again;

	if (size < 1)
		return 0;
	put(data, size);
	if (fastreboot_ledger_load(area, &ledger))
		return 0;
	check(&ledger);
	/* What is stored now has to be what is found next. */
	fastreboot_ledger_store(area, &ledger);
	fuzz_require(!fastreboot_ledger_load(area, &again));
	fuzz_require(!memcmp(&ledger, &again, sizeof(ledger)));
	return 0;
}
