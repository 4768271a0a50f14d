// SPDX-License-Identifier: GPL-2.0-or-later
/* What goes into messages. */
#include "files-fixture.h"

#include <stdlib.h>

#include "../../daemon/fastrebootd/transport/message.h"

static void texts_for_the_bus(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{ "plain", "plain" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xff\xfe", "??" },
		{ "a\xc3", "a?" },
		{ "\xe2\x82\xac", "\xe2\x82\xac" },
		{ "\xe0\x80\x80", "???" },
		{ "\xed\xa0\x80", "???" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
		{ "\xf5\x80\x80\x80", "????" },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = message_text(cases[i].text);

		assert_string_equal(text, cases[i].expected);
		free(text);
	}
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(texts_for_the_bus),
};
FILES_UNIT_MAIN(tests)
