// SPDX-License-Identifier: GPL-2.0-or-later
/* The conversation with the harness: /dev/kmsg out, /dev/console in. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"

/*
 * Facility "user", priority "alert": the console shows it at any log level
 * that a scenario may want.
 */
#define KMSG_PREFIX "<9>frb: "

static int kmsg = -1;
static int console = -1;
static char current_id[16];
static char what_failed[LINE_SIZE / 2];

/**
 * talk_open - open both directions
 *
 * Without echo, since what the harness writes is in its log already, and
 * without any processing of the input.
 */
void talk_open(void)
{
	struct termios mode;

	/* Not rate limited; without the line feed the kernel refuses it. */
	write_text("/proc/sys/kernel/printk_devkmsg", "on\n", 3);
	kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	console = open("/dev/console", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tcgetattr(console, &mode))
		return;
	cfmakeraw(&mode);
	tcsetattr(console, TCSANOW, &mode);
}

/*
 * One write(2) is one record, and so one line on the console. Without a line
 * feed the kernel would hold it back, in case the line goes on.
 */
static void say_va(const char *head, const char *format, va_list list)
{
	char line[LINE_SIZE + 1];
	size_t used;

	used = snprintf(line, LINE_SIZE, KMSG_PREFIX "%s", head);
	if (used < LINE_SIZE)
		vsnprintf(line + used, LINE_SIZE - used, format, list);
	strcat(line, "\n");
	if (write(kmsg, line, strlen(line)) < 0)
		_exit(EXIT_FAILURE);
}

/** say - print one line */
void say(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say_va("", format, list);
	va_end(list);
}

/** answer_to - out() and answer() are about command @id from now on */
void answer_to(const char *id)
{
	snprintf(current_id, sizeof(current_id), "%s", id);
}

/** out - print one line that belongs to the command under way */
void out(const char *format, ...)
{
	char head[sizeof(current_id) + sizeof(" out ")];
	va_list list;

	snprintf(head, sizeof(head), "%s out ", current_id);
	va_start(list, format);
	say_va(head, format, list);
	va_end(list);
}

/**
 * fail - take down what could not be done
 * @error: negative errno
 * @format: completes "could not ..."
 *
 * Return: @error.
 */
int fail(int error, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(what_failed, sizeof(what_failed), format, list);
	va_end(list);
	return error;
}

/** failure - what fail() has taken down last */
const char *failure(void)
{
	return what_failed;
}

/** answer - end the command under way, with 0 or what fail() returned */
void answer(int error)
{
	const char *name = strerrorname_np(-error);

	if (!error)
		say("%s ok", current_id);
	else
		say("%s error %s %s", current_id, name ?: "unknown",
		    what_failed);
}

/**
 * read_input - wait for a line from the harness
 * @line: the line, without its end; cut if it is longer than @size
 * @size: bytes
 *
 * Return: false if there will be no more lines.
 */
bool read_input(char *line, size_t size)
{
	size_t used = 0;
	char byte;

	for (;;) {
		ssize_t got = read(console, &byte, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		if (byte == '\n')
			break;
		if (used < size - 1)
			line[used++] = byte;
	}
	line[used] = '\0';
	return true;
}
