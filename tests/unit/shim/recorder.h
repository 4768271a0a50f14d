/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recorder of stores: what a WRITE_ONCE() of the kernel's code did to memory,
 * store by store, to be undone and done again in any order and in parts.
 */
#ifndef _SHIM_RECORDER_H
#define _SHIM_RECORDER_H

#include <linux/types.h>

#define STORE_SIZE_MAX 8
#define RECORDER_STORES 1024

/**
 * struct store - one store
 * @at: destination
 * @size: bytes
 * @was: content of the destination before
 * @value: content of the destination after
 */
struct store {
	u8 *at;
	size_t size;
	u8 was[STORE_SIZE_MAX];
	u8 value[STORE_SIZE_MAX];
};

/**
 * struct recorder - stores in the order in which they were made
 * @count: of stores
 * @store: the stores
 */
struct recorder {
	size_t count;
	struct store store[RECORDER_STORES];
};

void recorder_begin(struct recorder *recorder);
void recorder_end(void);

void store_apply(const struct store *store);
void store_revert(const struct store *store);
void store_tear(const struct store *store, size_t from, size_t to);

#endif /* _SHIM_RECORDER_H */
