// SPDX-License-Identifier: GPL-2.0-or-later
#include "files-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"

static void limits_are_exact(void **state)
{
	const char *path = file_write("ten", "0123456789", 10);
	char *text = NULL;
	size_t size = 0;

	for (size_t limit = 0; limit < 10; limit++)
		assert_int_equal(fr_read_file(AT_FDCWD, path, limit, &text,
					      &size),
				 -EFBIG);
	/* Results are untouched by failures. */
	assert_null(text);
	assert_int_equal(size, 0);
	for (size_t limit = 10; limit < 12; limit++) {
		assert_int_equal(
			fr_read_file(AT_FDCWD, path, limit, &text, &size), 0);
		assert_int_equal(size, 10);
		assert_string_equal(text, "0123456789");
		free(text);
	}
}

static void sizes_around_the_buffer(void **state)
{
	static const size_t sizes[] = { 0,    1,    4095, 4096,	 4097,	8191,
					8192, 8193, 8194, 65536, 100000 };
	struct random random = { 1 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		u8 *data = malloc(sizes[i] + 1);
		char *text;
		size_t size;

		random_fill(&random, data, sizes[i]);
		file_write("file", data, sizes[i]);
		assert_int_equal(fr_read_file(AT_FDCWD, file_path("file"),
					      1 << 20, &text, &size),
				 0);
		assert_int_equal(size, sizes[i]);
		assert_memory_equal(text, data, size);
		assert_int_equal(text[size], 0);
		free(text);
		free(data);
	}
}

/* Files that say that they have 0 bytes, or 4096. */
static void files_that_do_not_know_their_size(void **state)
{
	char *text;
	size_t size;

	assert_int_equal(fr_read_file(AT_FDCWD, "/proc/self/status", 1 << 20,
				      &text, &size),
			 0);
	assert_true(size > 100);
	free(text);
	assert_int_equal(fr_read_file(AT_FDCWD, "/proc/self/status", 10, &text,
				      NULL),
			 -EFBIG);
}

static void only_regular_files(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char *text;
	int fd;

	assert_int_equal(mkfifo(file_path("fifo"), 0600), 0);
	assert_int_equal(fr_open_file(AT_FDCWD, file_path("fifo")), -EINVAL);
	assert_int_equal(fr_open_file(AT_FDCWD, "/dev/null"), -EINVAL);
	assert_int_equal(fr_open_file(AT_FDCWD, file_path("")), -EISDIR);
	assert_int_equal(fr_open_file(AT_FDCWD, file_path("none")), -ENOENT);
	assert_int_equal(fr_read_file(AT_FDCWD, "/dev/zero", 10, &text, NULL),
			 -EINVAL);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strcpy(address.sun_path, file_path("socket"));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)),
			 0);
	assert_int_equal(fr_open_file(AT_FDCWD, file_path("socket")), -EINVAL);
	close(fd);
}

static void relative_to_a_folder(void **state)
{
	_cleanup_close_ int folder = -1;
	char *text;

	file_write_text("a/b", "text");
	folder = open(file_path("a"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fr_read_file(folder, "b", 10, &text, NULL), 0);
	assert_string_equal(text, "text");
	free(text);
	assert_int_equal(fr_read_file(folder, "c", 10, &text, NULL), -ENOENT);
}

static void closed_on_exec(void **state)
{
	_cleanup_close_ int fd =
		fr_open_file(AT_FDCWD, file_write_text("f", "x"));

	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void positions(void **state)
{
	_cleanup_close_ int fd =
		fr_open_file(AT_FDCWD, file_write_text("f", "01234567"));
	char buffer[8] = "";

	assert_int_equal(fr_pread_full(fd, buffer, 4, 2), 4);
	assert_memory_equal(buffer, "2345", 4);
	assert_int_equal(fr_pread_full(fd, buffer, 8, 6), 2);
	assert_int_equal(fr_pread_full(fd, buffer, 8, 100), 0);
	assert_int_equal(fr_pread_full(fd, buffer, 8, UINT64_MAX), -EOVERFLOW);
	assert_int_equal(fr_pread_full(fd, buffer, 8, INT64_MAX), -EOVERFLOW);
	assert_int_equal(fr_read_full(fd, buffer, 8), 8);
	assert_memory_equal(buffer, "01234567", 8);
	assert_int_equal(fr_read_full(fd, buffer, 8), 0);
}

struct slow_writer {
	int fd;
	const u8 *data;
	size_t size;
};

static void *write_slowly(void *argument)
{
	struct slow_writer *writer = argument;

	for (size_t at = 0; at < writer->size; at += 1000)
		if (write(writer->fd, writer->data + at, 1000) != 1000)
			break;
	close(writer->fd);
	return NULL;
}

/* A pipe gives and takes in pieces, both functions go on until all is done. */
static void pieces(void **state)
{
	static u8 sent[200000];
	static u8 got[sizeof(sent)];
	struct slow_writer writer = { .data = sent, .size = sizeof(sent) };
	struct random random = { 2 };
	pthread_t thread;
	int fds[2];

	random_fill(&random, sent, sizeof(sent));
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	writer.fd = fds[1];
	assert_int_equal(pthread_create(&thread, NULL, write_slowly, &writer),
			 0);
	assert_int_equal(fr_read_full(fds[0], got, sizeof(got)), sizeof(got));
	assert_memory_equal(got, sent, sizeof(sent));
	pthread_join(thread, NULL);
	close(fds[0]);
}

static void write_errors(void **state)
{
	_cleanup_close_ int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	_cleanup_close_ int fd = -1;
	char *text;

	assert_true(full >= 0);
	assert_int_equal(fr_write_all(full, "x", 1), -ENOSPC);
	assert_int_equal(fr_write_all(-1, "x", 1), -EBADF);
	assert_int_equal(fr_write_all(-1, "x", 0), 0);
	fd = open(file_path("out"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(fr_write_all(fd, "content", 7), 0);
	assert_int_equal(
		fr_read_file(AT_FDCWD, file_path("out"), 10, &text, NULL), 0);
	assert_string_equal(text, "content");
	free(text);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(limits_are_exact),
	UNIT_TEST(sizes_around_the_buffer),
	UNIT_TEST(files_that_do_not_know_their_size),
	UNIT_TEST(only_regular_files),
	UNIT_TEST(relative_to_a_folder),
	UNIT_TEST(closed_on_exec),
	UNIT_TEST(positions),
	UNIT_TEST(pieces),
	UNIT_TEST(write_errors),
};
FILES_UNIT_MAIN(tests)
