/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stores to a mapped file, and what makes them durable.
 *
 * Durable means: in RAM, and not only in a cache that a reset empties. With DAX
 * the mapping is the RAM and cleaning the cache is all there is to do, once the
 * file system has written down where the blocks are, which MAP_SYNC promises.
 * Without DAX it takes msync(2).
 */
#ifndef FR_STATE_PERSIST_H
#define FR_STATE_PERSIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct persist - how the mappings of an object become durable
 * @direct: they are DAX, mapped with MAP_SYNC
 */
struct persist {
	bool direct;
};

/* Store 8 bytes, aligned, at once. */
void persist_store64(uint64_t *at, uint64_t value);

/* Copy; nothing is said about the order of the stores. */
void persist_copy(void *to, const void *from, size_t size);

/**
 * persist_flush() - make a range durable
 * @persist: how
 * @at: start of the range, in a mapping of the file
 * @size: bytes; 0 does nothing
 *
 * All stores before are durable when it returns 0; no store behind it becomes
 * durable before that.
 *
 * Return: 0; the negative errno of msync(2).
 */
int persist_flush(const struct persist *persist, const void *at, size_t size);

/* Clean the caches over a range, without asking what it is: for tests, too. */
void persist_clean(const void *at, size_t size);

#ifdef FR_TESTING
/**
 * struct persist_hooks - what tests see of it
 * @store: called before each store
 * @flush: called after each flush; what it returns is what the flush has
 */
struct persist_hooks {
	void (*store)(void *at, const void *value, size_t size);
	int (*flush)(const void *at, size_t size);
};

extern const struct persist_hooks *persist_hooks;
#endif

#endif
