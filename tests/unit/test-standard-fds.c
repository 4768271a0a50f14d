// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "standard-fds.h"

/* Which of 0 to 3 are open, as bits, when those of @closed were not. */
static int try_all(int closed)
{
	char c = 0;
	int bits = 0;

	for (int fd = 0; fd < 3; fd++)
		if (closed & 1 << fd)
			close(fd);
	close(3);
	if (fr_standard_fds_init() < 0)
		return 255;
	for (int fd = 0; fd < 4; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			bits |= 1 << fd;
	if (closed & 1 && (read(0, &c, 1) >= 0 || errno != EBADF))
		return 254;
	for (int fd = 1; fd < 3; fd++)
		if (closed & 1 << fd &&
		    (write(fd, &c, 1) >= 0 || errno != EBADF))
			return 254;
	return bits;
}

static void closed_descriptors(void **state)
{
	for (int closed = 0; closed < 8; closed++) {
		int status = 0;
		pid_t pid = fork();

		if (!pid)
			_exit(try_all(closed));
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			continue;
		assert_int_equal(WEXITSTATUS(status), 7);
	}
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(closed_descriptors),
};
UNIT_MAIN(tests)
