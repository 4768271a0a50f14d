// SPDX-License-Identifier: GPL-2.0-or-later
/* ext4's superblock, as far as it says whether a volume is ours. */
#include "internal.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "record.h"
#include "state-volume.h"

/* Offsets in it. */
#define SUPER_MAGIC_AT 0x38
#define SUPER_LOG_BLOCK_SIZE_AT 0x18
#define SUPER_RO_COMPAT_AT 0x64
#define SUPER_UUID_AT 0x68
#define SUPER_LABEL_AT 0x78
#define SUPER_CRC_AT 0x3fc
#define SUPER_MAGIC 0xef53
#define SUPER_METADATA_CSUM 0x400
#define LABEL_SIZE 16

#ifdef FR_TESTING
long fr_state_volume_page_size;

uint64_t volume_page_size(void)
{
	return (uint64_t)(fr_state_volume_page_size ?: sysconf(_SC_PAGESIZE));
}
#else
uint64_t volume_page_size(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}
#endif

/* "frstat" and the version, in the first 8 bytes; the layout in the next 2. */
static const uint8_t uuid_start[8] = {
	'f', 'r', 's', 't', 'a', 't', 0x80, 0x00
};

void super_make_uuid(uint8_t uuid[16])
{
	memcpy(uuid, uuid_start, sizeof(uuid_start));
	uuid[8] = 0x80 | LAYOUT >> 8;
	uuid[9] = LAYOUT & 0xff;
	if (getrandom(uuid + 10, 6, 0) != 6)
		memset(uuid + 10, 0, 6);
}

void super_format_uuid(const uint8_t uuid[16], char text[37])
{
	char *at = text;

	for (int i = 0; i < 16; i++)
		at += sprintf(at, "%s%02x",
			      i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			      uuid[i]);
}

static uint32_t field32(const uint8_t *super, size_t at)
{
	uint32_t value;

	memcpy(&value, super + at, sizeof(value));
	return le32toh(value);
}

static bool label_is(const uint8_t *super, const char *label)
{
	char padded[LABEL_SIZE] = { 0 };

	memcpy(padded, label, strlen(label));
	return !memcmp(super + SUPER_LABEL_AT, padded, LABEL_SIZE);
}

/* ext4's CRC32C is not inverted at its end. */
static bool crc_fits(const uint8_t *super)
{
	if (!(field32(super, SUPER_RO_COMPAT_AT) & SUPER_METADATA_CSUM))
		return true;
	return field32(super, SUPER_CRC_AT) ==
	       ~record_crc32c(super, SUPER_CRC_AT, 0);
}

void super_parse(const uint8_t super[SUPER_SIZE], struct super *ret)
{
	const uint8_t *uuid = super + SUPER_UUID_AT;
	uint32_t shift = field32(super, SUPER_LOG_BLOCK_SIZE_AT);

	*ret = (struct super){
		.whole = (field32(super, SUPER_MAGIC_AT) & 0xffff) ==
				 SUPER_MAGIC &&
			 crc_fits(super),
		.labelled = label_is(super, LABEL),
		.incomplete = label_is(super, LABEL_NEW),
		.has_uuid = !memcmp(uuid, uuid_start, sizeof(uuid_start)),
		.layout = (uuid[8] & 0x3fU) << 8 | uuid[9],
		.block_size = shift < 7 ? 1024U << shift : 0,
	};
}

bool super_is_ours(const struct super *super)
{
	return super->whole && (super->labelled || super->incomplete) &&
	       super->has_uuid;
}
