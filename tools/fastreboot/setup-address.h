/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the pool is to be. */
#ifndef SETUP_ADDRESS_H
#define SETUP_ADDRESS_H

#include <stdint.h>

#include "error.h"

/**
 * struct setup_range - physical memory
 * @start: address of its first byte
 * @end: address behind its last byte; the same as @start if there is none
 */
struct setup_range {
	uint64_t start;
	uint64_t end;
};

/**
 * setup_choose_address() - find a place for a pool
 * @size: of the pool in bytes, a multiple of 2 MiB
 * @pool: the one that there is, which may stay where it is
 * @ret: physical address, a multiple of 2 MiB
 * @error: why there is none; untouched for -ENOENT
 *
 * Return: 0; -ENOENT if the kernel does not tell what is free; -EPERM with
 * FR_NOT_PERMITTED if it tells root alone; -ENOSPC with FR_TOO_LARGE; another
 * negative errno.
 */
int setup_choose_address(uint64_t size, const struct setup_range *pool,
			 uint64_t *ret, struct fr_error *error);

#endif
