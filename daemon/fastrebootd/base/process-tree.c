// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/process-tree.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cleanup.h"

/**
 * struct process - a process that was seen in /proc
 */
struct process {
	pid_t pid;
	pid_t parent;
	bool below;
};

/**
 * struct processes - all of them
 */
struct processes {
	size_t n;
	struct process *list;
};

static void processes_done(struct processes *processes)
{
	free(processes->list);
}

/* Ignored signals outlive execve(), blocked ones as well. */
static void reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the keeper: from here on only what is safe after a fork of a thread. */
static void keep(void (*child)(void *userdata), void *userdata)
{
	int status = 0;
	pid_t pid, ended;

	reset_signals();
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		_exit(126);
	pid = _Fork();
	if (!pid)
		child(userdata);
	/* The daemon's lock is among them. */
	close_range(0, ~0U, 0);
	if (pid < 0)
		_exit(126);
	do {
		ended = waitpid(-1, &status, 0);
	} while (ended != pid && (ended > 0 || errno == EINTR));
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int process_tree_start(void (*child)(void *userdata), void *userdata,
		       pid_t *ret_keeper)
{
	pid_t pid = fork();

	if (!pid)
		keep(child, userdata);
	if (pid < 0)
		return -errno;
	*ret_keeper = pid;
	return 0;
}

/* 0 if it is gone, or only its exit status is left of it. */
static pid_t read_parent(pid_t pid)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[32], line[512];
	const char *rest;
	int parent;
	char state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file || !fgets(line, sizeof(line), file))
		return 0;
	/* Its name comes first, and may have any character in it. */
	rest = strrchr(line, ')');
	if (!rest || sscanf(rest, ") %c %d", &state, &parent) != 2 ||
	    state == 'Z' || state == 'X')
		return 0;
	return parent;
}

static int processes_add(struct processes *processes, pid_t pid)
{
	struct process *list;
	pid_t parent = read_parent(pid);

	if (!parent)
		return 0;
	list = reallocarray(processes->list, processes->n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	processes->list = list;
	list[processes->n++] = (struct process){ .pid = pid, .parent = parent };
	return 0;
}

static int processes_read(struct processes *processes)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc");
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir)))
		if (*entry->d_name >= '1' && *entry->d_name <= '9')
			err = processes_add(processes, atoi(entry->d_name));
	return err;
}

static bool is_below(const struct processes *processes, pid_t parent,
		     pid_t keeper)
{
	if (parent == keeper)
		return true;
	for (size_t i = 0; i < processes->n; i++)
		if (processes->list[i].pid == parent)
			return processes->list[i].below;
	return false;
}

/* Returns how many are below the keeper. */
static size_t mark_below(struct processes *processes, pid_t keeper)
{
	size_t count = 0, before;

	do {
		before = count;
		count = 0;
		for (size_t i = 0; i < processes->n; i++) {
			struct process *process = &processes->list[i];

			process->below =
				is_below(processes, process->parent, keeper);
			count += process->below;
		}
	} while (count != before);
	return count;
}

/* A number can be another process's by now, but not one with the same parent. */
static void kill_one(const struct process *process, uint64_t until)
{
	_cleanup_close_ int fd = pidfd_open(process->pid, 0);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	uint64_t now = clock_usec();

	if (fd < 0 || read_parent(process->pid) != process->parent)
		return;
	pidfd_send_signal(fd, SIGKILL, NULL, 0);
	if (now < until)
		poll(&poll_fd, 1, (int)((until - now) / 1000 + 1));
}

/* One round. Returns how many there were, or a negative errno. */
static ssize_t kill_below(pid_t keeper, uint64_t until)
{
	_cleanup_(processes_done) struct processes processes = { 0 };
	size_t count;
	int err;

	err = processes_read(&processes);
	if (err)
		return err;
	count = mark_below(&processes, keeper);
	for (size_t i = 0; i < processes.n; i++)
		if (processes.list[i].below)
			kill_one(&processes.list[i], until);
	return (ssize_t)count;
}

int process_tree_kill(pid_t keeper, uint64_t timeout_usec)
{
	uint64_t until = clock_usec() + timeout_usec;
	ssize_t count;

	kill(keeper, SIGSTOP);
	do {
		count = kill_below(keeper, until);
	} while (count > 0 && clock_usec() < until);
	kill(keeper, SIGKILL);
	if (count < 0)
		return (int)count;
	return count ? -ETIMEDOUT : 0;
}
