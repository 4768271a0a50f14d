/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kind of kernel is this? Told by a file's first bytes.
 */
#ifndef FR_IMAGE_H
#define FR_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "decompress.h"
#include "error.h"

/* First bytes of a file that fr_image_probe() wants, if there are so many. */
#define FR_IMAGE_HEAD 4096

enum fr_image_kind {
	FR_IMAGE_ARM64, /* an uncompressed Image */
	FR_IMAGE_COMPRESSED, /* a compressed file, presumably an Image in it */
	FR_IMAGE_ZBOOT, /* an EFI program that has a compressed Image */
	FR_IMAGE_PE, /* another EFI program for arm64: may be a UKI */
};

/**
 * struct fr_image - what a file is, and where in it the kernel is
 * @kind: kind of file
 * @compression: how the bytes from @offset on are compressed
 * @offset: where the kernel begins, in bytes from the start of the file; 0 but
 *	for a zboot image
 * @size: its bytes in the file, compressed or not; to the end of the file but
 *	for a zboot image. Lies within the file
 */
struct fr_image {
	enum fr_image_kind kind;
	enum fr_stream_kind compression;
	uint64_t offset;
	uint64_t size;
};

/**
 * fr_image_probe() - find out what kind of kernel a file is
 * @head: first bytes of the file
 * @size: how many: FR_IMAGE_HEAD, or the whole file if that is shorter
 * @file_size: bytes of the file
 * @name: name of the file, for the error
 * @ret: filled in
 * @error: says what the file is instead
 *
 * Return: 0; -ENOEXEC (FR_INVALID_PAYLOAD) for everything else.
 */
int fr_image_probe(const void *head, size_t size, uint64_t file_size,
		   const char *name, struct fr_image *ret,
		   struct fr_error *error);

/**
 * fr_image_check_arm64() - is this the start of an arm64 Image?
 * @head: first bytes, after decompression
 * @size: how many; 64 are wanted
 * @name: name of the file, for the error
 * @error: says what it is instead
 *
 * Return: 0; -ENOEXEC (FR_INVALID_PAYLOAD).
 */
int fr_image_check_arm64(const void *head, size_t size, const char *name,
			 struct fr_error *error);

/**
 * fr_image_page_size() - the pages that a kernel was built for
 * @head: first bytes of an arm64 Image
 * @size: how many; 64 are wanted
 *
 * Return: 4096, 16384 or 65536; 0 if the header does not say.
 */
uint32_t fr_image_page_size(const void *head, size_t size);

#endif
