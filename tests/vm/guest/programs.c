// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs from elsewhere, as they are. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

/* Exit status of a program that could not be started, as shells have it. */
#define NOT_STARTED 127

static void start(char **args, int output)
{
	int input = open("/dev/null", O_RDONLY);

	dup2(input, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	execv(args[0], args);
	dprintf(output, "%s: %s\n", args[0], strerrorname_np(errno));
	_exit(NOT_STARTED);
}

/* Show what comes out of a program, line by line, until it closes the pipe. */
static void follow(int fd)
{
	FILE *output = fdopen(fd, "re");
	char line[LINE_SIZE / 2];

	if (!output)
		return;
	while (fgets(line, sizeof(line), output)) {
		line[strcspn(line, "\n")] = '\0';
		out("%s", line);
	}
	fclose(output);
}

/* run PROGRAM [ARGUMENT...]: the last line has its exit status */
int command_run(char **args)
{
	int ends[2], status;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return fail(-errno, "make a pipe");
	child = fork();
	if (!child)
		start(args, ends[1]);
	close(ends[1]);
	if (child > 0)
		follow(ends[0]);
	else
		close(ends[0]);
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return fail(-errno, "run %s", args[0]);
	if (!WIFEXITED(status))
		return fail(-ECHILD, "run %s: signal %d", args[0],
			    WTERMSIG(status));
	out("status %d", WEXITSTATUS(status));
	return 0;
}
