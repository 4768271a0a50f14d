// SPDX-License-Identifier: GPL-2.0-or-later
#include "files-fixture.h"

#include <errno.h>

#include "rootimage.h"

static void put(u8 *head, size_t at, u64 value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		head[at + i] = (u8)(value >> 8 * i);
}

/* A superblock of a file system with @blocks of 4 KiB; bytes for squashfs. */
static void make_head(u8 head[FR_ROOT_IMAGE_HEAD], const char *type, u64 blocks)
{
	memset(head, 0, FR_ROOT_IMAGE_HEAD);
	if (!strcmp(type, "erofs")) {
		put(head, 1024, 0xe0f5e1e2, 4);
		put(head, 1024 + 12, 12, 1);
		put(head, 1024 + 36, blocks, 4);
	} else if (!strcmp(type, "squashfs")) {
		put(head, 0, 0x73717368, 4);
		put(head, 40, blocks * 4096, 8);
	} else {
		put(head, 1024 + 4, blocks, 4);
		put(head, 1024 + 24, 2, 4);
		put(head, 1024 + 56, 0xef53, 2);
	}
}

static void kinds(void **state)
{
	static const char *const types[] = { "erofs", "squashfs", "ext4" };
	u8 head[FR_ROOT_IMAGE_HEAD];

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct fr_error error = { 0 };
		const char *type = NULL;

		make_head(head, types[i], 3);
		assert_int_equal(fr_root_image_probe(head, sizeof(head),
						     3 * 4096, "f", &type,
						     &error),
				 0);
		assert_string_equal(type, types[i]);
		expect_error(fr_root_image_probe(head, sizeof(head),
						 3 * 4096 - 1, "f", &type,
						 &error),
			     -ENODATA, &error, FR_INVALID_PAYLOAD, "cut off");
	}
}

static void what_is_none(void **state)
{
	static const struct {
		const char *data;
		size_t size;
		const char *part;
	} cases[] = {
		{ "070701000000", 12, "initrd" },
		{ "\x1f\x8b\x08", 3, "gzip" },
		{ "\x28\xb5\x2f\xfd", 4, "zstd" },
		{ "\xfd\x37zXZ\0", 6, "xz" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fr_error error = { 0 };
		const char *type;

		expect_error(
			fr_root_image_probe(cases[i].data, cases[i].size,
					    cases[i].size, "f", &type, &error),
			-EINVAL, &error, FR_INVALID_PAYLOAD, cases[i].part);
	}
}

/* The kernel may know what we don't; every length of a head is looked at. */
static void unknown_and_short(void **state)
{
	u8 head[FR_ROOT_IMAGE_HEAD];

	make_head(head, "erofs", 1);
	for (size_t size = 0; size <= sizeof(head); size++) {
		struct blob exact = { 0 };
		struct fr_error error = { 0 };
		const char *type = "untouched";

		blob_add(&exact, head, size);
		assert_int_equal(fr_root_image_probe(exact.data, size, 4096,
						     "f", &type, &error),
				 0);
		if (size < 1024 + 4)
			assert_null(type);
		else
			assert_string_equal(type, "erofs");
		blob_free(&exact);
	}
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(kinds),
	UNIT_TEST(what_is_none),
	UNIT_TEST(unknown_and_short),
};
FILES_UNIT_MAIN(tests)
