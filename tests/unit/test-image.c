// SPDX-License-Identifier: GPL-2.0-or-later
#include "files-fixture.h"

#include <errno.h>
#include <stdlib.h>

#include "image.h"

static int probe(const struct blob *file, struct fr_image *ret,
		 struct fr_error *error)
{
	size_t size = file->size < FR_IMAGE_HEAD ? file->size : FR_IMAGE_HEAD;
	/* Just so large that reading beyond it is noticed. */
	u8 *head = malloc(size ? size : 1);
	int r;

	if (size)
		memcpy(head, file->data, size);
	*error = (struct fr_error){ 0 };
	r = fr_image_probe(head, size, file->size, "file", ret, error);
	free(head);
	return r;
}

static void expect_kind(const struct blob *file, enum fr_image_kind kind,
			enum fr_stream_kind compression)
{
	struct fr_image image;
	struct fr_error error;
	int r = probe(file, &image, &error);

	expect_ok(r, &error);
	assert_int_equal(image.kind, kind);
	assert_int_equal(image.compression, compression);
	assert_true(image.offset + image.size <= file->size);
	if (kind != FR_IMAGE_ZBOOT) {
		assert_int_equal(image.offset, 0);
		assert_int_equal(image.size, file->size);
	}
}

static void images(void **state)
{
	struct blob image = make_image(10000, 1);

	expect_kind(&image, FR_IMAGE_ARM64, FR_STREAM_RAW);
	/* Without an EFI stub it does not begin with "MZ". */
	memcpy(image.data, "\x00\x00\x00\x14", 4);
	expect_kind(&image, FR_IMAGE_ARM64, FR_STREAM_RAW);
	image.size = 64;
	expect_kind(&image, FR_IMAGE_ARM64, FR_STREAM_RAW);
	blob_free(&image);
}

static void compressed_images(void **state)
{
	struct blob image = make_image(10000, 1);

	for (int kind = FR_STREAM_GZIP; kind <= FR_STREAM_XZ; kind++) {
		struct blob file =
			make_compressed(kind, image.data, image.size);

		expect_kind(&file, FR_IMAGE_COMPRESSED, kind);
		blob_free(&file);
	}
	blob_free(&image);
}

static void zboot_images(void **state)
{
	static const struct {
		const char *name;
		enum fr_stream_kind kind;
	} compressions[] = {
		{ "gzip", FR_STREAM_GZIP },   { "zstd", FR_STREAM_ZSTD },
		{ "zstd22", FR_STREAM_ZSTD }, { "xz", FR_STREAM_XZ },
		{ "xzkern", FR_STREAM_XZ },
	};
	struct blob image = make_image(10000, 1);

	for (size_t i = 0; i < ARRAY_SIZE(compressions); i++) {
		struct blob file = make_zboot(compressions[i].name, image.data,
					      image.size, false);
		struct fr_image found;
		struct fr_error error;

		expect_kind(&file, FR_IMAGE_ZBOOT, compressions[i].kind);
		assert_int_equal(probe(&file, &found, &error), 0);
		/* It starts where the data are, and ends in front of "behind". */
		assert_int_equal(fr_stream_detect(file.data + found.offset,
						  (size_t)found.size),
				 compressions[i].kind);
		assert_memory_equal(file.data + found.offset + found.size,
				    "behind", 6);
		blob_free(&file);
	}
	blob_free(&image);
}

