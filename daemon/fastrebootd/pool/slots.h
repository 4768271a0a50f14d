/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which slot is meant, and which one is to be used. */
#ifndef FASTREBOOTD_SLOTS_H
#define FASTREBOOTD_SLOTS_H

#include "pool.h"

/**
 * slots_get() - the slot of a number
 * @pool: with a pool
 * @number: of the slot
 *
 * Return: the slot, or NULL if there is none.
 */
const struct fr_slot *slots_get(const struct fr_pool_status *pool, int number);

/**
 * slots_next_sequence() - what the next payload's source has as its sequence
 * @pool: with a pool
 *
 * Return: one more than any source has that the kernel knows.
 */
uint64_t slots_next_sequence(const struct fr_pool_status *pool);

/**
 * slots_find_staged() - the slot that holds what was staged
 * @pool: with a pool
 * @wanted: number of a slot, or FR_SLOT_NONE for the one staged last
 * @ret_slot: a sealed slot
 * @error: why there is none
 *
 * Return: 0; -ENOENT with FR_NOT_STAGED; -EINVAL with FR_USAGE for a number
 * that no slot has; -EBUSY with FR_BUSY if it is armed.
 */
int slots_find_staged(const struct fr_pool_status *pool, int wanted,
		      const struct fr_slot **ret_slot, struct fr_error *error);

/**
 * slots_find_free() - a slot to stage into
 * @pool: with a pool
 * @replace: a sealed one will do, when no other is free
 * @ret_slot: empty or bad; or sealed, and then it has to be cleared first
 * @error: why there is none
 *
 * Return: 0, or -EBUSY with FR_BUSY.
 */
int slots_find_free(const struct fr_pool_status *pool, bool replace,
		    const struct fr_slot **ret_slot, struct fr_error *error);

/**
 * slots_check_hashes() - has the kernel sealed what was read?
 * @slot: sealed
 * @expected: hashes in hexadecimal, indexed by enum fr_segment; NULL for a
 *	segment that was not written. That of the device tree does not count: the
 *	kernel seals one that it has made
 * @error: which segment differs
 *
 * A segment without a hash, on either side, is one that differs.
 *
 * Return: 0, or -EBADMSG with FR_VERIFICATION_FAILED.
 */
int slots_check_hashes(const struct fr_slot *slot,
		       const char *const expected[FR_SEGMENTS],
		       struct fr_error *error);

/**
 * slots_check_recorded() - the same, by the hashes that the source has
 * @slot: sealed, with a source
 * @error: which segment differs
 *
 * Return: as slots_check_hashes().
 */
int slots_check_recorded(const struct fr_slot *slot, struct fr_error *error);

#endif
