// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "strict-json.h"

#define DEPTH 3

FR_DEFINE_CLEANUP(struct json_object *, json_object_put);

/* An array with one string. */
static void expect_parsed(const char *text, const char *string)
{
	_cleanup_(json_object_putp) struct json_object *array = NULL;
	struct json_object *member;

	assert_int_equal(fr_strict_json_parse(text, DEPTH, &array), 0);
	member = json_object_array_get_idx(array, 0);
	assert_string_equal(json_object_get_string(member), string);
}

static void strings(void **state)
{
	static const char *const same[] = {
		"",
		"plain",
		"gr\xc3\xbc\xc3\x9f",
		"\xc2\x80 \xdf\xbf",
		"\xe0\xa0\x80 \xe2\x82\xac \xef\xbf\xbd",
		"\xf0\x90\x80\x80 \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf",
	};
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		snprintf(text, sizeof(text), "[\"%s\"]", same[i]);
		expect_parsed(text, same[i]);
	}
	expect_parsed("[\"\\\\\xc3\xbc\\\"\xc3\xbc\"]", "\\\xc3\xbc\"\xc3\xbc");
	expect_parsed("[\"\\u00fc\"]", "\xc3\xbc");
}

static void names_of_members(void **state)
{
	_cleanup_(json_object_putp) struct json_object *object = NULL;

	assert_int_equal(
		fr_strict_json_parse("{\"\xc3\xbc\":12}", DEPTH, &object), 0);
	assert_int_equal(
		json_object_get_int(json_object_object_get(object, "\xc3\xbc")),
		12);
}

static void a_number_by_itself(void **state)
{
	_cleanup_(json_object_putp) struct json_object *number = NULL;

	assert_int_equal(fr_strict_json_parse("12", DEPTH, &number), 0);
	assert_int_equal(json_object_get_int(number), 12);
}

static void no_json(void **state)
{
	static const char *const bad[] = {
		"",	      "{",
		"[\"a",	      "{} x",
		"null",	      "[1,]",
		"['a']",      "[01]",
		"[nul]",      "[\"\n\"]",
		"[[[[]]]]",   "\xc3\xbc",
		"[\xc3\xbc]", "[\"\\\xc3\xbc\"]",
		"[\"\\x\"]",
	};
	struct json_object *object = (void *)bad;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int err = fr_strict_json_parse(bad[i], DEPTH, &object);

		if (err != -EINVAL)
			print_message("# %s\n", bad[i]);
		assert_int_equal(err, -EINVAL);
		assert_ptr_equal(object, bad);
	}
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(strings),
	UNIT_TEST(names_of_members),
	UNIT_TEST(a_number_by_itself),
	UNIT_TEST(no_json),
};
UNIT_MAIN(tests)
