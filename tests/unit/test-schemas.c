// SPDX-License-Identifier: GPL-2.0-or-later
/* What payloads declare about preserved state. */
#include "state-fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schemas.h"

static int parse(const char *text, struct fr_schemas *ret,
		 struct fr_error *error)
{
	return fr_schemas_parse(text, strlen(text), "file", ret, error);
}

static struct fr_schemas good(const char *text)
{
	struct fr_error error = { 0 };
	struct fr_schemas schemas = { 0 };
	int err = parse(text, &schemas, &error);

	if (err)
		fail_msg("%s", error.text);
	assert_true(schemas.declared);
	return schemas;
}

static void what_is_understood(void **state)
{
	_cleanup_schemas_ struct fr_schemas schemas =
		good("# comment\n\n  sessions\t2-4 # more\r\nroutes 1\n"
		     "x.y_z-0 0-4294967295");

	assert_int_equal(schemas.count, 3);
	assert_true(fr_schemas_understand(&schemas, "sessions", 2));
	assert_true(fr_schemas_understand(&schemas, "sessions", 4));
	assert_false(fr_schemas_understand(&schemas, "sessions", 1));
	assert_false(fr_schemas_understand(&schemas, "sessions", 5));
	assert_true(fr_schemas_understand(&schemas, "routes", 1));
	assert_false(fr_schemas_understand(&schemas, "routes", 0));
	assert_false(fr_schemas_understand(&schemas, "route", 1));
	assert_true(fr_schemas_understand(&schemas, "x.y_z-0", UINT32_MAX));
	/* every payload understands what has no schema */
	assert_true(fr_schemas_understand(&schemas, "", 7));
}

static void nothing_is_declared(void **state)
{
	_cleanup_schemas_ struct fr_schemas empty = good("# nothing at all\n");
	const struct fr_schemas none = { 0 };

	assert_true(fr_schemas_understand(&none, "sessions", 1));
	assert_false(fr_schemas_understand(&empty, "sessions", 1));
	assert_true(fr_schemas_understand(&empty, "", 1));
}

static void mistakes(void **state)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{ "sessions", "file:1: behind the name" },
		{ "sessions ", "behind the name" },
		{ "\nsessions x", "file:2: behind the name" },
		{ "sessions -1", "behind the name" },
		{ "sessions 1-", "behind the name" },
		{ "sessions 1-2-3", "behind the name" },
		{ "sessions 1 2", "behind the name" },
		{ "sessions 4294967296", "behind the name" },
		{ "sessions 99999999999", "behind the name" },
		{ "sessions 3-2", "the smaller one" },
		{ "Sessions 1", "the name of a schema" },
		{ "ses:sions 1", "the name of a schema" },
		{ "a23456789012345678901234567890123456789012345678901234567890"
		  "1234 1",
		  "at most 63" },
		{ "a 1\nb 2\na 3\n", "file:3: this schema is there already" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fr_error error = { 0 };
		struct fr_schemas schemas;

		assert_int_equal(parse(cases[i].text, &schemas, &error),
				 -EINVAL);
		assert_int_equal(error.failure, FR_INVALID_PAYLOAD);
		if (!strstr(error.text, cases[i].part))
			fail_msg("'%s' lacks '%s'", error.text, cases[i].part);
	}
}

static void limits(void **state)
{
	struct fr_error error = { 0 };
	struct fr_schemas schemas;
	char *text = calloc(1, 16 * FR_SCHEMAS_MAX + 100);

	for (int i = 0; i < FR_SCHEMAS_MAX; i++)
		sprintf(text + strlen(text), "s%d 1\n", i);
	schemas = good(text);
	assert_int_equal(schemas.count, FR_SCHEMAS_MAX);
	fr_schemas_done(&schemas);
	strcat(text, "more 1\n");
	assert_int_equal(parse(text, &schemas, &error), -EINVAL);
	assert_non_null(strstr(error.text, "more than 256"));
	free(text);
	assert_int_equal(fr_schemas_parse("a 1\0b 2", 7, "file", &schemas,
					  &error),
			 -EINVAL);
	assert_non_null(strstr(error.text, "not a text file"));
}

static void format_and_back(void **state)
{
	_cleanup_schemas_ struct fr_schemas schemas =
		good("a 1-1 # x\n\n b  7 \nc 2-30");
	_cleanup_schemas_ struct fr_schemas again = { 0 };
	char *text;

	assert_int_equal(fr_schemas_format(&schemas, &text), 0);
	assert_string_equal(text, "a 1\nb 7\nc 2-30");
	again = good(text);
	assert_int_equal(again.count, 3);
	assert_memory_equal(again.list, schemas.list, 3 * sizeof(*again.list));
	free(text);
}

static void write_file(const char *path, const char *text, size_t size)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	fclose(file);
}

