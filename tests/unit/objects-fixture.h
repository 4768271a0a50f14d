/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of objects share, beyond state-fixture.h: two contents, and what
 * is expected of an object. Each test begins with an empty state volume.
 */
#ifndef OBJECTS_FIXTURE_H
#define OBJECTS_FIXTURE_H

#include "state-fixture.h"

#include <string.h>

/* Program of such tests, instead of UNIT_MAIN(). */
#define OBJECTS_UNIT_MAIN(tests)                                            \
	int main(void)                                                      \
	{                                                                   \
		struct CMUnitTest each[ARRAY_SIZE(tests)];                  \
                                                                            \
		unit_prepare();                                             \
		memcpy(each, tests, sizeof(tests));                         \
		for (size_t i = 0; i < ARRAY_SIZE(each); i++)               \
			each[i].setup_func = objects_begin;                 \
		return cmocka_run_group_tests_name(UNIT_PROGRAM, each,      \
						   state_begin, state_end); \
	}

/* Setup function of a test: fill the contents, remove all objects. */
int objects_begin(void **state);

#define SIZE 10000

/* Two contents that differ, made anew for each test. */
extern u8 content[SIZE], other[SIZE];

/* The schema that state_make() gives an object. */
extern const struct fr_state_schema test_1;

/* What is known about an object, which has to be there. */
struct fr_state_info info_of(const char *name);

/* Fail unless the object has the schema test_1 and this content. */
void expect_content(const char *name, const void *data, size_t size);

/* Fail unless opening it fails this way, with @part in the text. */
void expect_open(const char *name, unsigned int flags, int err,
		 const char *part);

/* Overwrite a part of an object's file. */
void put_at(const char *name, off_t offset, const void *data, size_t size);

#endif
