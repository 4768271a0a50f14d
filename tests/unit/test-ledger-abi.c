// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bytes of a record are ABI: kernels of different builds, the tools and
 * other machines' analysis of a memory dump read them. golden/ledger-v1.hex is
 * one record, byte for byte. It was not made by the code under test but by
 * golden/make-ledger-v1, and once a kernel was released with it it may never
 * change: what does not fit it is another major version.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "ledger-fixture.h"

#define SEQUENCE 0x0102030405060708ULL

/* Every field of 64 bits holds another value, and no two of its bytes agree. */
static __le64 number(u64 n)
{
	return cpu_to_le64(0x8877665544332200 + n);
}

static void known_segment(struct fastreboot_ledger_segment *segment, int n)
{
	segment->offset = number(0x80 + 3 * n);
	segment->size = number(0x81 + 3 * n);
	segment->memory_size = number(0x82 + 3 * n);
	for (int i = 0; i < 32; i++)
		segment->sha256[i] = 7 * n + i;
}

static void known_slot(struct fastreboot_ledger_slot *slot, int n)
{
	slot->status = cpu_to_le32(n % 6);
	for (int i = 0; i < 3; i++)
		known_segment(&slot->segment[i], 3 * n + i);
	snprintf((char *)slot->release, sizeof(slot->release), "6.12.%d-slot",
		 n);
	for (int i = 0; i < FASTREBOOT_OVERFLOW_SEGMENTS; i++)
		slot->overflow[i] = number(0x200 + 2 * n + i);
}

static void known_layout(struct fastreboot_ledger_layout *layout)
{
	layout->pool_base = number(1);
	layout->pool_size = number(2);
	layout->slot_offset = number(3);
	layout->slot_size = number(4);
	layout->state_offset = number(5);
	layout->state_size = number(6);
	layout->slot_count = cpu_to_le32(8);
}

/* The record of the golden file, as it is before it is stored. */
static void known_record(struct fastreboot_ledger *ledger)
{
	memset(ledger, 0, sizeof(*ledger));
	ledger->header.sequence = cpu_to_le64(SEQUENCE - 1);
	known_layout(&ledger->layout);
	ledger->generation = number(7);
	ledger->running = cpu_to_le32(FASTREBOOT_SLOT_RUNNING);
	ledger->armed = cpu_to_le32(3);
	ledger->jump = cpu_to_le32(FASTREBOOT_JUMP_SLOT);
	ledger->jump_slot = cpu_to_le32(5);
	ledger->boot_reason = cpu_to_le32(FASTREBOOT_BOOT_RESET);
	ledger->tries = cpu_to_le32(0xccbbaa99);
	strcpy((char *)ledger->release, "6.12.112-fastreboot");
	strcpy((char *)ledger->previous_release, "6.12.111-before");
	ledger->timeline.frequency = number(8);
	ledger->timeline.relocated_bytes = number(9);
	for (int i = 0; i < FASTREBOOT_PHASES_MAX; i++)
		ledger->timeline.stamp[i] = number(0x10 + i);
	ledger->timeline.relocated_ranges = number(0x1f);
	for (int i = 0; i < FASTREBOOT_SLOTS_MAX; i++)
		known_slot(&ledger->slot[i], i);
}

/* A line is the offset and 16 bytes, all hexadecimal; # begins a comment. */
static size_t golden_line(const char *line, u8 *to, size_t offset)
{
	unsigned int at, byte;
	size_t count = 0;
	int used;

	if (line[0] == '#')
		return 0;
	assert_int_equal(sscanf(line, "%x:%n", &at, &used), 1);
	assert_int_equal(at, offset);
	for (line += used; sscanf(line, " %2x%n", &byte, &used) == 1;
	     line += used) {
		assert_true(offset + count < RECORD_SIZE);
		to[offset + count++] = byte;
	}
	return count;
}

static void golden_read(void *record)
{
	FILE *file = fopen(UNIT_SOURCE "/golden/ledger-v1.hex", "re");
	size_t offset = 0;
	char line[128];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		offset += golden_line(line, record, offset);
	fclose(file);
	assert_int_equal(offset, RECORD_SIZE);
}

