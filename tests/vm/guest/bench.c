// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands for tests/bench: what a copy takes, when a reboot began, and what
 * another command takes in time and memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

#define MIB (1UL << 20)
/* Bytes that an iteration of copy() copies. */
#define COPY_UNIT 256
/* Ticks of the counter that punctual-reboot has for saying when: 2 ms. */
#define NOTICE 125000
/* Nanoseconds between two looks of "lowest" at the free memory. */
#define LOOK 1000000

/*
 * The program begins here, not at the C library's _start: bench_begin is the
 * counter at its first instruction. x0 belongs to _start.
 */
uint64_t bench_begin;

__asm__(".pushsection .text\n"
	".globl bench_start\n"
	"bench_start:\n\t"
	"mrs x9, cntvct_el0\n\t"
	"adrp x10, bench_begin\n\t"
	"str x9, [x10, :lo12:bench_begin]\n\t"
	"b _start\n"
	".popsection");

/* The counter that the kernel's timeline and the payload of the bench read. */
static uint64_t counter(void)
{
	uint64_t ticks;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb"
			 : "=r"(ticks)
			 :
			 : "memory");
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

/*
 * punctual-reboot HOW: as "reboot", at a moment that is told before. So the
 * console is silent between that moment and reboot(2).
 */
int command_punctual_reboot(char **args)
{
	uint64_t moment = counter() + NOTICE;

	out("counter=%llu", (unsigned long long)moment);
	while (counter() < moment)
		;
	return command_reboot(args);
}

/* timed COMMAND...: run a command and tell how many ticks it took */
int command_timed(char **args)
{
	uint64_t begin = counter();
	int error = run_command(args);

	out("ticks=%llu", (unsigned long long)(counter() - begin));
	return error;
}

/* The number behind a word, wherever in @line that is; 0 if it is not. */
static uint64_t number_after(const char *line, const char *word)
{
	const char *at = strstr(line, word);

	return at ? strtoull(at + strlen(word), NULL, 10) : 0;
}

/*
 * Bytes that are not in use: MemFree, and the pages that CPUs keep for
 * themselves, which can be an eighth of the memory.
 */
static uint64_t free_memory(void)
{
	static char text[1 << 16];
	char *line, *rest = text;
	uint64_t pages = 0;

	if (read_text("/proc/zoneinfo", text, sizeof(text)) < 0)
		return 0;
	while ((line = strsep(&rest, "\n"))) {
		pages += number_after(line, "pages free ");
		pages += number_after(line, " count: ");
	}
	return pages * sysconf(_SC_PAGESIZE);
}

/**
 * struct watch - looks at the free memory from another process
 * @lowest: the least so far, in bytes; shared
 * @child: the process that looks
 */
struct watch {
	volatile uint64_t *lowest;
	pid_t child;
};

/* Look until killed; a byte to @started tells that it has begun. */
static void look_at_memory(volatile uint64_t *lowest, int started)
{
	static const struct timespec pause_between = { .tv_nsec = LOOK };

	for (;;) {
		uint64_t now = free_memory();

		if (!*lowest && write(started, "", 1) < 0)
			_exit(1);
		if (!*lowest || now < *lowest)
			*lowest = now;
		nanosleep(&pause_between, NULL);
	}
}

static int start_watch(struct watch *watch)
{
	int ends[2];
	char byte;

	watch->lowest = mmap(NULL, sizeof(*watch->lowest),
			     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			     -1, 0);
	if (watch->lowest == MAP_FAILED || pipe2(ends, O_CLOEXEC))
		return fail(-errno, "prepare to look at the memory");
	watch->child = fork();
	if (!watch->child)
		look_at_memory(watch->lowest, ends[1]);
	close(ends[1]);
	if (watch->child < 0 || read(ends[0], &byte, 1) != 1)
		return fail(-ECHILD, "look at the memory");
	close(ends[0]);
	return 0;
}

static void end_watch(struct watch *watch)
{
	kill(watch->child, SIGKILL);
	waitpid(watch->child, NULL, 0);
	munmap((void *)watch->lowest, sizeof(*watch->lowest));
}

/*
 * lowest COMMAND...: run a command and tell the free memory before and after
 * it, and the least that there was meanwhile, at a look every millisecond
 */
int command_lowest(char **args)
{
	struct watch watch = { 0 };
	uint64_t before, after;
	int error = start_watch(&watch);

	if (error)
		return error;
	before = free_memory();
	error = run_command(args);
	after = free_memory();
	out("before=%llu after=%llu lowest=%llu", (unsigned long long)before,
	    (unsigned long long)after, (unsigned long long)*watch.lowest);
	end_watch(&watch);
	return error;
}

/* lines PATH: a text file of any length */
int command_lines(char **args)
{
	char line[LINE_SIZE / 2];
	FILE *file = fopen(args[0], "re");

	if (!file)
		return fail(-errno, "open %s", args[0]);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		out("%s", line);
	}
	fclose(file);
	return 0;
}
