// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kinds of kernel files, in the order in which they are told apart:
 *
 *	arm64 Image	"ARM\x64" at 56. With an EFI stub it begins with "MZ" like
 *			every PE file, so it has to be looked for first.
 *	zboot		"MZ", "zimg" at 4, LE32 offset and size of the compressed
 *			kernel at 8 and 12, name of the compression at 24
 *	PE		"MZ", and a PE header for 64-bit arm
 *	compressed	by the magic of the compression
 *
 * People hand over all kinds of other files; the most likely ones are named in
 * the error.
 */
#include "image.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "bytes.h"
#include "pe.h"

#define MACHINE_ARM64 0xaa64
#define ZBOOT_COMPRESSION 24
#define ZBOOT_COMPRESSION_SIZE 32
#define ARM64_FLAGS 24
#define ARM64_MAGIC 56
#define ARM64_HEADER 64

struct foreign {
	size_t offset;
	const char *magic;
	size_t size;
	const char *what;
};

static const struct foreign foreign[] = {
	{ 0x202, "HdrS", 4, "an x86 bzImage" },
	{ 0,
	  "\x7f"
	  "ELF",
	  4, "an ELF file, perhaps a vmlinux" },
	{ 0x24, "\x18\x28\x6f\x01", 4, "a 32-bit arm zImage" },
	{ 0x38, "RSC\x05", 4, "a RISC-V Image" },
	{ 0, "\x27\x05\x19\x56", 4, "a U-Boot uImage" },
	{ 0, "\xd0\x0d\xfe\xed", 4, "a device tree or a FIT image" },
	{ 0, "ANDROID!", 8, "an Android boot image" },
	{ 0, "070701", 6, "an initrd" },
	{ 0, "BZh", 3, "compressed by bzip2" },
	{ 0, "\x02\x21\x4c\x18", 4, "compressed by lz4" },
	{ 0, "\x04\x22\x4d\x18", 4, "compressed by lz4" },
	{ 0, "\x5d\x00\x00", 3, "compressed by lzma" },
	{ 0, "\x89LZO", 4, "compressed by lzop" },
	{ 0, "#!", 2, "a script" },
	{ 0, "version https://git-lfs", 23, "a pointer of Git LFS" },
};

static bool has(const uint8_t *head, size_t size, size_t offset,
		const char *magic, size_t magic_size)
{
	return size >= offset + magic_size &&
	       !memcmp(head + offset, magic, magic_size);
}

static const char *what_else(const uint8_t *head, size_t size)
{
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (has(head, size, foreign[i].offset, foreign[i].magic,
			foreign[i].size))
			return foreign[i].what;
	return size < ARM64_HEADER ? "too short to be one" :
				     "something that is not known";
}

static int not_a_kernel(const uint8_t *head, size_t size, const char *name,
			struct fr_error *error)
{
	return fr_fail(error, FR_INVALID_PAYLOAD, -ENOEXEC,
		       "%s: an arm64 kernel is needed, but this is %s", name,
		       size ? what_else(head, size) : "empty");
}

static bool is_arm64(const uint8_t *head, size_t size)
{
	return size >= ARM64_HEADER &&
	       has(head, size, ARM64_MAGIC, "ARM\x64", 4);
}

int fr_image_check_arm64(const void *head, size_t size, const char *name,
			 struct fr_error *error)
{
	if (is_arm64(head, size))
		return 0;
	return not_a_kernel(head, size, name, error);
}

uint32_t fr_image_page_size(const void *head, size_t size)
{
	const uint8_t *flags = (const uint8_t *)head + ARM64_FLAGS;

	/* Bits 1 and 2: not said, 4, 16 or 64 KiB. */
	if (!is_arm64(head, size) || !(*flags >> 1 & 3))
		return 0;
	return 1024U << 2 * (*flags >> 1 & 3);
}

struct compression {
	const char *name;
	enum fr_stream_kind kind;
};

