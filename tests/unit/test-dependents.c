// SPDX-License-Identifier: GPL-2.0-or-later
/* The units that a unit's stop takes with it, where no systemd can be asked. */
#include "daemon-fixture.h"

#include "../../daemon/fastrebootd/jobs/dependents.h"

static void nobody_knows_without_systemd(void **state)
{
	assert_null(dependents_find("var-lib-fastreboot-state.mount"));
}

static void one_that_does_not_answer(void **state)
{
	/* Nothing listens there. */
	setenv("FASTREBOOT_SYSTEMD", "unix:path=/nowhere/systemd", 1);
	assert_null(dependents_find("var-lib-fastreboot-state.mount"));
}

static void freeing_nothing(void **state)
{
	dependents_free(NULL);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(nobody_knows_without_systemd),
	UNIT_TEST(one_that_does_not_answer),
	UNIT_TEST(freeing_nothing),
};
FILES_UNIT_MAIN(tests)
