// SPDX-License-Identifier: GPL-2.0-or-later
#include "pool/slots.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "pool/source.h"

const struct fr_slot *slots_get(const struct fr_pool_status *pool, int number)
{
	if (number < 0 || (size_t)number >= pool->n_slots)
		return NULL;
	return &pool->slots[number];
}

/*
 * Was @slot staged after @other? Their sequences tell: clocks are set back. Only
 * two that an older daemon has staged have none; then it is the time, and sources
 * without one are the oldest.
 */
static bool is_newer(const struct fr_slot *slot, const struct fr_slot *other)
{
	uint64_t sequence = source_sequence(slot->source);
	uint64_t other_sequence = source_sequence(other->source);
	_cleanup_free_ char *at = source_member(slot->source, "staged_at");
	_cleanup_free_ char *other_at =
		source_member(other->source, "staged_at");

	if (sequence != other_sequence)
		return sequence > other_sequence;
	return strcmp(at ? at : "", other_at ? other_at : "") >= 0;
}

static uint64_t later(uint64_t sequence, const char *source)
{
	uint64_t other = source ? source_sequence(source) : 0;

	return other > sequence ? other : sequence;
}

uint64_t slots_next_sequence(const struct fr_pool_status *pool)
{
	uint64_t last = later(later(0, pool->source), pool->previous_source);

	for (size_t i = 0; i < pool->n_slots; i++)
		last = later(last, pool->slots[i].source);
	return last + 1;
}

static const struct fr_slot *find_newest(const struct fr_pool_status *pool)
{
	const struct fr_slot *newest = NULL;

	for (size_t i = 0; i < pool->n_slots; i++) {
		const struct fr_slot *slot = &pool->slots[i];

		if (slot->status == FR_SLOT_SEALED &&
		    (!newest || is_newer(slot, newest)))
			newest = slot;
	}
	return newest;
}

static int check_sealed(const struct fr_slot *slot, struct fr_error *error)
{
	if (slot->status == FR_SLOT_SEALED)
		return 0;
	if (slot->status == FR_SLOT_ARMED)
		return fr_fail(
			error, FR_BUSY, -EBUSY,
			"slot %u is armed: a kexec tool has loaded it, 'kexec -u' unloads it",
			slot->number);
	if (slot->status == FR_SLOT_RUNNING)
		return fr_fail(error, FR_BUSY, -EBUSY,
			       "slot %u holds the running kernel",
			       slot->number);
	return fr_fail(
		error, FR_NOT_STAGED, -ENOENT,
		"nothing is staged in slot %u, it is %s: use 'fastreboot stage' first",
		slot->number, fr_slot_status_name(slot->status));
}

int slots_find_staged(const struct fr_pool_status *pool, int wanted,
		      const struct fr_slot **ret_slot, struct fr_error *error)
{
	const struct fr_slot *slot;
	int err;

	if (wanted == FR_SLOT_NONE) {
		slot = find_newest(pool);
		if (!slot)
			return fr_fail(
				error, FR_NOT_STAGED, -ENOENT,
				"nothing is staged: use 'fastreboot stage' first");
		*ret_slot = slot;
		return 0;
	}
	slot = slots_get(pool, wanted);
	if (!slot)
		return fr_fail(error, FR_USAGE, -EINVAL,
			       "there is no slot %d: they go from 0 to %zu",
			       wanted, pool->n_slots - 1);
	err = check_sealed(slot, error);
	if (err)
		return err;
	*ret_slot = slot;
	return 0;
}

static const struct fr_slot *find_state(const struct fr_pool_status *pool,
					enum fr_slot_status status)
{
	for (size_t i = 0; i < pool->n_slots; i++)
		if (pool->slots[i].status == status)
			return &pool->slots[i];
	return NULL;
}

/* Of the sealed ones, the one that was staged first is missed the least. */
static const struct fr_slot *find_oldest(const struct fr_pool_status *pool)
{
	const struct fr_slot *oldest = NULL;

	for (size_t i = 0; i < pool->n_slots; i++) {
		const struct fr_slot *slot = &pool->slots[i];

		if (slot->status == FR_SLOT_SEALED &&
		    (!oldest || !is_newer(slot, oldest)))
			oldest = slot;
	}
	return oldest;
}

int slots_find_free(const struct fr_pool_status *pool, bool replace,
		    const struct fr_slot **ret_slot, struct fr_error *error)
{
	const struct fr_slot *sealed = find_oldest(pool);
	const struct fr_slot *slot = find_state(pool, FR_SLOT_EMPTY);

	if (!slot)
		slot = find_state(pool, FR_SLOT_BAD);
	if (!slot && replace)
		slot = sealed;
	if (slot) {
		*ret_slot = slot;
		return 0;
	}
	if (sealed)
		return fr_fail(
			error, FR_BUSY, -EBUSY,
			"no slot is free, slot %u holds %s: use --replace, or "
			"'fastreboot unstage' first",
			sealed->number,
			*sealed->release ? sealed->release : "another payload");
	return fr_fail(
		error, FR_BUSY, -EBUSY,
		"no slot is free: they are running, armed or being loaded by a kexec tool");
}

/* Whatever is missing on one side only is a difference, too. */
static bool is_same(const struct fr_slot_segment *segment, const char *expected)
{
	if (!expected)
		return !segment->size && !*segment->sha256;
	return !strcmp(expected, segment->sha256);
}

int slots_check_hashes(const struct fr_slot *slot,
		       const char *const expected[FR_SEGMENTS],
		       struct fr_error *error)
{
	for (int i = 0; i < FR_SEGMENTS; i++)
		if (i != FR_SEGMENT_DTB &&
		    !is_same(&slot->segments[i], expected[i]))
			return fr_fail(
				error, FR_VERIFICATION_FAILED, -EBADMSG,
				"slot %u: the %s that was sealed is not the one that was read: "
				"stage it again, and suspect the memory",
				slot->number, fr_segment_name(i));
	return 0;
}

int slots_check_recorded(const struct fr_slot *slot, struct fr_error *error)
{
	_cleanup_free_ char *kernel =
		source_member(slot->source, "kernel_sha256");
	_cleanup_free_ char *initrd =
		source_member(slot->source, "initrd_sha256");
	_cleanup_free_ char *root = source_member(slot->source, "root_sha256");
	const char *const expected[FR_SEGMENTS] = {
		[FR_SEGMENT_KERNEL] = kernel,
		[FR_SEGMENT_INITRD] = initrd,
		[FR_SEGMENT_ROOT] = root,
	};

	return slots_check_hashes(slot, expected, error);
}
