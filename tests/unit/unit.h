/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every unit test program includes, and includes first. A program is one
 * file, test-<program>.c, that ends with
 *
 *	static const struct CMUnitTest tests[] = {
 *		UNIT_TEST(round_trip),
 *		UNIT_TEST(init),
 *	};
 *	UNIT_MAIN(tests)
 *
 * The Makefile finds the program by its name and the names of its tests by
 * UNIT_TEST().
 */
#ifndef _UNIT_H
#define _UNIT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#ifdef UNIT_KERNEL
#include <linux/types.h>

#include <asm/byteorder.h>
#else
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#endif

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

#define UNIT_TEST(test) \
	{ "unit." UNIT_PROGRAM "." #test, test, NULL, NULL, NULL }

#define UNIT_MAIN(tests)                                                      \
	int main(void)                                                        \
	{                                                                     \
		unit_prepare();                                               \
		return cmocka_run_group_tests_name(UNIT_PROGRAM, tests, NULL, \
						   NULL);                     \
	}

void unit_prepare(void);
const char *unit_folder(void);
unsigned int unit_rounds(unsigned int rounds);

/**
 * struct random - reproducible pseudo-random numbers
 * @state: any value is a seed
 */
struct random {
	u64 state;
};

u64 random_next(struct random *random);
u32 random_below(struct random *random, u32 limit);
void random_fill(struct random *random, void *buffer, size_t size);

#endif /* _UNIT_H */
