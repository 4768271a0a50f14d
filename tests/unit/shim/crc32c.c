// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CRC32C for the host. The tests compute it over gigabytes, so it takes 8 bytes
 * at a time and leaves out the sanitizers; test-shim.c compares it with known
 * values.
 */
#include <endian.h>
#include <string.h>

#include <linux/crc32.h>

#define CRC32C_POLYNOMIAL 0x82f63b78 /* Castagnoli, bits reversed */

/* What a byte adds to the CRC when 0 to 7 more bytes follow it. */
static u32 table[8][256];

static u32 crc32c_byte(u32 crc, u8 byte)
{
	return crc >> 8 ^ table[0][(crc ^ byte) & 0xff];
}

__attribute__((constructor)) static void crc32c_fill_table(void)
{
	for (u32 byte = 0; byte < 256; byte++) {
		u32 crc = byte;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC32C_POLYNOMIAL : 0);
		table[0][byte] = crc;
	}
	for (int more = 1; more < 8; more++)
		for (u32 byte = 0; byte < 256; byte++)
			table[more][byte] =
				crc32c_byte(table[more - 1][byte], 0);
}

__attribute__((no_sanitize("address", "undefined"))) static u32
crc32c_update(u32 crc, const u8 *p, size_t len)
{
	for (; len >= 8; p += 8, len -= 8) {
		u64 word;

		memcpy(&word, p, 8);
		word = le64toh(word) ^ crc;
		crc = 0;
		for (int i = 0; i < 8; i++)
			crc ^= table[7 - i][word >> 8 * i & 0xff];
	}
	while (len--)
		crc = crc32c_byte(crc, *p++);
	return crc;
}

/**
 * __crc32c_le - CRC32C of a buffer, neither inverted before nor after
 * @crc: CRC of what precedes the buffer
 * @p: buffer
 * @len: bytes
 *
 * Return: the CRC. A buffer that is not all accessible is reported by
 * AddressSanitizer all the same: both ends are looked at by checked code.
 */
u32 __crc32c_le(u32 crc, const unsigned char *p, size_t len)
{
	if (len) {
		(void)*(const volatile unsigned char *)p;
		(void)*(const volatile unsigned char *)(p + len - 1);
	}
	return crc32c_update(crc, p, len);
}
