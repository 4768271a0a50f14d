// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands that look at and change physical memory, by /dev/mem. A kernel with
 * STRICT_DEVMEM answers EPERM for memory that it manages.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"

#define PEEK_SIZE 4096
/* Bytes of memory in a line of "peek". */
#define PEEK_LINE 32

/**
 * struct window - physical memory, mapped
 * @map: what mmap() returned
 * @size: bytes of @map
 * @at: the byte that was asked for
 */
struct window {
	void *map;
	size_t size;
	volatile uint8_t *at;
};

static int map_window(uint64_t address, size_t size, struct window *ret_window)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	uint64_t skip = address % page;
	struct window window = { .size = skip + size };
	int fd = open("/dev/mem", O_RDWR | O_CLOEXEC);
	int error = 0;

	if (fd < 0)
		return fail(-errno, "open /dev/mem");
	window.map = mmap(NULL, window.size, PROT_READ | PROT_WRITE, MAP_SHARED,
			  fd, address - skip);
	if (window.map == MAP_FAILED)
		error = -errno;
	close(fd);
	if (error)
		return fail(error, "map the memory at 0x%llx",
			    (unsigned long long)address);
	window.at = (volatile uint8_t *)window.map + skip;
	*ret_window = window;
	return 0;
}

static int open_window(const char *address, size_t size,
		       struct window *ret_window)
{
	uint64_t start;

	return parse_number(address, &start) ?:
		       map_window(start, size, ret_window);
}

static void close_window(struct window *window)
{
	munmap(window->map, window->size);
}

/* peek ADDRESS LENGTH */
int command_peek(char **args)
{
	char text[2 * PEEK_LINE + 1] = "";
	struct window window;
	uint64_t length, i;
	int error;

	error = parse_number(args[1], &length);
	if (error)
		return error;
	if (length > PEEK_SIZE)
		return fail(-EFBIG, "show %s bytes", args[1]);
	error = open_window(args[0], length, &window);
	if (error)
		return error;
	for (i = 0; i < length; i++) {
		sprintf(text + 2 * (i % PEEK_LINE), "%02x", window.at[i]);
		if (i % PEEK_LINE == PEEK_LINE - 1 || i == length - 1)
			out("%s", text);
	}
	close_window(&window);
	return 0;
}

/* poke ADDRESS BYTE */
int command_poke(char **args)
{
	struct window window;
	uint64_t byte;
	int error;

	error = parse_number(args[1], &byte) ?:
					       open_window(args[0], 1, &window);
	if (error)
		return error;
	*window.at = byte;
	close_window(&window);
	return 0;
}

/* poke-hex ADDRESS HEXADECIMAL-DIGITS */
int command_poke_hex(char **args)
{
	size_t size = strlen(args[1]) / 2;
	struct window window = { 0 };
	unsigned int byte;
	int error;

	error = open_window(args[0], size, &window);
	for (size_t i = 0; !error && i < size; i++) {
		if (sscanf(args[1] + 2 * i, "%2x", &byte) != 1)
			error = fail(-EINVAL, "read the digits");
		else
			window.at[i] = byte;
	}
	if (window.map)
		close_window(&window);
	return error;
}

/*
 * wild-write ADDRESS BYTE. What write(2) gets, the kernel writes itself, by the
 * mapping that it has of all memory. The caller may not survive it.
 */
int command_wild_write(char **args)
{
	uint64_t address, number;
	uint8_t byte;
	int fd, error;

	error = parse_number(args[0], &address) ?:
						  parse_number(args[1], &number);
	if (error)
		return error;
	fd = open("/dev/mem", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(-errno, "open /dev/mem");
	byte = number;
	if (pwrite(fd, &byte, 1, address) != 1)
		error = fail(-errno, "write to the memory at %s", args[0]);
	close(fd);
	return error;
}

/* flip ADDRESS */
int command_flip(char **args)
{
	struct window window;
	int error = open_window(args[0], 1, &window);

	if (error)
		return error;
	*window.at ^= 1;
	close_window(&window);
	return 0;
}
