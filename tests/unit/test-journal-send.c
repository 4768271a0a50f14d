// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries for a journal that reads, and for one that does not. */
#include "files-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../daemon/fastrebootd/base/clock.h"
#include "../../daemon/fastrebootd/base/journal-send.h"

static char *const entry[] = { "MESSAGE=it is so", "PRIORITY=4" };

/* A journal of the test's, in a folder of its own each time. */
static int open_journal(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s",
		 file_path("journal"));
	unlink(address.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)),
			 0);
	setenv("FASTREBOOT_JOURNAL_SOCKET", address.sun_path, 1);
	return fd;
}

static void expect_entry(int fd, const char *text, size_t size)
{
	char found[256];

	assert_int_equal(recv(fd, found, sizeof(found), MSG_DONTWAIT), size);
	assert_memory_equal(found, text, size);
}

static void an_entry(void **state)
{
	const char text[] = "MESSAGE=it is so\nPRIORITY=4\n";
	int fd = open_journal();

	assert_int_equal(journal_send(entry, 2), 0);
	expect_entry(fd, text, strlen(text));
	close(fd);
}

static void a_value_of_two_lines(void **state)
{
	char *const fields[] = { "MESSAGE=one\ntwo", "A=b" };
	const char text[] = "MESSAGE\n\7\0\0\0\0\0\0\0one\ntwo\nA=b\n";
	int fd = open_journal();

	assert_int_equal(journal_send(fields, 2), 0);
	expect_entry(fd, text, sizeof(text) - 1);
	close(fd);
}

static void no_journal(void **state)
{
	unsetenv("FASTREBOOT_JOURNAL_SOCKET");
	assert_int_equal(journal_send(entry, 2), -ENOENT);
}

/* The first that is not taken has waited, those after it do not. */
static void a_journal_that_does_not_read(void **state)
{
	int fd = open_journal();
	uint64_t begin;
	int count = 0, err;

	do
		err = journal_send(entry, 2);
	while (!err && ++count < 10000);
	assert_int_equal(err, -EAGAIN);
	begin = clock_usec();
	for (int i = 0; i < 1000; i++)
		assert_int_equal(journal_send(entry, 2), -EAGAIN);
	assert_true(clock_usec() - begin < 1000ULL * JOURNAL_WAIT_USEC);
	/* Once it reads it gets what comes. */
	while (recv(fd, &begin, 1, MSG_DONTWAIT) > 0)
		continue;
	assert_int_equal(journal_send(entry, 2), 0);
	close(fd);
}

static void stderr_that_is_not_read(void **state)
{
	int saved = dup(STDERR_FILENO);
	int fds[2];
	char byte;
	int err = 0;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_true(saved >= 0 && dup2(fds[1], STDERR_FILENO) >= 0);
	while (!err)
		err = journal_put_stderr("a line\n");
	dup2(saved, STDERR_FILENO);
	assert_int_equal(err, -EAGAIN);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	assert_int_equal(journal_put_stderr(""), 0);
	close(saved);
	close(fds[0]);
	close(fds[1]);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(an_entry),
	UNIT_TEST(a_value_of_two_lines),
	UNIT_TEST(no_journal),
	UNIT_TEST(a_journal_that_does_not_read),
	UNIT_TEST(stderr_that_is_not_read),
};
FILES_UNIT_MAIN(tests)
