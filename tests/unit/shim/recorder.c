// SPDX-License-Identifier: GPL-2.0-or-later
#include <assert.h>
#include <string.h>

#include <linux/compiler.h>

#include "recorder.h"

static struct recorder *recording;

/**
 * recorder_begin - record every store from here on
 * @recorder: emptied, then filled until recorder_end()
 */
void recorder_begin(struct recorder *recorder)
{
	recorder->count = 0;
	recording = recorder;
}

/** recorder_end - stop recording */
void recorder_end(void)
{
	recording = NULL;
}

/**
 * shim_store - what WRITE_ONCE() does
 * @at: destination
 * @value: new content
 * @size: bytes
 */
void shim_store(void *at, const void *value, size_t size)
{
	struct store *store;

	if (recording) {
		assert(recording->count < RECORDER_STORES);
		assert(size <= STORE_SIZE_MAX);
		store = &recording->store[recording->count++];
		*store = (struct store){ .at = at, .size = size };
		memcpy(store->was, at, size);
		memcpy(store->value, value, size);
	}
	memcpy(at, value, size);
}

/**
 * store_apply - let a store reach memory
 * @store: the store
 */
void store_apply(const struct store *store)
{
	memcpy(store->at, store->value, store->size);
}

/**
 * store_revert - take a store back
 * @store: the store
 */
void store_revert(const struct store *store)
{
	memcpy(store->at, store->was, store->size);
}

/**
 * store_tear - let a part of a store reach memory
 * @store: the store
 * @from: first byte of the part
 * @to: byte after the part
 */
void store_tear(const struct store *store, size_t from, size_t to)
{
	memcpy(store->at + from, store->value + from, to - from);
}
