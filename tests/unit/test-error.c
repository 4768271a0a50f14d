// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "error.h"

static void numbers_and_names(void **state)
{
	/* An ABI: exit codes, and ends of the names of D-Bus errors. */
	static const struct {
		int number;
		const char *name;
	} expected[] = {
		{ 0, "Ok" },
		{ 1, "Failed" },
		{ 2, "Usage" },
		{ 3, "NotStaged" },
		{ 4, "Refused" },
		{ 5, "VerificationFailed" },
		{ 6, "Busy" },
		{ 7, "NotPermitted" },
		{ 8, "NoPool" },
		{ 9, "Unsupported" },
		{ 10, "InvalidPayload" },
		{ 11, "Cancelled" },
		{ 12, "NoDaemon" },
		{ 13, "Stale" },
		{ 14, "TooLarge" },
		{ 15, "NotFound" },
		{ 16, "Signature" },
		{ 17, "SourceChanged" },
		{ 18, "NoMemory" },
		{ 19, "OtherPayload" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_string_equal(fr_failure_name(expected[i].number),
				    expected[i].name);
		assert_int_equal(fr_failure_from_name(expected[i].name),
				 expected[i].number);
	}
	assert_string_equal(fr_failure_name(20), "Failed");
	assert_string_equal(fr_failure_name((enum fr_failure) - 1), "Failed");
}

static void names_of_dbus_errors(void **state)
{
	assert_int_equal(fr_failure_from_name("org.fastreboot1.Error.Stale"),
			 FR_STALE);
	assert_int_equal(
		fr_failure_from_name("org.freedesktop.DBus.Error.NoReply"),
		FR_FAILED);
	assert_int_equal(fr_failure_from_name(""), FR_FAILED);
	assert_int_equal(fr_failure_from_name("stale"), FR_FAILED);
}

static void text_is_one_line(void **state)
{
	struct fr_error error = { 0 };

	assert_int_equal(fr_fail(&error, FR_BUSY, -EBUSY, "a\nb\t%s\x7f", "c"),
			 -EBUSY);
	assert_int_equal(error.failure, FR_BUSY);
	assert_string_equal(error.text, "a?b?c?");
}

static void text_is_cut(void **state)
{
	struct fr_error error = { 0 };
	char text[2000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	fr_fail(&error, FR_FAILED, -EIO, "%s", text);
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
}

static void no_error_wanted(void **state)
{
	assert_int_equal(fr_fail(NULL, FR_FAILED, -EIO, "text"), -EIO);
	assert_int_equal(fr_fail_memory(NULL), -ENOMEM);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(numbers_and_names), UNIT_TEST(names_of_dbus_errors),
	UNIT_TEST(text_is_one_line),  UNIT_TEST(text_is_cut),
	UNIT_TEST(no_error_wanted),
};
UNIT_MAIN(tests)
