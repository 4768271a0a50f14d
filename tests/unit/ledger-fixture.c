// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/crc32.h>

#include "ledger-fixture.h"

/* Map the area between two pages that must not be touched. */
static u8 *area_map(void)
{
	size_t guard = sysconf(_SC_PAGESIZE);
	u8 *map = mmap(NULL, guard + AREA_SIZE + guard, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(map != MAP_FAILED);
	return map + guard;
}

/**
 * area_get - an area for the ledger
 * @fill: value of all its bytes
 *
 * Return: the area, the same one with every call.
 */
u8 *area_get(u8 fill)
{
	static u8 *area;

	if (!area)
		area = area_map();
	assert_int_equal(mprotect(area, AREA_SIZE, PROT_READ | PROT_WRITE), 0);
	memset(area, fill, AREA_SIZE);
	return area;
}

/* Fail unless all @size bytes are @value. */
static void expect_bytes(const void *buffer, u8 value, size_t size)
{
	const u8 *byte = buffer;

	assert_int_equal(byte[0], value);
	assert_memory_equal(byte, byte + 1, size - 1);
}

/**
 * area_load - fastreboot_ledger_load(), held to its promises
 * @area: area
 * @ret_ledger: the record
 *
 * The area is read-only meanwhile, and a failure must not touch the result.
 *
 * Return: what fastreboot_ledger_load() returns.
 */
int area_load(u8 *area, struct fastreboot_ledger *ret_ledger)
{
	struct fastreboot_ledger ledger;
	int r;

	memset(&ledger, 0xa5, sizeof(ledger));
	assert_int_equal(mprotect(area, AREA_SIZE, PROT_READ), 0);
	r = fastreboot_ledger_load(area, &ledger);
	assert_int_equal(mprotect(area, AREA_SIZE, PROT_READ | PROT_WRITE), 0);
	if (r)
		expect_bytes(&ledger, 0xa5, sizeof(ledger));
	else
		*ret_ledger = ledger;
	return r;
}

/**
 * area_expect - fail unless the area holds a certain record
 * @area: area
 * @expected: the record; NULL for none
 */
void area_expect(u8 *area, const struct fastreboot_ledger *expected)
{
	struct fastreboot_ledger ledger;

	assert_int_equal(area_load(area, &ledger), expected ? 0 : -ENODATA);
	if (expected)
		assert_memory_equal(&ledger, expected, sizeof(ledger));
}

/**
 * record_at - where the record with a sequence number stands
 * @area: area
 * @sequence: sequence number; its parity suffices
 *
 * Return: the record.
 */
struct fastreboot_ledger *record_at(u8 *area, u64 sequence)
{
	return (struct fastreboot_ledger *)(area + (sequence & 1) * COPY_SIZE);
}

/**
 * record_seal - make the checksum of a record right
 * @record: record, whatever its content
 * @length: bytes to sum; not taken from the record
 */
void record_seal(void *record, size_t length)
{
	struct fastreboot_ledger_header *header = record;

	header->crc32c = 0;
	header->crc32c = cpu_to_le32(~__crc32c_le(~0U, record, length));
}

/**
 * record_put - put a record that counts into the area
 * @area: area
 * @ledger: content; what its header says is ignored
 * @sequence: sequence number
 */
void record_put(u8 *area, const struct fastreboot_ledger *ledger, u64 sequence)
{
	struct fastreboot_ledger *record = record_at(area, sequence);

	*record = *ledger;
	record->header = (struct fastreboot_ledger_header){
		.magic = { 'F', 'R', 'L', 'E', 'D', 'G', 'E', 'R' },
		.major = cpu_to_le16(1),
		.minor = cpu_to_le16(1),
		.length = cpu_to_le32(RECORD_SIZE),
		.sequence = cpu_to_le64(sequence),
	};
	record_seal(record, sizeof(*record));
}

static __le32 random_slot(struct random *random, u32 slot_count)
{
	u32 slot = random_below(random, slot_count + 1);

	return cpu_to_le32(slot == slot_count ? FASTREBOOT_SLOT_NONE : slot);
}

/**
 * ledger_make - a ledger with random content that makes sense
 * @ledger: filled in, but for the header
 * @random: generator
 */
void ledger_make(struct fastreboot_ledger *ledger, struct random *random)
{
	u32 count = 2 + random_below(random, 7);

	random_fill(random, &ledger->layout, RECORD_SIZE - HEADER_SIZE);
	ledger->layout.slot_count = cpu_to_le32(count);
	ledger->running = random_slot(random, count);
	ledger->armed = random_slot(random, count);
	ledger->jump_slot = random_slot(random, count);
	ledger->jump = cpu_to_le32(random_below(random, 3));
	ledger->boot_reason = cpu_to_le32(random_below(random, 5));
	ledger->release[FASTREBOOT_RELEASE_SIZE - 1] = 0;
	ledger->previous_release[FASTREBOOT_RELEASE_SIZE - 1] = 0;
	for (u32 i = 0; i < FASTREBOOT_SLOTS_MAX; i++) {
		ledger->slot[i].status = cpu_to_le32(random_below(random, 6));
		ledger->slot[i].release[FASTREBOOT_RELEASE_SIZE - 1] = 0;
	}
}

/**
 * ledger_change - change a ledger as its users do: a little, a lot, not at all
 * @ledger: ledger
 * @random: generator
 */
void ledger_change(struct fastreboot_ledger *ledger, struct random *random)
{
	u32 count = le32_to_cpu(ledger->layout.slot_count);
	u32 slot = random_below(random, count);

	switch (random_below(random, 5)) {
	case 0: /* the same once more: only the sequence number changes */
		break;
	case 1: /* one bit */
		ledger->timeline.stamp[0] ^=
			cpu_to_le64(1ULL << random_below(random, 64));
		break;
	case 2: /* arm */
		ledger->armed = cpu_to_le32(slot);
		ledger->slot[slot].status = cpu_to_le32(FASTREBOOT_SLOT_ARMED);
		break;
	case 3: /* seal */
		ledger->slot[slot].status = cpu_to_le32(FASTREBOOT_SLOT_SEALED);
		random_fill(random, ledger->slot[slot].segment,
			    sizeof(ledger->slot[slot].segment));
		break;
	default: /* everything, the number of slots included */
		ledger_make(ledger, random);
	}
}

static bool slot_is_sane(__le32 slot, u32 slot_count)
{
	return slot == cpu_to_le32(0xffffffff) ||
	       le32_to_cpu(slot) < slot_count;
}

/**
 * ledger_is_sane - does the content make sense?
 * @ledger: ledger, as it came from fastreboot_ledger_load()
 *
 * Return: whether everything that can index or terminate is within bounds.
 */
bool ledger_is_sane(const struct fastreboot_ledger *ledger)
{
	u32 count = le32_to_cpu(ledger->layout.slot_count);

	if (count < 2 || count > 8 || ledger->release[63] ||
	    ledger->previous_release[63])
		return false;
	for (u32 i = 0; i < count; i++)
		if (le32_to_cpu(ledger->slot[i].status) > 5 ||
		    ledger->slot[i].release[63])
			return false;
	return slot_is_sane(ledger->running, count) &&
	       slot_is_sane(ledger->armed, count) &&
	       slot_is_sane(ledger->jump_slot, count);
}
