// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the daemon's files are. */
#include "unit.h"

#include <stdlib.h>

#include "../../daemon/fastrebootd/base/place.h"
#include "../../daemon/lib/root.h"

static void the_machines_own(void **state)
{
	unsetenv("FASTREBOOT_ROOT");
	unsetenv("FASTREBOOT_RUNTIME");
	assert_string_equal(fr_root(), "");
	assert_string_equal(place_runtime(), "/run/fastreboot");
}

static void those_of_a_test(void **state)
{
	setenv("FASTREBOOT_ROOT", "/a", 1);
	setenv("FASTREBOOT_RUNTIME", "/b", 1);
	assert_string_equal(fr_root(), "/a");
	assert_string_equal(place_runtime(), "/b");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(the_machines_own),
	UNIT_TEST(those_of_a_test),
};
UNIT_MAIN(tests)
