// SPDX-License-Identifier: GPL-2.0-or-later
/* The times that the daemon asks for. */
#include "unit.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "../../daemon/fastrebootd/base/clock.h"

/* A source has it, and texts are compared to find the newest. */
static void text_is_iso_8601_in_utc(void **state)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	time_t before = time(NULL), told;
	char text[CLOCK_TEXT_SIZE];
	struct tm utc = { 0 };

	clock_text(text);
	assert_int_equal(strlen(text), strlen(form));
	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'd')
			assert_true(isdigit((unsigned char)text[i]));
		else
			assert_int_equal(text[i], form[i]);
	assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%SZ", &utc));
	told = timegm(&utc);
	assert_true(told >= before && told <= time(NULL));
}

static void usec_is_the_monotonic_clock(void **state)
{
	struct timespec now;
	uint64_t before, after;

	before = clock_usec();
	clock_gettime(CLOCK_MONOTONIC, &now);
	after = clock_usec();
	assert_true(before <= (uint64_t)now.tv_sec * 1000000 +
				      (uint64_t)now.tv_nsec / 1000);
	assert_true(after >= (uint64_t)now.tv_sec * 1000000 +
				     (uint64_t)now.tv_nsec / 1000);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(text_is_iso_8601_in_utc),
	UNIT_TEST(usec_is_the_monotonic_clock),
};
UNIT_MAIN(tests)
