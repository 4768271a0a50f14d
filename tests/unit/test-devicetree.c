// SPDX-License-Identifier: GPL-2.0-or-later
#include "files-fixture.h"

#include <errno.h>

#include "devicetree.h"

#define SIZE 100

/* Of a tree with one 32-bit number changed; NULL: it is whole. */
static const char *check_with(size_t at, u32 value)
{
	struct blob dtb = make_dtb(SIZE);
	const char *why = NULL;
	int err;

	for (size_t i = 0; i < 4; i++)
		dtb.data[at + i] = (u8)(value >> (24 - 8 * i));
	err = fr_devicetree_check(dtb.data, dtb.size, &why);
	assert_int_equal(err, why ? -EINVAL : 0);
	blob_free(&dtb);
	return why;
}

static void whole(void **state)
{
	assert_null(check_with(0, 0xd00dfeed));
	/* Version 16 has no size of the structure. */
	assert_null(check_with(20, 16));
	/* What a property has does not matter. */
	assert_null(check_with(76, 0xffffffff));
}

static void damaged(void **state)
{
	static const struct {
		size_t at;
		u32 value;
		const char *why;
	} cases[] = {
		{ 0, 0xd00dfeec, "no header" },
		{ 4, SIZE + 1, "cut off" },
		{ 4, 39, "cut off" },
		{ 4, 91, "structure is not in it" },
		{ 4, 99, "strings are not" },
		{ 8, 57, "structure is not in it" },
		{ 8, 36, "structure is not in it" },
		{ 8, 0xfffffffc, "structure is not in it" },
		{ 36, SIZE, "structure is not in it" },
		{ 36, 32, "no end" },
		{ 36, 0, "no end" },
		{ 12, 0xffffffff, "strings are not" },
		{ 32, 9, "strings are not" },
		{ 32, 0, "property has no name" },
		{ 32, 1, "property has no name" },
		{ 16, 44, "not aligned" },
		{ 16, 0xfffffff8, "reserved memory has no end" },
		{ 16, 96, "reserved memory has no end" },
		{ 20, 15, "version" },
		{ 24, 18, "version" },
		{ 56, 4, "no node and no property" },
		{ 56, 3, "in no node" },
		{ 56, 2, "not begun" },
		{ 56, 9, "within a node" },
		{ 56, 7, "no node and no property" },
		{ 60, 0x61616161, "" },
		{ 68, 32, "beyond its end" },
		{ 68, 0xffffffff, "beyond its end" },
		{ 72, 8, "property has no name" },
		{ 84, 4, "within a node" },
		{ 84, 1, "no end" },
		{ 88, 1, "two roots" },
		{ 88, 4, "no end" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *why = check_with(cases[i].at, cases[i].value);

		if (!why || !strstr(why, cases[i].why))
			fail_msg("%zu: %s", i, why ?: "is whole");
	}
}

/* Whatever is in it, nothing is read that is not there. */
static void random_damage(void **state)
{
	struct random random = { 7 };
	unsigned int rounds = unit_rounds(200000);

	while (rounds--) {
		struct blob dtb = make_dtb(SIZE);
		const char *why = "";

		for (u32 i = random_below(&random, 4) + 1; i; i--)
			dtb.data[random_below(&random, SIZE)] =
				(u8)(random_below(&random, 2) ?
					     random_below(&random, 12) :
					     random_below(&random, 256));
		fr_devicetree_check(dtb.data, dtb.size, &why);
		blob_free(&dtb);
	}
}

static void every_length(void **state)
{
	for (size_t size = 0; size < SIZE; size++) {
		struct blob dtb = make_dtb(SIZE), part = { 0 };
		const char *why = "";

		blob_add(&part, dtb.data, size);
		assert_int_equal(fr_devicetree_check(part.data, size, &why),
				 -EINVAL);
		blob_free(&part);
		blob_free(&dtb);
	}
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(whole),
	UNIT_TEST(damaged),
	UNIT_TEST(random_damage),
	UNIT_TEST(every_length),
};
FILES_UNIT_MAIN(tests)