static void damaged_zboot_images(void **state)
{
	static const struct {
		size_t at;
		u32 value;
		const char *part;
	} wrong[] = {
		{ 8, 0, "says that its kernel is where" },
		{ 8, 63, "says that its kernel is where" },
		{ 8, 0xffffffff, "says that its kernel is where" },
		{ 12, 0, "says that its kernel is where" },
		{ 12, 0x7fffffff, "says that its kernel is where" },
		{ 12, 0xffffffff, "says that its kernel is where" },
		{ 24, 0x346f7a6c, "compressed by lzo4; gzip" },
		{ 28, 0x78, "compressed by gzipx" },
		{ 0x3c, 0xfffffff0, "no PE header" },
		{ PE_COFF + 4, 0x00018664, "EFI program for x86-64" },
		{ PE_COFF + 4, 0x00015064, "EFI program for another" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct blob file = make_zboot("gzip", "kernel", 6, false);
		struct fr_image image;
		struct fr_error error;

		blob_put32(&file, wrong[i].at, wrong[i].value);
		expect_error(probe(&file, &image, &error), -ENOEXEC, &error,
			     FR_INVALID_PAYLOAD, wrong[i].part);
		blob_free(&file);
	}
}

static void zboot_kernel_at_the_very_end(void **state)
{
	struct blob file = make_zboot("gzip", "kernel", 6, false);
	struct fr_image image;
	struct fr_error error;

	file.size -= strlen("behind");
	expect_kind(&file, FR_IMAGE_ZBOOT, FR_STREAM_GZIP);
	file.size--;
	expect_error(probe(&file, &image, &error), -ENOEXEC, &error,
		     FR_INVALID_PAYLOAD, "get the file again");
	blob_free(&file);
}

static void pe_files(void **state)
{
	const struct section section = { ".linux", "kernel", 6 };
	struct blob file = make_pe(&section, 1);
	struct fr_image image;
	struct fr_error error;

	expect_kind(&file, FR_IMAGE_PE, FR_STREAM_RAW);
	file.data[PE_COFF] = 'N';
	expect_error(probe(&file, &image, &error), -ENOEXEC, &error,
		     FR_INVALID_PAYLOAD, "no PE header");
	blob_free(&file);
}

/* What people hand over by mistake, and what they are told. */
static void other_files(void **state)
{
	static const struct {
		size_t at;
		const char *magic;
		size_t size;
		const char *part;
	} others[] = {
		{ 0x202, "HdrS", 4, "x86 bzImage" },
		{ 0,
		  "\x7f"
		  "ELF",
		  4, "ELF file" },
		{ 0x24, "\x18\x28\x6f\x01", 4, "32-bit arm zImage" },
		{ 0x38, "RSC\x05", 4, "RISC-V Image" },
		{ 0, "\x27\x05\x19\x56", 4, "U-Boot uImage" },
		{ 0, "\xd0\x0d\xfe\xed", 4, "device tree or a FIT" },
		{ 0, "ANDROID!", 8, "Android boot image" },
		{ 0, "070701", 6, "an initrd" },
		{ 0, "BZh9", 4, "bzip2" },
		{ 0, "\x02\x21\x4c\x18", 4, "lz4" },
		{ 0, "\x5d\0\0\x80", 4, "lzma" },
		{ 0, "\x89LZO", 4, "lzop" },
		{ 0, "#!/bin/sh", 9, "a script" },
		{ 0, "version https://git-lfs", 23, "Git LFS" },
		{ 0, "", 0, "not known" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct blob file = { 0 };
		struct fr_image image;
		struct fr_error error;

		blob_add_zeros(&file, 5000);
		memcpy(file.data + others[i].at, others[i].magic,
		       others[i].size);
		expect_error(probe(&file, &image, &error), -ENOEXEC, &error,
			     FR_INVALID_PAYLOAD, others[i].part);
		assert_non_null(
			strstr(error.text, "an arm64 kernel is needed"));
		expect_error(fr_image_check_arm64(file.data, file.size, "file",
						  &error),
			     -ENOEXEC, &error, FR_INVALID_PAYLOAD,
			     others[i].part);
		blob_free(&file);
	}
}

/* Also a bzImage that has an EFI stub is one. */
static void bzimage_with_a_stub(void **state)
{
	const struct section section = { ".text", "code", 4 };
	struct blob file = make_pe(&section, 1);
	struct fr_image image;
	struct fr_error error;

	blob_add_zeros(&file, 4096);
	memcpy(file.data + 0x202, "HdrS", 4);
	expect_error(probe(&file, &image, &error), -ENOEXEC, &error,
		     FR_INVALID_PAYLOAD, "x86 bzImage");
	blob_free(&file);
}

static void short_files(void **state)
{
	struct blob image = make_image(64, 1);
	struct fr_image found;
	struct fr_error error;

	for (image.size = 1; image.size < 64; image.size++)
		expect_error(probe(&image, &found, &error), -ENOEXEC, &error,
			     FR_INVALID_PAYLOAD, "too short");
	image.size = 0;
	expect_error(probe(&image, &found, &error), -ENOEXEC, &error,
		     FR_INVALID_PAYLOAD, "this is empty");
	blob_free(&image);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(images),
	UNIT_TEST(compressed_images),
	UNIT_TEST(zboot_images),
	UNIT_TEST(damaged_zboot_images),
	UNIT_TEST(zboot_kernel_at_the_very_end),
	UNIT_TEST(pe_files),
	UNIT_TEST(other_files),
	UNIT_TEST(bzimage_with_a_stub),
	UNIT_TEST(short_files),
};
UNIT_MAIN(tests)
