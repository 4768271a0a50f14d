// SPDX-License-Identifier: GPL-2.0-or-later
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "root.h"

/* Jobs block signals, see job.c; a program is not to inherit that. */
static void execute(const char *path, const char *const *words)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	execv(path, (char *const *)words);
	_exit(127);
}

int run_program(const char *const *words)
{
	_cleanup_free_ char *path = NULL;
	int status;
	pid_t pid;

	if (asprintf(&path, "%s%s", fr_root(), words[0]) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		execute(path, words);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
