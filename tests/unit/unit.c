// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

/* cmocka matches whole names; a pattern without wildcards means "contains". */
static void unit_set_filter(const char *only)
{
	static char pattern[256];
	const char *any = strpbrk(only, "*?") ? "" : "*";

	snprintf(pattern, sizeof(pattern), "%s%s%s", any, only, any);
	cmocka_set_test_filter(pattern);
}

/**
 * unit_prepare - set up cmocka as the environment asks for
 *
 * ONLY is a pattern (* and ?) for the full names of the tests to run. Output
 * is TAP, by lines: what a test says is not lost when the next one crashes.
 */
void unit_prepare(void)
{
	const char *only = getenv("ONLY");

	setvbuf(stdout, NULL, _IOLBF, 0);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (only && *only)
		unit_set_filter(only);
}

/**
 * unit_rounds - how often to repeat what is repeated for its random variants
 * @rounds: number of repetitions
 *
 * UNIT_DIVISOR makes it less under tools that run programs slowly.
 *
 * Return: the number of repetitions, at least 1.
 */
unsigned int unit_rounds(unsigned int rounds)
{
	const char *divisor = getenv("UNIT_DIVISOR");
	int by = divisor ? atoi(divisor) : 1;

	if (by > 1)
		rounds /= by;
	return rounds ? rounds : 1;
}

/**
 * unit_folder - where tests make their folders and files
 *
 * Return: $TMPDIR, which the Makefile has in memory if it can, or "/tmp".
 */
const char *unit_folder(void)
{
	const char *folder = getenv("TMPDIR");

	return folder && *folder ? folder : "/tmp";
}

/**
 * random_next - the next number (SplitMix64)
 * @random: generator
 *
 * Return: any 64 bits.
 */
u64 random_next(struct random *random)
{
	u64 z = random->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/**
 * random_below - a number from 0 to @limit - 1
 * @random: generator
 * @limit: not 0
 *
 * Return: the number.
 */
u32 random_below(struct random *random, u32 limit)
{
	return (random_next(random) >> 32) * limit >> 32;
}

/**
 * random_fill - fill a buffer with random bytes
 * @random: generator
 * @buffer: buffer
 * @size: bytes
 */
void random_fill(struct random *random, void *buffer, size_t size)
{
	u8 *to = buffer;

	while (size) {
		u64 value = random_next(random);
		size_t part = size < sizeof(value) ? size : sizeof(value);

		memcpy(to, &value, part);
		to += part;
		size -= part;
	}
}
