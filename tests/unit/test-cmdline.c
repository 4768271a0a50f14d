// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "cmdline.h"

#define OURS "root=/dev/fastreboot ro rootfstype=erofs"

static void values(void **state)
{
	static const struct {
		const char *cmdline;
		const char *expected;
	} cases[] = {
		{ "", NULL },
		{ "quiet ro", NULL },
		{ "root=/dev/vda", "/dev/vda" },
		{ "  root=a\troot=b  ", "b" },
		{ "root=", "" },
		{ "root", NULL },
		{ "rootflags=x xroot=y", NULL },
		{ "root=a -- root=b", "a" },
		{ "-- root=b", NULL },
		{ "root=\"LABEL=a b\" c", "LABEL=a b" },
		{ "\"root=LABEL=a b\" c", "LABEL=a b" },
		{ "x=\"y root=a\"", NULL },
		{ "root=\"a", "a" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *value = (char *)"untouched";

		assert_int_equal(
			fr_cmdline_value(cases[i].cmdline, "root", &value), 0);
		if (cases[i].expected)
			assert_string_equal(value, cases[i].expected);
		else
			assert_null(value);
		free(value);
	}
}

static void root_is_added(void **state)
{
	static const struct {
		const char *cmdline;
		bool replace;
		const char *expected;
	} cases[] = {
		{ "", false, OURS },
		{ "", true, OURS },
		{ "quiet", false, "quiet " OURS },
		{ "quiet -- single", false, "quiet " OURS " -- single" },
		{ "-- single", true, OURS " -- single" },
		{ "a=\"b  c\"  d", false, "a=\"b  c\" d " OURS },
		/* One of its own stays, unless it is another machine's state. */
		{ "root=/dev/vda rw", false, "root=/dev/vda rw" },
		{ "root=/dev/vda rw quiet rootwait", true, "quiet " OURS },
		{ "rootfstype=ext4 rootflags=x rootdelay=1 rootwait=2 ro a",
		  true, "a " OURS },
		{ "\"root=LABEL=a b\" a", true, "a " OURS },
		{ "root=/dev/vda -- root=/dev/vda", true,
		  OURS " -- root=/dev/vda" },
		/* What only begins so is something else. */
		{ "rootless=1 row rwx", true, "rootless=1 row rwx " OURS },
		{ "root=/dev/fastreboot rootflags=dax init=/x", true,
		  "root=/dev/fastreboot rootflags=dax init=/x rootfstype=erofs" },
		/* The image before may have had another type. */
		{ "root=/dev/fastreboot ro rootfstype=squashfs a -- single",
		  true,
		  "root=/dev/fastreboot ro a rootfstype=erofs -- single" },
		{ OURS, true, OURS },
		{ "root=/dev/fastreboot rootfstype=ext4", false,
		  "root=/dev/fastreboot rootfstype=ext4" },
		{ "root=/dev/fastreboot", false, "root=/dev/fastreboot" },
		{ "a \"b c", false, "a \"b c\" " OURS },
		{ "rootfstype=erofs a", false,
		  "rootfstype=erofs a root=/dev/fastreboot ro" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *cmdline = NULL;

		assert_int_equal(fr_cmdline_add_root(cases[i].cmdline, "erofs",
						     cases[i].replace,
						     &cmdline),
				 0);
		assert_string_equal(cmdline, cases[i].expected);
		free(cmdline);
	}
}

static void type_may_be_unknown(void **state)
{
	char *cmdline = NULL;

	assert_int_equal(fr_cmdline_add_root("a", NULL, false, &cmdline), 0);
	assert_string_equal(cmdline, "a root=/dev/fastreboot ro");
	free(cmdline);
	assert_int_equal(fr_cmdline_add_root(OURS " a", NULL, true, &cmdline),
			 0);
	assert_string_equal(cmdline, "root=/dev/fastreboot ro a");
	free(cmdline);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(values),
	UNIT_TEST(root_is_added),
	UNIT_TEST(type_may_be_unknown),
};
UNIT_MAIN(tests)
