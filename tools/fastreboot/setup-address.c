// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the pool is to be.
 *
 * Without an address the kernel takes what is free when it boots. Where firmware and
 * boot loader put the kernel, which may be at random, decides then; so a boot by
 * firmware may find another place, and what lay in the pool is lost. With one the pool
 * is where it was, and the kernel's EFI stub keeps off it.
 *
 * /proc/iomem tells what is memory, and what of it has a purpose. The running kernel's
 * place does not count for the next boot, but the next one is likely to be the same.
 * The choice is as the kernel's: memory above 4 GiB, which no device with 32 bits needs,
 * and the first of it, which is in the first node; without that, the largest piece. Boot
 * loaders like both ends of memory, so some is left at each.
 */
#include "setup-address.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "io.h"
#include "root.h"
#include "text.h"

#define IOMEM "/proc/iomem"
#define IOMEM_SIZE_MAX (4 * 1024 * 1024)
#define GIB (UINT64_C(1) << 30)
/* FASTREBOOT_ALIGNMENT: of the pool's address */
#define ALIGNMENT (UINT64_C(2) << 20)
/* What a kernel with 48 address bits can map. */
#define END_MAX (UINT64_C(1) << 48)
/* What is left free below, at most. */
#define LEFT_MAX GIB

struct search {
	uint64_t size;
	/* of the running pool: free at the next boot */
	const struct setup_range *pool;
	bool hidden;
	bool high_found, largest_found;
	uint64_t high, largest, largest_room;
	/* the memory that is being read: what of it is left */
	bool inside;
	uint64_t next, end;
};

/* Is a gap large enough? By how many bytes? */
static bool get_room(const struct search *search, uint64_t start, uint64_t end,
		     uint64_t *ret_start, uint64_t *ret_room)
{
	start = (start + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	end = end / ALIGNMENT * ALIGNMENT;
	if (start >= end || end - start < search->size)
		return false;
	*ret_start = start;
	*ret_room = end - start - search->size;
	return true;
}

static uint64_t place(uint64_t start, uint64_t room)
{
	uint64_t left = room / 2;

	if (left > LEFT_MAX)
		left = LEFT_MAX;
	return start + left / ALIGNMENT * ALIGNMENT;
}

static void look_at_gap(struct search *search, uint64_t start, uint64_t end)
{
	uint64_t at, room;

	if (end > END_MAX)
		end = END_MAX;
	if (!search->high_found && end > 4 * GIB &&
	    get_room(search, start > 4 * GIB ? start : 4 * GIB, end, &at,
		     &room)) {
		search->high_found = true;
		search->high = place(at, room);
	}
	if (get_room(search, start, end, &at, &room) &&
	    (!search->largest_found || room > search->largest_room)) {
		search->largest_found = true;
		search->largest = place(at, room);
		search->largest_room = room;
	}
}

static void end_memory(struct search *search)
{
	if (search->inside && search->next < search->end)
		look_at_gap(search, search->next, search->end);
	search->inside = false;
}

static bool is_in_pool(const struct search *search, uint64_t start,
		       uint64_t end)
{
	return search->pool->start < search->pool->end &&
	       start >= search->pool->start && end <= search->pool->end;
}

/* Something that is in memory; end is behind it. */
static void take(struct search *search, uint64_t start, uint64_t end)
{
	if (!search->inside || is_in_pool(search, start, end))
		return;
	if (start > search->next)
		look_at_gap(search, search->next, start);
	if (end > search->next)
		search->next = end;
}

/* Lines are "  <first>-<last> : <name>", and what is deeper is within that above. */
static void read_line(struct search *search, const char *line)
{
	uint64_t first, last;
	char name[64];

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " : %63[^\n]", &first, &last,
		   name) != 3)
		return;
	if (*line == ' ') {
		take(search, first, last + 1);
		return;
	}
	end_memory(search);
	if (strcmp(name, "System RAM") != 0)
		return;
	search->hidden |= !last;
	search->inside = true;
	search->next = first;
	search->end = last + 1;
}

static int search_memory(struct search *search, const char *path)
{
	_cleanup_free_ char *text = NULL;
	char *line, *rest;
	int err = fr_read_file(AT_FDCWD, path, IOMEM_SIZE_MAX, &text, NULL);

	if (err)
		return err;
	for (rest = text; (line = strsep(&rest, "\n"));)
		read_line(search, line);
	end_memory(search);
	return 0;
}

static int get_result(const struct search *search, uint64_t *ret,
		      struct fr_error *error)
{
	char size[TEXT_MAX];

	if (search->hidden)
		return fr_fail(
			error, FR_NOT_PERMITTED, -EPERM,
			"only root sees which memory is free, for a place for the pool");
	if (!search->high_found && !search->largest_found) {
		text_size(search->size, size);
		return fr_fail(
			error, FR_TOO_LARGE, -ENOSPC,
			"%s are not free in one piece; name a smaller pool with --size",
			size);
	}
	*ret = search->high_found ? search->high : search->largest;
	return 0;
}

int setup_choose_address(uint64_t size, const struct setup_range *pool,
			 uint64_t *ret, struct fr_error *error)
{
	_cleanup_free_ char *path = NULL;
	struct search search = { .size = size, .pool = pool };
	int err;

	if (pool->end - pool->start == size) {
		*ret = pool->start;
		return 0;
	}
	if (asprintf(&path, "%s" IOMEM, fr_root()) < 0) {
		path = NULL;
		return fr_fail_memory(error);
	}
	err = search_memory(&search, path);
	if (err == -ENOENT)
		return err;
	if (err)
		return fr_fail(error, FR_FAILED, err, "can't read %s: %s",
			       IOMEM, fr_file_error(err));
	return get_result(&search, ret, error);
}
