// SPDX-License-Identifier: GPL-2.0-or-later
#include "jobs/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/journal.h"
#include "base/process-tree.h"
#include "cleanup.h"
#include "jobs/job.h"

/* Of what a hook says its last bytes are kept. */
#define OUTPUT_SIZE 1024
#define HOOKS_MAX 256
/* One that a disk holds can't be killed. */
#define KILL_USEC (5 * 1000 * 1000)

static const char *const folders[] = { "etc", "run", "usr/lib" };

/**
 * struct hook - a hook that runs
 */
struct hook {
	const char *path;
	char **environment;
	pid_t pid;
	int pid_fd;
	int output_fd;
	int child_fd;
	char output[OUTPUT_SIZE];
	size_t output_size;
};

/**
 * struct hook_list - names and the paths that count for them, sorted by name
 */
struct hook_list {
	size_t n;
	char *paths[HOOKS_MAX];
};

static void hook_list_free(struct hook_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->paths[i]);
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

static bool list_has(const struct hook_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(base_name(list->paths[i]), name))
			return true;
	return false;
}

/* What editors and packages leave behind is no hook. */
static bool is_hook_name(const char *name)
{
	size_t length = strlen(name);

	return *name != '.' && name[length - 1] != '~' &&
	       !strstr(name, ".dpkg-");
}

static int list_add(struct hook_list *list, const char *folder,
		    const char *name, struct fr_error *error)
{
	if (!is_hook_name(name) || list_has(list, name))
		return 0;
	if (list->n == HOOKS_MAX)
		return fr_fail(error, FR_TOO_LARGE, -E2BIG,
			       "%s has more than %d hooks", folder, HOOKS_MAX);
	if (asprintf(&list->paths[list->n], "%s/%s", folder, name) < 0)
		return fr_fail_memory(error);
	list->n++;
	return 0;
}

static int list_add_folder(struct hook_list *list, const char *folder,
			   struct fr_error *error)
{
	_cleanup_closedir_ DIR *dir = opendir(folder);
	struct dirent *entry;
	int err;

	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return fr_fail(error, FR_FAILED, -errno, "can't read %s: %s",
			       folder, strerror(errno));
	while ((entry = readdir(dir))) {
		err = list_add(list, folder, entry->d_name, error);
		if (err)
			return err;
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(base_name(*(char *const *)a),
		      base_name(*(char *const *)b));
}

static int list_fill(struct hook_list *list, const char *root, const char *kind,
		     struct fr_error *error)
{
	int err;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		_cleanup_free_ char *folder = NULL;

		if (asprintf(&folder, "%s/%s/fastreboot/%s.d", root, folders[i],
			     kind) < 0) {
			folder = NULL;
			return fr_fail_memory(error);
		}
		err = list_add_folder(list, folder, error);
		if (err)
			return err;
	}
	qsort(list->paths, list->n, sizeof(list->paths[0]), compare_names);
	return 0;
}

/* Masked: empty, or not a file at all, as /dev/null. */
static bool is_masked(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 || !S_ISREG(st.st_mode) || !st.st_size;
}

/* In the child: from here on only what is safe after a fork of a thread. */
static void child_exec(void *userdata)
{
	const struct hook *hook = userdata;
	char *const arguments[] = { (char *)hook->path, NULL };
	int null_fd = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 ||
	    dup2(hook->child_fd, STDOUT_FILENO) < 0 ||
	    dup2(hook->child_fd, STDERR_FILENO) < 0)
		_exit(126);
	execve(hook->path, arguments, hook->environment);
	_exit(127);
}

static int make_environment(const struct hooks_environment *from,
			    char ***ret_environment)
{
	_cleanup_strv_ char **list = calloc(5, sizeof(*list));

	if (!list)
		return -ENOMEM;
	list[0] = strdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
			 "/usr/bin:/sbin:/bin");
	if (!list[0] ||
	    asprintf(&list[1], "FASTREBOOT_SLOT=%d", from->slot) < 0) {
		list[1] = NULL;
		return -ENOMEM;
	}
	if (asprintf(&list[2], "FASTREBOOT_RELEASE=%s", from->release) < 0) {
		list[2] = NULL;
		return -ENOMEM;
	}
	list[3] = from->rollback ? strdup("FASTREBOOT_ROLLBACK=1") : NULL;
	*ret_environment = fr_steal_pointer(list);
	return 0;
}

static int hook_start(struct hook *hook)
{
	int fds[2];
	int err;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	hook->child_fd = fds[1];
	err = process_tree_start(child_exec, hook, &hook->pid);
	close(fds[1]);
	hook->output_fd = fds[0];
	if (err)
		return err;
	fcntl(hook->output_fd, F_SETFL, O_NONBLOCK);
	hook->pid_fd = pidfd_open(hook->pid, 0);
	return hook->pid_fd < 0 ? -errno : 0;
}

/* Keep the end of what it says. Returns false at the end of the file. */
static bool hook_read(struct hook *hook)
{
	char part[OUTPUT_SIZE];
	ssize_t n = read(hook->output_fd, part, sizeof(part));
	size_t drop;

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	if (hook->output_size + (size_t)n > OUTPUT_SIZE) {
		drop = hook->output_size + (size_t)n - OUTPUT_SIZE;
		hook->output_size -= drop;
		memmove(hook->output, hook->output + drop, hook->output_size);
	}
	memcpy(hook->output + hook->output_size, part, (size_t)n);
	hook->output_size += (size_t)n;
	return true;
}