static void stored_as_golden(void **state)
{
	struct fastreboot_ledger golden, ledger;
	u8 *area = area_get(0);

	golden_read(&golden);
	known_record(&ledger);
	fastreboot_ledger_store(area, &ledger);
	assert_memory_equal(area, &golden, RECORD_SIZE);
}

static void golden_loads(void **state)
{
	struct fastreboot_ledger golden, ledger, expected;
	u8 *area = area_get(0);

	golden_read(&golden);
	memcpy(area, &golden, RECORD_SIZE);
	assert_int_equal(area_load(area, &ledger), 0);

	known_record(&expected);
	expected.header = golden.header;
	assert_memory_equal(&ledger, &expected, RECORD_SIZE);
	assert_true(le64_to_cpu(ledger.header.sequence) == SEQUENCE);
}

/* Constants that are in no record, but that records depend on. */
static void constants(void **state)
{
	assert_string_equal(FASTREBOOT_LEDGER_MAGIC, "FRLEDGER");
	assert_int_equal(FASTREBOOT_LEDGER_MAJOR, 1);
	assert_int_equal(FASTREBOOT_LEDGER_MINOR, 1);
	assert_int_equal(FASTREBOOT_LEDGER_COPIES, 2);
	assert_int_equal(FASTREBOOT_LEDGER_COPY_SIZE, 65536);
	assert_int_equal(FASTREBOOT_LEDGER_SIZE, AREA_SIZE);
	assert_int_equal(FASTREBOOT_SLOT_OFFSET, 0x200000);
	assert_int_equal(FASTREBOOT_ALIGNMENT, 0x200000);
	assert_int_equal(FASTREBOOT_SLOT_NONE, 0xffffffff);
	assert_int_equal(FASTREBOOT_SLOTS_MIN, 2);
	assert_int_equal(FASTREBOOT_SLOTS_MAX, 8);
}

static void enumerators(void **state)
{
	assert_int_equal(FASTREBOOT_SLOT_EMPTY, 0);
	assert_int_equal(FASTREBOOT_SLOT_STAGING, 1);
	assert_int_equal(FASTREBOOT_SLOT_SEALED, 2);
	assert_int_equal(FASTREBOOT_SLOT_ARMED, 3);
	assert_int_equal(FASTREBOOT_SLOT_RUNNING, 4);
	assert_int_equal(FASTREBOOT_SLOT_BAD, 5);
	assert_int_equal(FASTREBOOT_BOOT_COLD, 0);
	assert_int_equal(FASTREBOOT_BOOT_FAST_REBOOT, 1);
	assert_int_equal(FASTREBOOT_BOOT_KEXEC, 2);
	assert_int_equal(FASTREBOOT_BOOT_RESET, 3);
	assert_int_equal(FASTREBOOT_BOOT_FAILED, 4);
	assert_int_equal(FASTREBOOT_JUMP_NONE, 0);
	assert_int_equal(FASTREBOOT_JUMP_SLOT, 1);
	assert_int_equal(FASTREBOOT_JUMP_KEXEC, 2);
	assert_int_equal(FASTREBOOT_PHASE_REBOOT, 0);
	assert_int_equal(FASTREBOOT_PHASE_DEVICES_DOWN, 1);
	assert_int_equal(FASTREBOOT_PHASE_CPUS_DOWN, 2);
	assert_int_equal(FASTREBOOT_PHASE_JUMP, 3);
	assert_int_equal(FASTREBOOT_PHASE_KERNEL_ENTRY, 4);
	assert_int_equal(FASTREBOOT_PHASE_INIT, 5);
	assert_int_equal(FASTREBOOT_SEGMENT_KERNEL, 0);
	assert_int_equal(FASTREBOOT_SEGMENT_INITRD, 1);
	assert_int_equal(FASTREBOOT_SEGMENT_DTB, 2);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(stored_as_golden),
	UNIT_TEST(golden_loads),
	UNIT_TEST(constants),
	UNIT_TEST(enumerators),
};
UNIT_MAIN(tests)
