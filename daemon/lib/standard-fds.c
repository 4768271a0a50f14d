// SPDX-License-Identifier: GPL-2.0-or-later
#include "standard-fds.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int fr_standard_fds_init(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* Those below are open, so this is the one that is got. */
		if (open("/dev/null", flags | O_NOCTTY) < 0)
			return -errno;
	}
	return 0;
}
