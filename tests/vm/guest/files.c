// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands that read and write files, and what the other commands use. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"

/* The largest file that "read" shows, in bytes. */
#define READ_SIZE 16384
/* The largest single write that "write-repeat" makes, in bytes. */
#define REPEAT_SIZE (1 << 20)
/* Bytes in a line of "hex". */
#define HEX_LINE 128
/* Bytes that "stream" and "zeros" pass on at a time unless told otherwise. */
#define CHUNK_SIZE (1 << 18)

/**
 * struct stream - bytes on their way from one file to another
 * @from: file to read, or -1 for zeros
 * @to: file to write
 * @at: offset in @from of the next byte
 * @offset: offset in @to of the next byte
 * @length: bytes to go; the end of @from ends the stream too
 * @chunk: bytes to read and write at a time
 * @done: bytes written
 */
struct stream {
	int from;
	int to;
	uint64_t at;
	uint64_t offset;
	uint64_t length;
	uint64_t chunk;
	uint64_t done;
};

/* Read until @size or the end; return the number of bytes or -errno. */
static ssize_t read_fully(int fd, char *data, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t got = read(fd, data + used, size - used);

		if (got < 0)
			return -errno;
		if (!got)
			break;
		used += got;
	}
	return used;
}

static ssize_t read_file(const char *path, char *data, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = read_fully(fd, data, size);
	close(fd);
	return got;
}

/**
 * read_text - read a small text file
 * @path: of the file
 * @text: its content up to the last line feed, NUL-terminated
 * @size: of @text
 *
 * Return: the number of characters or a negative errno.
 */
int read_text(const char *path, char *text, size_t size)
{
	ssize_t got = read_file(path, text, size - 1);

	if (got < 0)
		return got;
	if (got && text[got - 1] == '\n')
		got--;
	text[got] = '\0';
	return got;
}

/**
 * write_text - write to a file with one write(2)
 *
 * Return: 0 or a negative errno; fail() has been called.
 */
int write_text(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t put;

	if (fd < 0)
		return fail(-errno, "open %s", path);
	put = write(fd, data, size);
	if (put < 0)
		put = -errno;
	close(fd);
	if (put < 0)
		return fail(put, "write %s", path);
	if ((size_t)put != size)
		return fail(-EIO, "write all of %s", path);
	return 0;
}

/* read PATH */
int command_read(char **args)
{
	static char text[READ_SIZE];
	char *line, *rest = text;
	int got = read_text(args[0], text, sizeof(text));

	if (got < 0)
		return fail(got, "read %s", args[0]);
	if (got == sizeof(text) - 1)
		return fail(-EFBIG, "read %s", args[0]);
	while (got && (line = strsep(&rest, "\n")))
		out("%s", line);
	return 0;
}

/* mode PATH */
int command_mode(char **args)
{
	struct stat status;

	if (stat(args[0], &status) < 0)
		return fail(-errno, "stat %s", args[0]);
	out("%04o", (unsigned int)status.st_mode & 07777);
	return 0;
}

/* write PATH TEXT */
int command_write(char **args)
{
	return write_text(args[0], args[1], unescape(args[1]));
}

/* write-repeat PATH CHARACTER COUNT */
int command_write_repeat(char **args)
{
	static char data[REPEAT_SIZE];
	uint64_t count;
	int error;

	error = parse_number(args[2], &count);
	if (error)
		return error;
	if (count > sizeof(data))
		return fail(-E2BIG, "make a text of %s bytes", args[2]);
	memset(data, args[1][0], count);
	return write_text(args[0], data, count);
}

/* Write all of @data, in as many writes as it takes. */
static int put_fully(struct stream *stream, const char *data, size_t size)
{
	while (size) {
		ssize_t put = pwrite(stream->to, data, size, stream->offset);

		if (put < 0)
			return fail(-errno, "write at %llu",
				    (unsigned long long)stream->offset);
		if (!put)
			return fail(-EIO, "write at %llu",
				    (unsigned long long)stream->offset);
		data += put;
		size -= put;
		stream->offset += put;
		stream->done += put;
	}
	return 0;
}

/* The next bytes of the stream; return their number, 0 at the end, -errno. */
static ssize_t get_chunk(struct stream *stream, char *data)
{
	size_t size = stream->chunk;
	ssize_t got;

	if (size > stream->length)
		size = stream->length;
	if (stream->from < 0) {
		memset(data, 0, size);
		return size;
	}
	got = pread(stream->from, data, size, stream->at);
	if (got < 0)
		return fail(-errno, "read at %llu",
			    (unsigned long long)stream->at);
	stream->at += got;
	return got;
}

static int run_stream(struct stream *stream)
{
	char *data = malloc(stream->chunk);
	ssize_t got;
	int error = 0;

	if (!data)
		return fail(-ENOMEM, "allocate a chunk");
	while (!error && stream->length) {
		got = get_chunk(stream, data);
		if (got <= 0) {
			error = got;
			break;
		}
		stream->length -= got;
		error = put_fully(stream, data, got);
	}
	free(data);
	return error;
}

