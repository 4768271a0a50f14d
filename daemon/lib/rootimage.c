// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the superblocks are, and what is in them, is little-endian throughout. */
#include "rootimage.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* The superblocks of erofs and ext4 begin there. */
#define SUPERBLOCK 1024

#define EROFS_MAGIC 0xe0f5e1e2
#define EROFS_BLOCK_BITS (SUPERBLOCK + 12)
#define EROFS_BLOCKS (SUPERBLOCK + 36)
#define EROFS_BLOCK_BITS_MAX 16

#define SQUASHFS_MAGIC 0x73717368
#define SQUASHFS_BYTES_USED 40

#define EXT4_BLOCKS (SUPERBLOCK + 4)
#define EXT4_LOG_BLOCK_SIZE (SUPERBLOCK + 24)
#define EXT4_MAGIC_AT (SUPERBLOCK + 56)
#define EXT4_MAGIC 0xef53
#define EXT4_LOG_BLOCK_SIZE_MAX 6

struct head {
	const uint8_t *data;
	size_t size;
};

/* 0 behind the end of what is there. */
static uint64_t get(const struct head *head, size_t at, size_t bytes)
{
	uint64_t number = 0;

	if (at + bytes > head->size)
		return 0;
	while (bytes--)
		number = number << 8 | head->data[at + bytes];
	return number;
}

static bool probe_erofs(const struct head *head, uint64_t *ret_size)
{
	uint64_t bits = get(head, EROFS_BLOCK_BITS, 1);

	if (get(head, SUPERBLOCK, 4) != EROFS_MAGIC)
		return false;
	if (bits <= EROFS_BLOCK_BITS_MAX)
		*ret_size = get(head, EROFS_BLOCKS, 4) << bits;
	return true;
}

static bool probe_squashfs(const struct head *head, uint64_t *ret_size)
{
	if (get(head, 0, 4) != SQUASHFS_MAGIC)
		return false;
	*ret_size = get(head, SQUASHFS_BYTES_USED, 8);
	return true;
}

static bool probe_ext4(const struct head *head, uint64_t *ret_size)
{
	uint64_t log_size = get(head, EXT4_LOG_BLOCK_SIZE, 4);

	if (get(head, EXT4_MAGIC_AT, 2) != EXT4_MAGIC)
		return false;
	if (log_size <= EXT4_LOG_BLOCK_SIZE_MAX)
		*ret_size = get(head, EXT4_BLOCKS, 4) << (10 + log_size);
	return true;
}

static const struct {
	const char *type;
	/* Is it one? How many bytes does it need? Left alone if not known. */
	bool (*probe)(const struct head *head, uint64_t *ret_size);
} types[] = {
	{ "erofs", probe_erofs },
	{ "squashfs", probe_squashfs },
	{ "ext4", probe_ext4 },
};

/* What an operator may take for a root image. */
static const struct {
	const char *magic;
	size_t size;
	const char *text;
} others[] = {
	{ "070701", 6, "an initrd, stage it as one (--initrd)" },
	{ "070702", 6, "an initrd, stage it as one (--initrd)" },
	{ "\x1f\x8b", 2, "compressed, with gzip" },
	{ "\x28\xb5\x2f\xfd", 4, "compressed, with zstd" },
	{ "\xfd\x37zXZ\0", 6, "compressed, with xz" },
	{ "\x02\x21\x4c\x18", 4, "compressed, with lz4" },
	{ "\x04\x22\x4d\x18", 4, "compressed, with lz4" },
};

static int check_others(const struct head *head, const char *name,
			struct fr_error *error)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (head->size >= others[i].size &&
		    !memcmp(head->data, others[i].magic, others[i].size))
			return fr_fail(
				error, FR_INVALID_PAYLOAD, -EINVAL,
				"%s: is no file system that could be mounted in place, but %s",
				name, others[i].text);
	return 0;
}

int fr_root_image_probe(const void *data, size_t size, uint64_t file_size,
			const char *name, const char **ret_type,
			struct fr_error *error)
{
	const struct head head = { data, size };
	uint64_t needed = 0;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!types[i].probe(&head, &needed))
			continue;
		if (needed > file_size)
			return fr_fail(
				error, FR_INVALID_PAYLOAD, -ENODATA,
				"%s: is cut off: the %s in it has %llu bytes, the file %llu; get it again",
				name, types[i].type, (unsigned long long)needed,
				(unsigned long long)file_size);
		*ret_type = types[i].type;
		return 0;
	}
	*ret_type = NULL;
	return check_others(&head, name, error);
}

uint32_t fr_root_image_block_size(const void *data, size_t size)
{
	const struct head head = { data, size };
	uint64_t bits = get(&head, EROFS_BLOCK_BITS, 1);

	if (get(&head, SUPERBLOCK, 4) != EROFS_MAGIC ||
	    bits > EROFS_BLOCK_BITS_MAX)
		return 0;
	return 1U << bits;
}
