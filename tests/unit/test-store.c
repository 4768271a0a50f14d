// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that survive a loss of power, on disks that answer and on others. */
#include "daemon-fixture.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../daemon/fastrebootd/base/store.h"

#define NAME "/var/lib/fastreboot/some.json"

static void makes_folder_and_file(void **state)
{
	struct stat st;

	machine_put("/var/lib/other", "");
	assert_int_equal(store_file(machine_path(NAME), "one"), 0);
	assert_string_equal(machine_text(NAME), "one");
	assert_int_equal(store_file(machine_path(NAME), "two"), 0);
	assert_string_equal(machine_text(NAME), "two");
	assert_int_equal(stat(machine_path(NAME), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(access(machine_path(NAME ".new"), F_OK), -1);
}

static void what_fails_leaves_the_old_one(void **state)
{
	machine_put(NAME, "old");
	assert_int_equal(mkdir(machine_path(NAME ".new"), 0755), 0);
	assert_int_equal(store_file(machine_path(NAME), "new"), -EISDIR);
	assert_string_equal(machine_text(NAME), "old");
	assert_int_equal(store_file(machine_path(NAME "/below"), "new"),
			 -ENOTDIR);
}

static void the_disk_does_not_answer(void **state)
{
	need_pidfd();
	machine_put(NAME, "old");
	kernel_put("stall-store", "1");
	assert_int_equal(store_file(machine_path(NAME), "new"), -ETIMEDOUT);
	assert_string_equal(machine_text(NAME), "old");
	machine_remove("/sys/stall-store");
	assert_int_equal(store_file(machine_path(NAME), "new"), 0);
	assert_string_equal(machine_text(NAME), "new");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(makes_folder_and_file),
	UNIT_TEST(what_fails_leaves_the_old_one),
	UNIT_TEST(the_disk_does_not_answer),
};
FILES_UNIT_MAIN(tests)
