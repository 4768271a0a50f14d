/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A volume, and what a superblock says about it. Only the files of this folder
 * include this; all others use state-volume.h.
 */
#ifndef FR_STATE_VOLUME_INTERNAL_H
#define FR_STATE_VOLUME_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define LABEL "fastreboot-state"
#define LABEL_NEW "fastreboot-new"
#define LAYOUT 1

/* ext4's superblock: where the first one is. */
#define SUPER_OFFSET 1024
#define SUPER_SIZE 1024

/*
 * Other copies are at the starts of block groups. Those have GROUP_MAX blocks, the
 * most that is a power of two, or on volumes with less than two such groups only
 * 8 MiB, or the least that mke2fs takes. 8 MiB is what all of them, with all sizes
 * of blocks, are multiples of.
 */
#define GROUP_STEP (8ULL << 20)
#define GROUP_MAX 32768
#define GROUP_MIN 256

/**
 * struct volume - a volume
 * @device: name of the device
 * @fd: file descriptor, to read; -1 for none
 * @size: bytes
 * @error: where to say what is wrong
 */
struct volume {
	const char *device;
	int fd;
	uint64_t size;
	struct fr_error *error;
};

/* What is on a volume that may be used, or made. */
enum found {
	FOUND_NOTHING,
	FOUND_OURS,
	FOUND_INCOMPLETE,
};

/**
 * struct super - what a superblock says of itself
 * @whole: it is one of ext4, and its checksum is right
 * @labelled: it has the label of a volume that is complete
 * @incomplete: it has the label of one that is being made
 * @has_uuid: its UUID is one of ours
 * @layout: number of the layout that the UUID has
 * @block_size: bytes of a block; 0 for what ext4 does not have
 */
struct super {
	bool whole;
	bool labelled;
	bool incomplete;
	bool has_uuid;
	unsigned int layout;
	uint32_t block_size;
};

/* Bytes of the kernel's pages, and so of the volume's blocks. */
uint64_t volume_page_size(void);

/* A new UUID of ours, and a UUID as text. */
void super_make_uuid(uint8_t uuid[16]);
void super_format_uuid(const uint8_t uuid[16], char text[37]);

void super_parse(const uint8_t super[SUPER_SIZE], struct super *ret);

/* Is it one of ours, complete or not? */
bool super_is_ours(const struct super *super);

/**
 * volume_look() - find out what is on a volume
 * @volume: open volume; its error is filled on failure
 * @ret: what it is
 *
 * Return: 0; a negative errno for what must not be touched, or can't be read.
 */
int volume_look(const struct volume *volume, enum found *ret);

#endif
