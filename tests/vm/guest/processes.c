// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands that run other commands, or burn time, in processes of their own. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

#define CHILDREN_MAX 64

/* A child hands its errno to its parent as exit status: all fit. */
static void finish_child(int error)
{
	_exit(-error);
}

/* Return what the child handed to finish_child(). */
static int wait_child(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

static int drop_capability(unsigned int capability)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	unsigned int index = CAP_TO_INDEX(capability);
	__u32 mask = ~CAP_TO_MASK(capability);

	if (syscall(SYS_capget, &header, data))
		return fail(-errno, "capget");
	data[index].effective &= mask;
	data[index].permitted &= mask;
	data[index].inheritable &= mask;
	if (syscall(SYS_capset, &header, data))
		return fail(-errno, "capset");
	return 0;
}

/* without-capability COMMAND...: without CAP_SYS_BOOT */
int command_without_capability(char **args)
{
	pid_t child = fork();
	int error;

	if (child < 0)
		return fail(-errno, "fork");
	if (!child)
		finish_child(drop_capability(CAP_SYS_BOOT) ?:
							     run_command(args));
	error = wait_child(child);
	return error ? fail(error, "%s", args[0]) : 0;
}

/* Wait until the parent has closed its end of the pipe: all start at once. */
static void wait_for_start(const int *start)
{
	char byte;

	close(start[1]);
	if (read(start[0], &byte, 1) < 0)
		finish_child(-errno);
}

static int start_children(pid_t *children, uint64_t count, char **args)
{
	int start[2], error = 0;
	uint64_t i;

	if (pipe(start))
		return fail(-errno, "make a pipe");
	for (i = 0; i < count; i++) {
		children[i] = fork();
		if (children[i] < 0)
			error = fail(-errno, "fork");
		if (!children[i]) {
			wait_for_start(start);
			finish_child(run_command(args));
		}
	}
	close(start[0]);
	close(start[1]);
	return error;
}

/* parallel N COMMAND... */
int command_parallel(char **args)
{
	pid_t children[CHILDREN_MAX];
	uint64_t count, i;
	int error;

	error = parse_number(args[0], &count);
	if (error)
		return error;
	if (count > CHILDREN_MAX)
		return fail(-E2BIG, "start %s children", args[0]);
	error = start_children(children, count, args + 1);
	for (i = 0; i < count; i++) {
		int child = children[i] > 0 ? wait_child(children[i]) : -EAGAIN;

		if (child)
			out("child %d error %s", (int)i,
			    strerrorname_np(-child) ?: "unknown");
		else
			out("child %d ok", (int)i);
	}
	return error;
}

/* spin N */
int command_spin(char **args)
{
	uint64_t count;
	int error = parse_number(args[0], &count);

	while (!error && count--) {
		pid_t child = fork();

		if (child < 0)
			error = fail(-errno, "fork");
		if (!child)
			for (;;)
				__asm__ volatile("");
	}
	return error;
}

static void load_processor(void)
{
	__asm__ volatile("");
}

static void load_timers(void)
{
	static const struct timespec moment = { .tv_nsec = 100000 };

	nanosleep(&moment, NULL);
}

static void load_forks(void)
{
	pid_t child = fork();

	if (!child)
		_exit(0);
	if (child > 0)
		waitpid(child, NULL, 0);
}

/* The file comes by 9p: interrupts, and kernel threads that answer them. */
static void load_interrupts(void)
{
	char part[4096];
	int fd = open("/payload/initrd.cpio", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	while (read(fd, part, sizeof(part)) > 0)
		;
	close(fd);
}

/* load N: N processes of each kind, that keep the machine busy for good */
int command_load(char **args)
{
	static void (*const kinds[])(void) = {
		load_processor,
		load_timers,
		load_forks,
		load_interrupts,
	};
	const size_t kind_count = sizeof(kinds) / sizeof(*kinds);
	uint64_t count;
	int error = parse_number(args[0], &count);

	for (uint64_t i = 0; !error && i < count * kind_count; i++) {
		pid_t child = fork();

		if (child < 0)
			error = fail(-errno, "fork");
		if (!child)
			for (;;)
				kinds[i % kind_count]();
	}
	return error;
}
