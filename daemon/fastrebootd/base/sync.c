// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/sync.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/aside.h"
#include "pool.h"

#ifdef FR_TESTING
/* As a disk that does not answer, as long as a test's file is there. */
static void write_all(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/stall-sync", fr_pool_root());
	while (!access(path, F_OK))
		pause();
}
#else
static void write_all(void)
{
	sync();
}
#endif

static int body(void *unused)
{
	write_all();
	return 0;
}

int sync_disks(uint64_t timeout_usec, int cancel_fd, struct fr_error *error)
{
	int err = aside_run(body, NULL, timeout_usec, cancel_fd);

	if (err == -ETIMEDOUT)
		return fr_fail(
			error, FR_REFUSED, err,
			"the disks have not taken in %.3g s what is to be written: see "
			"SyncTimeoutSec=",
			(double)timeout_usec / 1e6);
	if (err == -ECANCELED)
		return fr_fail(error, FR_CANCELLED, err, "cancelled");
	if (err)
		return fr_fail(error, FR_FAILED, err, "can't synchronize: %s",
			       strerror(-err));
	return 0;
}
