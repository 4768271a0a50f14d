// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/sync.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cleanup.h"
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

static void child_main(void)
{
	close_range(0, ~0U, 0);
	write_all();
	_exit(0);
}

static int wait_for(int pid_fd, uint64_t timeout_usec, int cancel_fd)
{
	struct pollfd fds[] = {
		{ .fd = pid_fd, .events = POLLIN },
		{ .fd = cancel_fd, .events = POLLIN },
	};
	uint64_t end = clock_usec() + timeout_usec;

	for (;;) {
		uint64_t now = clock_usec();
		int n;

		if (now >= end)
			return -ETIMEDOUT;
		n = poll(fds, 2, (int)((end - now) / 1000 + 1));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && fds[0].revents)
			return 0;
		if (n > 0)
			return -ECANCELED;
	}
}

/* One that a disk holds ends with the disk's answer, or with the machine. */
static void leave_behind(pid_t pid, int pid_fd)
{
	kill(pid, SIGKILL);
	if (!wait_for(pid_fd, SYNC_KILL_USEC, -1))
		waitpid(pid, NULL, 0);
}

static int run_child(uint64_t timeout_usec, int cancel_fd)
{
	_cleanup_close_ int pid_fd = -1;
	pid_t pid = fork();
	int err;

	if (!pid)
		child_main();
	if (pid < 0)
		return -errno;
	pid_fd = pidfd_open(pid, 0);
	err = pid_fd < 0 ? -errno : wait_for(pid_fd, timeout_usec, cancel_fd);
	if (!err)
		waitpid(pid, NULL, 0);
	else
		leave_behind(pid, pid_fd);
	return err;
}

int sync_disks(uint64_t timeout_usec, int cancel_fd, struct fr_error *error)
{
	int err = run_child(timeout_usec, cancel_fd);

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