/* As the kernel's build calls them, besides the plain names. */
static const struct compression compressions[] = {
	{ "gzip", FR_STREAM_GZIP },   { "zstd", FR_STREAM_ZSTD },
	{ "zstd22", FR_STREAM_ZSTD }, { "xz", FR_STREAM_XZ },
	{ "xzkern", FR_STREAM_XZ },
};

static int zboot_compression(const uint8_t *head, const char *name,
			     enum fr_stream_kind *ret, struct fr_error *error)
{
	const char *is = (const char *)head + ZBOOT_COMPRESSION;
	size_t n = sizeof(compressions) / sizeof(compressions[0]);

	for (size_t i = 0; i < n; i++)
		if (!strncmp(is, compressions[i].name,
			     ZBOOT_COMPRESSION_SIZE)) {
			*ret = compressions[i].kind;
			return 0;
		}
	return fr_fail(
		error, FR_INVALID_PAYLOAD, -ENOEXEC,
		"%s: the kernel in this zboot image is compressed by %.*s; gzip, zstd and xz are known",
		name, ZBOOT_COMPRESSION_SIZE, is);
}

static int check_machine(const uint8_t *head, size_t size, const char *name,
			 struct fr_error *error)
{
	int machine = fr_pe_machine(head, size);

	if (machine == MACHINE_ARM64)
		return 0;
	if (machine < 0)
		return fr_fail(
			error, FR_INVALID_PAYLOAD, -ENOEXEC,
			"%s: begins like an EFI program, but has no PE header; get the file again",
			name);
	return fr_fail(
		error, FR_INVALID_PAYLOAD, -ENOEXEC,
		"%s: an arm64 kernel is needed, but this is an EFI program for %s",
		name, machine == 0x8664 ? "x86-64" : "another machine");
}

static int probe_zboot(const uint8_t *head, size_t size, uint64_t file_size,
		       const char *name, struct fr_image *ret,
		       struct fr_error *error)
{
	struct fr_image image = {
		.kind = FR_IMAGE_ZBOOT,
	};
	int err;

	err = check_machine(head, size, name, error);
	if (err < 0)
		return err;
	err = zboot_compression(head, name, &image.compression, error);
	if (err < 0)
		return err;
	image.offset = fr_le32(head + 8);
	image.size = fr_le32(head + 12);
	if (image.offset < ARM64_HEADER || image.offset > file_size ||
	    image.size > file_size - image.offset || !image.size)
		return fr_fail(
			error, FR_INVALID_PAYLOAD, -ENOEXEC,
			"%s: this zboot image says that its kernel is where the file has none; get the file again",
			name);
	*ret = image;
	return 0;
}

static int probe_pe(const uint8_t *head, size_t size, uint64_t file_size,
		    const char *name, struct fr_image *ret,
		    struct fr_error *error)
{
	int err = check_machine(head, size, name, error);

	if (err < 0)
		return err;
	*ret = (struct fr_image){ .kind = FR_IMAGE_PE, .size = file_size };
	return 0;
}

int fr_image_probe(const void *head, size_t size, uint64_t file_size,
		   const char *name, struct fr_image *ret,
		   struct fr_error *error)
{
	enum fr_stream_kind compression = fr_stream_detect(head, size);

	if (is_arm64(head, size)) {
		*ret = (struct fr_image){ .kind = FR_IMAGE_ARM64,
					  .size = file_size };
		return 0;
	}
	if (compression != FR_STREAM_RAW) {
		*ret = (struct fr_image){ .kind = FR_IMAGE_COMPRESSED,
					  .compression = compression,
					  .size = file_size };
		return 0;
	}
	/* Before PE files: with an EFI stub it is one, for another machine. */
	if (has(head, size, 0x202, "HdrS", 4) || !has(head, size, 0, "MZ", 2) ||
	    size < ARM64_HEADER)
		return not_a_kernel(head, size, name, error);
	if (has(head, size, 4, "zimg", 4))
		return probe_zboot(head, size, file_size, name, ret, error);
	return probe_pe(head, size, file_size, name, ret, error);
}
