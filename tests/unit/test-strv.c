// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"

#include <string.h>

#include "cleanup.h"
#include "strv.h"

static void no_list_is_an_empty_one(void **state)
{
	char *empty[] = { NULL };
	char **copy = NULL;

	assert_int_equal(fr_strv_length(NULL), 0);
	assert_int_equal(fr_strv_length(empty), 0);
	assert_int_equal(fr_strv_copy(NULL, &copy), 0);
	assert_null(copy);
	assert_int_equal(fr_strv_copy(empty, &copy), 0);
	assert_non_null(copy);
	assert_null(copy[0]);
	fr_strv_free(copy);
}

static void strings_are_added_at_the_end(void **state)
{
	_cleanup_strv_ char **strv = NULL;

	assert_int_equal(fr_strv_add(&strv, strdup("one")), 0);
	assert_int_equal(fr_strv_add(&strv, strdup("")), 0);
	assert_int_equal(fr_strv_length(strv), 2);
	assert_string_equal(strv[0], "one");
	assert_string_equal(strv[1], "");
	assert_null(strv[2]);
}

/* The copy lives on when what it was made of is freed. */
static void copies_own_their_strings(void **state)
{
	_cleanup_strv_ char **copy = NULL;
	char **strv = NULL;

	assert_int_equal(fr_strv_add(&strv, strdup("one")), 0);
	assert_int_equal(fr_strv_add(&strv, strdup("two")), 0);
	assert_int_equal(fr_strv_copy(strv, &copy), 0);
	assert_ptr_not_equal(copy[0], strv[0]);
	fr_strv_free(strv);
	assert_int_equal(fr_strv_length(copy), 2);
	assert_string_equal(copy[0], "one");
	assert_string_equal(copy[1], "two");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(no_list_is_an_empty_one),
	UNIT_TEST(strings_are_added_at_the_end),
	UNIT_TEST(copies_own_their_strings),
};
UNIT_MAIN(tests)
