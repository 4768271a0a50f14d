// SPDX-License-Identifier: LGPL-2.1-or-later
#include "persist.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __aarch64__
#include <sys/auxv.h>
#ifndef HWCAP_DCPOP
#define HWCAP_DCPOP (1 << 16)
#endif
#endif

#ifdef FR_TESTING
const struct persist_hooks *persist_hooks;

#define before_store(at, value, size)                          \
	do {                                                   \
		if (persist_hooks)                             \
			persist_hooks->store(at, value, size); \
	} while (0)
static int after_flush(const void *at, size_t size)
{
	return persist_hooks ? persist_hooks->flush(at, size) : 0;
}
#else
#define before_store(at, value, size)
#define after_flush(at, size) 0
#endif

void persist_store64(uint64_t *at, uint64_t value)
{
	before_store(at, &value, sizeof(value));
	__atomic_store_n(at, value, __ATOMIC_RELAXED);
}

void persist_copy(void *to, const void *from, size_t size)
{
	before_store(to, from, size);
	memcpy(to, from, size);
}

#if defined(__aarch64__)

/* The smallest data cache line of the machine's CPUs, in bytes. */
static size_t line_size(void)
{
	uint64_t ctr;

	__asm__("mrs %0, ctr_el0" : "=r"(ctr));
	return (size_t)4 << (ctr >> 16 & 0xf);
}

/*
 * To the point of coherency, which is RAM; to the point of persistence where
 * the CPU has one that is further away.
 */
void persist_clean(const void *at, size_t size)
{
	size_t line = line_size();
	uintptr_t end = (uintptr_t)at + size;
	bool to_persistence = getauxval(AT_HWCAP) & HWCAP_DCPOP;

	for (uintptr_t line_at = (uintptr_t)at & ~(uintptr_t)(line - 1);
	     line_at < end; line_at += line) {
		if (to_persistence) /* dc cvap, which assemblers may not know */
			__asm__ volatile(
				"sys #3, c7, c12, #1, %0" ::"r"(line_at)
				: "memory");
		else
			__asm__ volatile("dc cvac, %0" ::"r"(line_at)
					 : "memory");
	}
	__asm__ volatile("dsb sy" ::: "memory");
}

#elif defined(__x86_64__)

#define LINE_SIZE 64

void persist_clean(const void *at, size_t size)
{
	uintptr_t end = (uintptr_t)at + size;

	for (uintptr_t line = (uintptr_t)at & ~(uintptr_t)(LINE_SIZE - 1);
	     line < end; line += LINE_SIZE)
		__asm__ volatile("clflush (%0)" ::"r"(line) : "memory");
	__asm__ volatile("sfence" ::: "memory");
}

#else
#error "how are caches cleaned on this architecture?"
#endif

/* All of the pages that the range has a part in. */
static int sync_pages(const void *at, size_t size)
{
	uintptr_t mask = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;
	uintptr_t start = (uintptr_t)at & ~mask;
	uintptr_t end = ((uintptr_t)at + size + mask) & ~mask;

	return msync((void *)start, end - start, MS_SYNC) < 0 ? -errno : 0;
}

int persist_flush(const struct persist *persist, const void *at, size_t size)
{
	int err = 0;

	if (!size)
		return 0;
	if (persist->direct)
		persist_clean(at, size);
	else
		err = sync_pages(at, size);
	return err ? err : after_flush(at, size);
}
