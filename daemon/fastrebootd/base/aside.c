// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/aside.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cleanup.h"

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
	if (!wait_for(pid_fd, ASIDE_KILL_USEC, -1))
		waitpid(pid, NULL, 0);
}

static int result_of(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

int aside_run(int (*body)(void *userdata), void *userdata,
	      uint64_t timeout_usec, int cancel_fd)
{
	_cleanup_close_ int pid_fd = -1;
	pid_t pid = fork();
	int err;

	if (!pid) {
		close_range(0, ~0U, 0);
		_exit(-body(userdata));
	}
	if (pid < 0)
		return -errno;
	pid_fd = pidfd_open(pid, 0);
	err = pid_fd < 0 ? -errno : wait_for(pid_fd, timeout_usec, cancel_fd);
	if (!err)
		return result_of(pid);
	leave_behind(pid, pid_fd);
	return err;
}
