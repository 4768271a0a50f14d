// SPDX-License-Identifier: GPL-2.0-or-later
/* Running the programs of e2fsprogs. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"

static void run_child(const char *const *words, int output)
{
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("LC_ALL", "C", 1);
	execvp(words[0], (char *const *)words);
	dprintf(STDERR_FILENO, "%s: %m\n", words[0]);
	_exit(127);
}

static int wait_child(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* Keep the end of what a program prints. */
static void read_output(int fd, char output[OUTPUT_MAX])
{
	char piece[OUTPUT_MAX / 2];
	size_t used = 0;
	ssize_t n;

	while ((n = fr_read_full(fd, piece, sizeof(piece))) > 0) {
		if (used + (size_t)n >= OUTPUT_MAX) {
			size_t rest = OUTPUT_MAX - 1 - (size_t)n;

			memmove(output, output + used - rest, rest);
			used = rest;
		}
		memcpy(output + used, piece, (size_t)n);
		used += (size_t)n;
	}
	while (used && strchr(" \n", output[used - 1]))
		used--;
	output[used] = '\0';
}

int child_run(const char *const *words, char output[OUTPUT_MAX])
{
	_cleanup_close_ int from = -1, to = -1;
	int fds[2];
	pid_t child;

	output[0] = '\0';
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	from = fds[0];
	to = fds[1];
	child = fork();
	if (child < 0)
		return -errno;
	if (!child)
		run_child(words, to);
	close(fr_steal_fd(&to));
	read_output(from, output);
	return wait_child(child);
}

const char *child_last_line(const char *output)
{
	const char *line = strrchr(output, '\n');

	return line ? line + 1 : output;
}