static void beside_the_kernel(void **state)
{
	_cleanup_schemas_ struct fr_schemas schemas = { .declared = true };
	struct fr_error error = { 0 };
	char kernel[128], file[160], large[FR_SCHEMAS_SIZE_MAX + 1];

	snprintf(kernel, sizeof(kernel), "%s/Image", state_root());
	snprintf(file, sizeof(file), "%s.schemas", kernel);
	assert_int_equal(fr_schemas_load_of(kernel, &schemas, &error), 0);
	assert_false(schemas.declared);
	assert_int_equal(error.failure, FR_OK);
	write_file(file, "a 1\n", 4);
	assert_int_equal(fr_schemas_load_of(kernel, &schemas, &error), 0);
	assert_int_equal(schemas.count, 1);
	fr_schemas_done(&schemas);
	write_file(file, "a\n", 2);
	assert_int_equal(fr_schemas_load_of(kernel, &schemas, &error), -EINVAL);
	assert_non_null(strstr(error.text, "Image.schemas:1:"));
	memset(large, '#', sizeof(large));
	write_file(file, large, sizeof(large));
	assert_int_equal(fr_schemas_load_of(kernel, &schemas, &error), -EFBIG);
	assert_int_equal(error.failure, FR_TOO_LARGE);
	unlink(file);
	assert_int_equal(fr_schemas_load(file, &schemas, &error), -ENOENT);
	assert_int_equal(error.failure, FR_NOT_FOUND);
}

static void objects(void **state)
{
	_cleanup_schemas_ struct fr_schemas understands = good("test 1");
	_cleanup_schemas_ struct fr_schemas later = good("test 2-9");
	struct fr_error error = { 0 };
	unsigned int count = 7;

	assert_int_equal(fr_schemas_check(&later, "/nonexistent", &count,
					  &error),
			 -ENODEV);
	assert_int_equal(error.failure, FR_NOT_FOUND);
	assert_int_equal(fr_schemas_check(&later, state_root(), &count, &error),
			 0);
	assert_int_equal(count, 0);
	state_make("one", FR_STATE_DOUBLE, 10);
	state_make("two", FR_STATE_IN_PLACE, 10);
	state_publish("one", "1", 1);
	state_publish("two", "2", 1);
	assert_int_equal(fr_schemas_check(&understands, state_root(), &count,
					  &error),
			 0);
	assert_int_equal(count, 2);
	assert_int_equal(fr_schemas_check(&later, state_root(), &count, &error),
			 -EPROTO);
	assert_int_equal(error.failure, FR_REFUSED);
	if (!strstr(error.text, "understand one (test 1), two (test 1): "))
		fail_msg("%s", error.text);
}

/*
 * What is in use: it is published when its program is told to end, and by then
 * no commit asks any more.
 */
static void objects_in_use(void **state)
{
	_cleanup_schemas_ struct fr_schemas later = good("test 2-9");
	struct fr_error error = { 0 };
	struct fr_state_error state_error;
	struct fr_state_object *object;
	unsigned int count;
	u8 *data;

	state_clear();
	state_make("new", FR_STATE_DOUBLE, 10);
	assert_int_equal(fr_schemas_check(&later, state_root(), &count, &error),
			 -EPROTO);
	assert_non_null(strstr(error.text, "understand new (test 1): "));
	state_clear();
	state_make("cache", FR_STATE_IN_PLACE, 10);
	state_publish("cache", "1", 1);
	object = state_write("cache", &data);
	expect_state_success(fr_state_claim(object, 0, &state_error),
			     state_error);
	assert_int_equal(fr_schemas_check(&later, state_root(), &count, &error),
			 -EPROTO);
	assert_non_null(strstr(error.text, "understand cache (test 1): "));
	fr_state_close(object);
}

/* What can't be looked at is not understood; what is damaged can't be used. */
static void unknown_objects(void **state)
{
	_cleanup_schemas_ struct fr_schemas understands = good("test 1");
	struct fr_error error = { 0 };
	unsigned int count = 7;

	state_clear();
	state_make("one", FR_STATE_DOUBLE, 10);
	assert_int_equal(truncate(state_file("one"), 10), 0);
	assert_int_equal(fr_schemas_check(&understands, state_root(), &count,
					  &error),
			 0);
	assert_int_equal(count, 0);
	assert_int_equal(symlink("one", state_file("link")), 0);
	assert_int_equal(fr_schemas_check(&understands, state_root(), &count,
					  &error),
			 -ELOOP);
	assert_non_null(strstr(error.text, "object 'link' can't be looked at"));
	state_clear();
}

/* The text says it when there is more than it has room for. */
static void many_objects(void **state)
{
	_cleanup_schemas_ struct fr_schemas none = good("");
	struct fr_error error = { 0 };
	unsigned int count;

	for (int i = 0; i < 60; i++) {
		char name[32];

		snprintf(name, sizeof(name), "many-%02d-of-these", i);
		state_make(name, FR_STATE_IN_PLACE, 1);
		state_publish(name, "", 0);
	}
	assert_int_equal(fr_schemas_check(&none, state_root(), &count, &error),
			 -EPROTO);
	if (!strstr(error.text, ", ...: stage one that does") ||
	    !strstr(error.text, "state remove'"))
		fail_msg("%s", error.text);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(what_is_understood),
	UNIT_TEST(nothing_is_declared),
	UNIT_TEST(mistakes),
	UNIT_TEST(limits),
	UNIT_TEST(format_and_back),
	UNIT_TEST(beside_the_kernel),
	UNIT_TEST(objects),
	UNIT_TEST(objects_in_use),
	UNIT_TEST(unknown_objects),
	UNIT_TEST(many_objects),
};
STATE_UNIT_MAIN(tests)
