// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands for tests/bench: what a copy takes, and when a reboot began. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "guest.h"

#define MIB (1UL << 20)
/* Bytes that an iteration of copy() copies. */
#define COPY_UNIT 256

/* The counter that the kernel's timeline and the payload of the bench read. */
static uint64_t counter(void)
{
	uint64_t ticks;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb"
			 : "=r"(ticks) : : "memory");
	return ticks;
}

/* The bare loop: nothing but loads, stores, and the end of the loop. */
static void copy(void *to, const void *from, size_t size)
{
	__asm__ volatile("1:\n\t"
			 ".rept 16\n\t"
			 "ldp x3, x4, [%[from]], #16\n\t"
			 "stp x3, x4, [%[to]], #16\n\t"
			 ".endr\n\t"
			 "subs %[size], %[size], %[unit]\n\t"
			 "b.ne 1b"
			 : [to] "+r"(to), [from] "+r"(from), [size] "+r"(size)
			 : [unit] "i"(COPY_UNIT)
			 : "x3", "x4", "cc", "memory");
}

static void *map_pages(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
}

/* Copy MiB by MiB, the pages being there, and tell what each has taken. */
static void copy_and_tell(uint8_t *to, const uint8_t *from, size_t size)
{
	uint64_t least = UINT64_MAX, all = 0;

	for (size_t at = 0; at < size; at += MIB) {
		uint64_t ticks = counter();

		copy(to + at, from + at, MIB);
		ticks = counter() - ticks;
		all += ticks;
		if (ticks < least)
			least = ticks;
	}
	out("least=%llu", (unsigned long long)least);
	out("all=%llu", (unsigned long long)all);
}

/*
 * copy BYTES: copy whole MiB by the bare loop. "least" are the ticks of the
 * fastest MiB, which no interrupt has disturbed; "all" those of all.
 */
int command_copy(char **args)
{
	uint64_t size;
	void *from, *to;
	int error = parse_number(args[0], &size);

	if (error)
		return error;
	if (!size || size % MIB)
		return fail(-EINVAL, "copy %s bytes", args[0]);
	from = map_pages(size);
	to = map_pages(size);
	if (from == MAP_FAILED || to == MAP_FAILED)
		return fail(-ENOMEM, "allocate memory to copy");
	copy_and_tell(to, from, size);
	error = memcmp(to, from, size) ? fail(-EIO, "copy all") : 0;
	munmap(from, size);
	munmap(to, size);
	return error;
}

/* counted-reboot HOW: as "reboot", with the counter when it began */
int command_counted_reboot(char **args)
{
	out("counter=%llu", (unsigned long long)counter());
	return command_reboot(args);
}
