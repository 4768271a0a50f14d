// SPDX-License-Identifier: GPL-2.0-or-later
/* Text for people: nothing dangerous, sizes, times, and the progress bar. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/fastreboot/progress.h"
#include "../../tools/fastreboot/text.h"

static void expect_put(const char *string, const char *expected)
{
	char *buffer = NULL;
	size_t size;
	FILE *out = open_memstream(&buffer, &size);

	assert_non_null(out);
	text_put(out, string);
	fclose(out);
	assert_string_equal(buffer, expected);
	free(buffer);
}

static void control_characters_are_replaced(void **state)
{
	expect_put("plain, with \303\244 and \342\202\254",
		   "plain, with \303\244 and \342\202\254");
	expect_put("\033[2J\r\n\177", "?[2J???");
	/* CSI as U+009B; U+00A0, which follows the C1 characters, stays */
	expect_put("a\302\2332J\302\240", "a?2J\302\240");
	/* cut off in the middle of a character */
	expect_put("\302", "\302");
	expect_put(NULL, "");
}

static void sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0 bytes" },	   { 1023, "1023 bytes" },
		{ 1024, "1 KiB" },	   { 780800, "762 KiB" },
		{ 7873024, "7.5 MiB" },	   { 1048575, "1 MiB" },
		{ 268435456, "256 MiB" },  { 127 * 1048576, "127 MiB" },
		{ 1610612736, "1.5 GiB" }, { UINT64_MAX, "16777216 TiB" },
	};
	char text[TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		text_size(cases[i].bytes, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void durations(void **state)
{
	char text[TEXT_MAX];

	text_duration(0, text);
	assert_string_equal(text, "0.000 ms");
	text_duration(54920123, text);
	assert_string_equal(text, "54.920 ms");
	text_duration(1500000000, text);
	assert_string_equal(text, "1.500 s");
	text_duration(UINT64_MAX, text);
	assert_string_equal(text, "18446744073.710 s");
}

static void expect_when(time_t when, time_t now, const char *expected)
{
	char text[TEXT_MAX];

	text_when(when, now, text);
	assert_string_equal(text, expected);
}

static void points_in_time(void **state)
{
	setenv("TZ", "UTC", 1);
	expect_when(0, 59, "Thu 1970-01-01 00:00:00 UTC (59 s ago)");
	expect_when(0, 3599, "Thu 1970-01-01 00:00:00 UTC (59 min ago)");
	expect_when(0, 7500, "Thu 1970-01-01 00:00:00 UTC (2 h 5 min ago)");
	expect_when(0, 864000, "Thu 1970-01-01 00:00:00 UTC (10 days ago)");
	/* clocks that were set back */
	expect_when(60, 0, "Thu 1970-01-01 00:01:00 UTC");
}

static void parse_time(void **state)
{
	static const char *const bad[] = {
		"",
		"2026-11-21",
		"2026-11-21T16:00:00",
		"yesterday",
		"2026-11-21T16:00:00Zulu",
		"2026-11-21 16:00:00Z",
	};
	time_t when = 5;

	assert_int_equal(text_parse_time("2026-11-21T16:00:00Z", &when), 0);
	assert_int_equal(when, 1795276800);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(text_parse_time(bad[i], &when), -EINVAL);
	assert_int_equal(when, 1795276800);
}

static void expect_bar(const char *step, uint64_t done, uint64_t total,
		       bool bytes, unsigned int width, const char *expected)
{
	char bar[PROGRESS_MAX];

	progress_format(step, done, total, bytes, width, bar);
	assert_string_equal(bar, expected);
}

static void progress_bar(void **state)
{
	expect_bar("kernel", 1048576, 4194304, true, 80,
		   "kernel               [======>                  ]  25% "
		   "1 MiB of 4 MiB");
	expect_bar("checks", 2, 2, false, 60,
		   "checks               [===============================] "
		   "100%");
	expect_bar("seal", 0, 0, true, 80, "seal                 ");
	expect_bar("read", 5, 0, true, 80, "read                 5 bytes");
	/* more than there is, as when a file grows */
	expect_bar("kernel", 5, 4, false, 44,
		   "kernel               [===============] 100%");
	expect_bar("k\033[2J", 1, 2, false, 20, "k?[2J 50%");
}

/* Whatever the terminal's width and the numbers, the bar stays on its line. */
static void progress_bar_fits(void **state)
{
	static const uint64_t numbers[] = { 0,	     1,		 1023,
					    1048575, 1ULL << 40, UINT64_MAX };
	static const char step[] = "a step whose name is far too long";
	char bar[PROGRESS_MAX];

	for (unsigned int width = 0; width < 400; width++) {
		for (int i = 0; i < 36; i++) {
			progress_format(step, numbers[i / 6], numbers[i % 6],
					i & 1, width, bar);
			assert_true(strlen(bar) < (width ? width : 1));
		}
	}
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(control_characters_are_replaced),
	UNIT_TEST(sizes),
	UNIT_TEST(durations),
	UNIT_TEST(points_in_time),
	UNIT_TEST(parse_time),
	UNIT_TEST(progress_bar),
	UNIT_TEST(progress_bar_fits),
};
UNIT_MAIN(tests)