/* Open both ends, @from unless it is NULL; run; close. */
static int stream_paths(const char *from, const char *to, struct stream *stream)
{
	int error;

	stream->from = -1;
	if (from) {
		stream->from = open(from, O_RDONLY | O_CLOEXEC);
		if (stream->from < 0)
			return fail(-errno, "open %s", from);
	}
	stream->to = open(to, O_WRONLY | O_CLOEXEC);
	if (stream->to < 0)
		error = fail(-errno, "open %s", to);
	else
		error = run_stream(stream);
	if (stream->to >= 0)
		close(stream->to);
	if (stream->from >= 0)
		close(stream->from);
	return error;
}

static int stream_options(char **args, struct stream *stream)
{
	*stream = (struct stream){ .length = UINT64_MAX, .chunk = CHUNK_SIZE };
	return option_number(args, "src-offset", &stream->at)	      ?:
		       option_number(args, "offset", &stream->offset) ?:
		       option_number(args, "length", &stream->length) ?:
		       option_number(args, "chunk", &stream->chunk);
}

/**
 * stream_file - write a whole file into another
 *
 * Return: 0 or a negative errno; fail() has been called.
 */
int stream_file(const char *from, const char *to)
{
	char *no_options[] = { NULL };
	struct stream stream;

	stream_options(no_options, &stream);
	return stream_paths(from, to, &stream);
}

/* stream FROM TO [src-offset=N] [offset=N] [length=N] [chunk=N] */
int command_stream(char **args)
{
	struct stream stream;
	int error = stream_options(args + 2, &stream);

	if (error)
		return error;
	error = stream_paths(args[0], args[1], &stream);
	out("bytes=%llu", (unsigned long long)stream.done);
	return error;
}

/* zeros TO length=N [offset=N] [chunk=N] */
int command_zeros(char **args)
{
	struct stream stream;
	int error = stream_options(args + 1, &stream);

	if (error)
		return error;
	if (stream.length == UINT64_MAX)
		return fail(-EINVAL, "write zeros without end: length=?");
	error = stream_paths(NULL, args[0], &stream);
	out("bytes=%llu", (unsigned long long)stream.done);
	return error;
}

/**
 * read_each - hand a file, or a part of it, to a function piece by piece
 * @path: of the file
 * @offset: first byte
 * @length: bytes; the end of the file ends it too
 * @each: gets @context and a piece
 * @context: for @each
 *
 * Return: 0 or a negative errno; fail() has been called.
 */
int read_each(const char *path, uint64_t offset, uint64_t length,
	      void (*each)(void *context, const uint8_t *data, size_t size),
	      void *context)
{
	static uint8_t data[CHUNK_SIZE];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 0;

	if (fd < 0)
		return fail(-errno, "open %s", path);
	while (length) {
		got = pread(fd, data,
			    length < sizeof(data) ? length : sizeof(data),
			    offset);
		if (got <= 0)
			break;
		each(context, data, got);
		offset += got;
		length -= got;
	}
	if (got < 0)
		got = fail(-errno, "read %s", path);
	close(fd);
	return got < 0 ? got : 0;
}

/* Print bytes, HEX_LINE of them a line. */
static void show_hex(void *context, const uint8_t *data, size_t size)
{
	char text[2 * HEX_LINE + 1];

	(void)context;
	for (size_t i = 0; i < size; i++) {
		sprintf(text + 2 * (i % HEX_LINE), "%02x", data[i]);
		if (i % HEX_LINE == HEX_LINE - 1 || i == size - 1)
			out("%s", text);
	}
}

/* hex PATH [offset=N] [length=N] */
int command_hex(char **args)
{
	uint64_t offset = 0, length = READ_SIZE;
	int error;

	error = option_number(args + 1, "offset", &offset) ?:
			option_number(args + 1, "length", &length);
	return error ?: read_each(args[0], offset, length, show_hex, NULL);
}

/*
 * await PATH TEXT: wait until a sysfs file has this content; whoever changes it
 * has to say so
 */
int command_await(char **args)
{
	struct pollfd watch = { .events = POLLPRI };
	char text[128];
	ssize_t got;

	watch.fd = open(args[0], O_RDONLY | O_CLOEXEC);
	if (watch.fd < 0)
		return fail(-errno, "open %s", args[0]);
	for (;;) {
		got = pread(watch.fd, text, sizeof(text) - 1, 0);
		if (got < 0)
			break;
		text[got] = '\0';
		text[strcspn(text, "\n")] = '\0';
		if (!strcmp(text, args[1]))
			break;
		poll(&watch, 1, -1);
	}
	if (got < 0)
		got = fail(-errno, "read %s", args[0]);
	close(watch.fd);
	return got < 0 ? got : 0;
}

/* appear DEVICE: wait until a device's file exists; the kernel tells of devices */
int command_appear(char **args)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK,
				       .nl_groups = 1 };
	char event[4096];
	int events, error = 0;

	events = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC,
			NETLINK_KOBJECT_UEVENT);
	if (events < 0)
		return fail(-errno, "listen to the kernel's events");
	/* Listen first, and look then: nothing gets lost in between. */
	if (bind(events, (struct sockaddr *)&address, sizeof(address)))
		error = fail(-errno, "listen to the kernel's events");
	while (!error && access(args[0], F_OK)) {
		if (recv(events, event, sizeof(event), 0) < 0 &&
		    errno != EINTR && errno != ENOBUFS)
			error = fail(-errno, "receive an event");
	}
	close(events);
	return error;
}
