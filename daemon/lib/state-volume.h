/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state volume's file system: what is done with what is found there is told
 * at the beginning of state-volume/make.c.
 */
#ifndef FR_STATE_VOLUME_H
#define FR_STATE_VOLUME_H

#include <stdbool.h>

#include "error.h"

/**
 * fr_state_volume_make() - have a file system on the state volume
 * @device: block device or, for tests, a file
 * @force: whatever is there now
 * @ret_message: what was done; a constant
 * @error: what was found there, and what to do
 *
 * Runs e2fsck(8), or mkfs.ext4(8) and e2label(8), and waits for them: of a large
 * volume the first use takes minutes. The device must not be mounted.
 *
 * Return: 0; a negative errno. Kinds of failure are FR_BUSY, FR_NOT_FOUND,
 * FR_NOT_PERMITTED, FR_USAGE, FR_REFUSED, FR_UNSUPPORTED, FR_VERIFICATION_FAILED
 * and FR_FAILED.
 */
int fr_state_volume_make(const char *device, bool force,
			 const char **ret_message, struct fr_error *error);

#ifdef FR_TESTING
/* The size of the kernel's pages, in bytes; 0: what it really is. */
extern long fr_state_volume_page_size;
#endif

#endif
