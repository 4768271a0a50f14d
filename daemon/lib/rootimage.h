/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Root images: file systems that the next kernel mounts where they were staged.
 */
#ifndef FR_ROOTIMAGE_H
#define FR_ROOTIMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* As much of a file's beginning as is looked at, if it has so much. Bytes. */
#define FR_ROOT_IMAGE_HEAD 2048

/**
 * fr_root_image_probe() - what kind of file system is it?
 * @head: the first bytes of the file
 * @size: how many, at most FR_ROOT_IMAGE_HEAD
 * @file_size: bytes of the file
 * @name: name of the file, for the error
 * @ret_type: "erofs", "squashfs", "ext4" (also for its ancestors): what
 *	rootfstype= takes; NULL for one that is not known, and that the kernel
 *	may know all the same
 * @error: why it can't be a root image
 *
 * Return: 0; -EINVAL with FR_INVALID_PAYLOAD for what is known to be no file
 * system, as an initrd; -ENODATA with FR_INVALID_PAYLOAD if the file is shorter
 * than its file system.
 */
int fr_root_image_probe(const void *head, size_t size, uint64_t file_size,
			const char *name, const char **ret_type,
			struct fr_error *error);

/**
 * fr_root_image_block_size() - how large are its blocks?
 * @head: the first bytes of the file
 * @size: how many, at most FR_ROOT_IMAGE_HEAD
 *
 * Only where no kernel mounts one whose blocks are larger than its pages: erofs.
 *
 * Return: bytes; 0 for any other file, and where the superblock makes no sense.
 */
uint32_t fr_root_image_block_size(const void *head, size_t size);

#endif
