// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands for a kernel that fails on request (kernel-patches/config,
 * debug.config), and for what it may have lost on the way.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "guest.h"

#define DEBUGFS "/sys/kernel/debug"
#define KMEMLEAK DEBUGFS "/kmemleak"
#define PAGE_STACKS DEBUGFS "/page_owner_stacks/show_stacks"

/* kmemleak tells nothing of what is younger than 5 seconds. */
#define KMEMLEAK_SECONDS 6

static int open_own(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/thread-self/%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? fail(-errno, "open %s", path) : fd;
}

static int set_own(int fd, const char *text)
{
	if (pwrite(fd, text, strlen(text), 0) < 0)
		return fail(-errno, "set a file in /proc/thread-self");
	return 0;
}

/*
 * Has the fault come? Reading and writing the file are chances for it, too: if
 * one of these calls fails, the command before it has not.
 */
static bool had_fault(int fd)
{
	char left[16] = "";

	if (pread(fd, left, sizeof(left) - 1, 0) < 0)
		return false;
	if (pwrite(fd, "0", 1, 0) < 0)
		return false;
	return atoi(left) == 0;
}

/*
 * fail-nth N COMMAND...: run a command in which the Nth call that may fail
 * does. The answer is a line, "fault 0|1 ok|<errno> <what>": it tells whether
 * there were that many, and what came of the command.
 */
int command_fail_nth(char **args)
{
	bool fault;
	int error, fd = open_own("fail-nth");

	if (fd < 0)
		return fd;
	error = set_own(fd, args[0]);
	if (!error) {
		error = run_command(args + 1);
		fault = had_fault(fd);
		if (error)
			out("fault %d %s %s", fault,
			    strerrorname_np(-error) ?: "unknown", failure());
		else
			out("fault %d ok", fault);
		error = 0;
	}
	close(fd);
	return error;
}

/*
 * make-it-fail COMMAND...: run a command to which the faults that are set up
 * in debugfs happen, with their filter for tasks on
 */
int command_make_it_fail(char **args)
{
	int error, fd = open_own("make-it-fail");

	if (fd < 0)
		return fd;
	error = set_own(fd, "1");
	if (!error) {
		error = run_command(args);
		set_own(fd, "0");
		if (error)
			fail(error, "%s", args[0]);
	}
	close(fd);
	return error;
}

/* The kernel's limit, not a guess how long something takes. */
static int wait_for_age(void)
{
	const struct itimerspec age = { .it_value.tv_sec = KMEMLEAK_SECONDS };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	uint64_t expired;
	int error = 0;

	if (fd < 0)
		return fail(-errno, "make a timer");
	if (timerfd_settime(fd, 0, &age, NULL) ||
	    read(fd, &expired, sizeof(expired)) < 0)
		error = fail(-errno, "wait for a timer");
	close(fd);
	return error;
}

/*
 * fetch FROM TO: make a copy of a file in the guest's own memory, so that to
 * read it takes nothing that could fail
 */
int command_fetch(char **args)
{
	int fd = open(args[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return fail(-errno, "create %s", args[1]);
	close(fd);
	return stream_file(args[0], args[1]);
}

/* leaks: memory to which nothing points any more, as kmemleak reports it */
int command_leaks(char **args)
{
	char *report[] = { KMEMLEAK, NULL };

	(void)args;
	/* A checksum has to be the same twice before a block counts. */
	return wait_for_age()			       ?:
		       write_text(KMEMLEAK, "scan", 4) ?:
		       write_text(KMEMLEAK, "scan", 4) ?:
							 command_read(report);
}

/* Print a stack, innermost function first, if one of @words is in it. */
static void show_stack(const char *stack, const char *pages, char **words)
{
	for (; *words; words++) {
		if (!strstr(stack, *words))
			continue;
		out("%s%s", pages, stack);
		return;
	}
}

/* Append the function of a line " function+0x12/0x34". */
static void append_function(char *stack, size_t size, char *line)
{
	size_t used = strlen(stack);

	line[strcspn(line, "+\n")] = '\0';
	snprintf(stack + used, size - used, "%s", line);
}

/*
 * page-owners WORD...: the pages in use that were allocated with one of the
 * words in the call stack: a line a stack, "<pages> <function> <function> ..."
 */
int command_page_owners(char **args)
{
	static const char count[] = "nr_base_pages: ";
	char line[256], stack[LINE_SIZE / 2] = "";
	FILE *file = fopen(PAGE_STACKS, "re");

	if (!file)
		return fail(-errno, "open %s", PAGE_STACKS);
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == ' ') {
			append_function(stack, sizeof(stack), line);
		} else if (!strncmp(line, count, strlen(count))) {
			line[strcspn(line, "\n")] = '\0';
			show_stack(stack, line + strlen(count), args);
			stack[0] = '\0';
		}
	}
	fclose(file);
	return 0;
}