/* Until it has ended, the time is over, or the job is cancelled. */
static int hook_wait(struct hook *hook, uint64_t timeout_usec, struct job *job)
{
	struct pollfd fds[] = {
		{ .fd = hook->pid_fd, .events = POLLIN },
		{ .fd = job ? job_cancel_fd(job) : -1, .events = POLLIN },
		{ .fd = hook->output_fd, .events = POLLIN },
	};
	uint64_t end = clock_usec() + timeout_usec;

	while (!fds[0].revents) {
		uint64_t now = clock_usec();
		int n;

		if (now >= end)
			return -ETIMEDOUT;
		n = poll(fds, 3, (int)((end - now) / 1000 + 1));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n <= 0)
			continue;
		if (fds[1].revents && job_is_cancelled(job))
			return -ECANCELED;
		if (fds[1].revents)
			fds[1].fd = -1;
		if (fds[2].revents && !hook_read(hook))
			fds[2].fd = -1;
	}
	while (fds[2].fd >= 0 && poll(&fds[2], 1, 0) > 0 && hook_read(hook))
		continue;
	return 0;
}

/* Its exit status, or as a shell has it when a signal ended it. */
static int hook_reap(struct hook *hook)
{
	int status = 0;

	while (waitpid(hook->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The last line that says something. */
static const char *hook_last_line(struct hook *hook, char line[OUTPUT_SIZE + 1])
{
	size_t end = hook->output_size;
	size_t start;

	while (end && hook->output[end - 1] <= ' ')
		end--;
	start = end;
	while (start && hook->output[start - 1] != '\n')
		start--;
	memcpy(line, hook->output + start, end - start);
	line[end - start] = '\0';
	return line;
}

static int hook_verdict(struct hook *hook, int wait_err, int status,
			struct fr_error *error)
{
	char line[OUTPUT_SIZE + 1];

	if (wait_err == -ETIMEDOUT)
		return fr_fail(
			error, FR_REFUSED, wait_err,
			"%s took too long and was killed: see HookTimeoutSec=",
			hook->path);
	if (wait_err == -ECANCELED)
		return fr_fail(error, FR_CANCELLED, wait_err, "cancelled");
	if (wait_err)
		return fr_fail(error, FR_FAILED, wait_err, "can't run %s: %s",
			       hook->path, strerror(-wait_err));
	if (!status)
		return 0;
	return fr_fail(error, FR_REFUSED, -EPERM, "%s failed with %d: %s",
		       hook->path, status,
		       *hook_last_line(hook, line) ? line : "it said nothing");
}

/* With all that it has started, wherever that is by now. */
static void hook_kill(struct hook *hook)
{
	if (process_tree_kill(hook->pid, KILL_USEC))
		journal_message(LOG_ERR,
				"not all that %s has started could be ended",
				hook->path);
}

static int hook_run(const char *path, uint64_t timeout_usec, char **environment,
		    struct job *job, struct fr_error *error)
{
	struct hook hook = {
		.path = path,
		.environment = environment,
		.pid = -1,
		.pid_fd = -1,
		.output_fd = -1,
	};
	int status = 0;
	int err;

	err = hook_start(&hook);
	if (!err)
		err = hook_wait(&hook, timeout_usec, job);
	if (err && hook.pid > 0)
		hook_kill(&hook);
	if (hook.pid > 0)
		status = hook_reap(&hook);
	fr_closep(&hook.pid_fd);
	fr_closep(&hook.output_fd);
	return hook_verdict(&hook, err, status, error);
}

static int run_list(const struct hook_list *list,
		    const struct hooks_environment *environment,
		    char **variables, struct job *job, unsigned int *ret_count,
		    struct fr_error *error)
{
	unsigned int count = 0;
	int result = 0;

	for (size_t i = 0; i < list->n; i++) {
		int err;

		if (is_masked(list->paths[i]) ||
		    access(list->paths[i], X_OK) < 0)
			continue;
		count++;
		err = hook_run(list->paths[i], environment->timeout_usec,
			       variables, job, result ? NULL : error);
		if (err && !result)
			result = err;
		if (result == -ECANCELED ||
		    (result && environment->stop_on_failure))
			return result;
	}
	*ret_count = count;
	return result;
}

int hooks_run(const char *root, const char *kind,
	      const struct hooks_environment *environment, struct job *job,
	      unsigned int *ret_count, struct fr_error *error)
{
	_cleanup_(hook_list_free) struct hook_list list = { 0 };
	_cleanup_strv_ char **variables = NULL;
	int err;

	err = list_fill(&list, root, kind, error);
	if (err)
		return err;
	if (make_environment(environment, &variables))
		return fr_fail_memory(error);
	return run_list(&list, environment, variables, job, ret_count, error);
}

int hooks_run_program(const char *path,
		      const struct hooks_environment *environment,
		      struct job *job, struct fr_error *error)
{
	_cleanup_strv_ char **variables = NULL;

	if (make_environment(environment, &variables))
		return fr_fail_memory(error);
	return hook_run(path, environment->timeout_usec, variables, job, error);
}
