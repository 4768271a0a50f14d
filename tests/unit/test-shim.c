// SPDX-License-Identifier: GPL-2.0-or-later
/* Do the stand-ins do what the kernel's do? All other tests rest on them. */
#include "unit.h"

#include <string.h>

#include <linux/compiler.h>
#include <linux/crc32.h>
#include <linux/errno.h>

#include "shim/recorder.h"

static u32 crc32c(const void *buffer, size_t size)
{
	return ~__crc32c_le(~0U, buffer, size);
}

/* The check value of CRC-32C, and the test vectors of RFC 3720, B.4. */
static void crc32c_vectors(void **state)
{
	u8 buffer[32];

	assert_int_equal(crc32c("", 0), 0);
	assert_int_equal(crc32c("123456789", 9), 0xe3069283);
	memset(buffer, 0, sizeof(buffer));
	assert_int_equal(crc32c(buffer, sizeof(buffer)), 0x8a9136aa);
	memset(buffer, 0xff, sizeof(buffer));
	assert_int_equal(crc32c(buffer, sizeof(buffer)), 0x62a8ab43);
	for (int i = 0; i < 32; i++)
		buffer[i] = i;
	assert_int_equal(crc32c(buffer, sizeof(buffer)), 0x46dd794e);
	for (int i = 0; i < 32; i++)
		buffer[i] = 31 - i;
	assert_int_equal(crc32c(buffer, sizeof(buffer)), 0x113fdb5c);
}

static void crc32c_in_pieces(void **state)
{
	const u8 *text = (const u8 *)"123456789";

	for (size_t at = 0; at <= 9; at++) {
		u32 crc = __crc32c_le(~0U, text, at);

		crc = __crc32c_le(crc, text + at, 9 - at);
		assert_int_equal(~crc, 0xe3069283);
	}
}

static void little_endian(void **state)
{
	__le16 two = cpu_to_le16(0x0201);
	__le32 four = cpu_to_le32(0x04030201);
	__le64 eight = cpu_to_le64(0x0807060504030201);

	assert_memory_equal(&two, "\1\2", 2);
	assert_memory_equal(&four, "\1\2\3\4", 4);
	assert_memory_equal(&eight, "\1\2\3\4\5\6\7\10", 8);
	assert_int_equal(le16_to_cpu(two), 0x0201);
	assert_int_equal(le32_to_cpu(four), 0x04030201);
	assert_int_equal(le64_to_cpu(eight), 0x0807060504030201);
}

static void errno_values(void **state)
{
	assert_int_equal(ENODATA, 61);
	assert_int_equal(EPROTONOSUPPORT, 93);
}

static void write_once_is_recorded(void **state)
{
	struct recorder recorder;
	u64 word = 1;
	u16 half = 2;

	WRITE_ONCE(word, 3);
	recorder_begin(&recorder);
	WRITE_ONCE(half, 4);
	WRITE_ONCE(word, 5);
	recorder_end();
	WRITE_ONCE(half, 6);

	assert_int_equal(recorder.count, 2);
	assert_ptr_equal(recorder.store[0].at, &half);
	assert_int_equal(recorder.store[0].size, sizeof(half));
	assert_ptr_equal(recorder.store[1].at, &word);
	assert_int_equal(recorder.store[1].size, sizeof(word));
	assert_int_equal(word, 5);
	assert_int_equal(half, 6);
}

static void stores_revert_apply_and_tear(void **state)
{
	struct recorder recorder;
	u64 word = cpu_to_le64(0x0807060504030201);

	recorder_begin(&recorder);
	WRITE_ONCE(word, cpu_to_le64(0x1817161514131211));
	recorder_end();

	store_revert(recorder.store);
	assert_memory_equal(&word, "\1\2\3\4\5\6\7\10", 8);
	store_tear(recorder.store, 0, 3);
	assert_memory_equal(&word, "\21\22\23\4\5\6\7\10", 8);
	store_revert(recorder.store);
	store_tear(recorder.store, 6, 8);
	assert_memory_equal(&word, "\1\2\3\4\5\6\27\30", 8);
	store_apply(recorder.store);
	assert_memory_equal(&word, "\21\22\23\24\25\26\27\30", 8);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(crc32c_vectors),
	UNIT_TEST(crc32c_in_pieces),
	UNIT_TEST(little_endian),
	UNIT_TEST(errno_values),
	UNIT_TEST(write_once_is_recorded),
	UNIT_TEST(stores_revert_apply_and_tear),
};
UNIT_MAIN(tests)
