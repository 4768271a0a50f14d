// SPDX-License-Identifier: GPL-2.0-or-later
/* sync(2) with a deadline, and a disk that does not answer. */
#include "daemon-fixture.h"

#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../daemon/fastrebootd/base/sync.h"

#define MINUTE (60 * UINT64_C(1000000))

static void expect_no_child(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void disks_that_answer(void **state)
{
	struct fr_error error = { 0 };

	need_pidfd();
	expect_ok(sync_disks(MINUTE, -1, &error), &error);
	expect_no_child();
}

static void disks_that_do_not(void **state)
{
	struct fr_error error = { 0 };

	need_pidfd();
	kernel_put("stall-sync", "1");
	expect_error(sync_disks(1000, -1, &error), -ETIMEDOUT, &error,
		     FR_REFUSED, "SyncTimeoutSec=");
	expect_no_child();
}

static void not_waited_for(void **state)
{
	int fd = eventfd(1, EFD_CLOEXEC);
	struct fr_error error = { 0 };

	need_pidfd();
	kernel_put("stall-sync", "1");
	expect_error(sync_disks(MINUTE, fd, &error), -ECANCELED, &error,
		     FR_CANCELLED, "cancelled");
	expect_no_child();
	close(fd);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(disks_that_answer),
	UNIT_TEST(disks_that_do_not),
	UNIT_TEST(not_waited_for),
};
FILES_UNIT_MAIN(tests)
