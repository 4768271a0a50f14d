// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/journal-send.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"

/* Whether the last message was not taken: of the journal, and of stderr. */
static atomic_bool journal_is_stuck;
static atomic_bool stderr_is_stuck;

#ifdef FR_TESTING
/* A test writes to no journal but its own. */
static const char *socket_path(void)
{
	const char *path = getenv("FASTREBOOT_JOURNAL_SOCKET");

	return path ? path : "/no-journal";
}
#else
static const char *socket_path(void)
{
	return "/run/systemd/journal/socket";
}
#endif

/* A value with newlines has its length in front of it. */
static void put_field(FILE *out, const char *field)
{
	const char *value = strchrnul(field, '=');
	uint64_t size;

	if (!*value || !strchr(value, '\n')) {
		fputs(field, out);
	} else {
		fwrite(field, 1, (size_t)(value - field), out);
		fputc('\n', out);
		size = htole64(strlen(value + 1));
		fwrite(&size, 1, sizeof(size), out);
		fputs(value + 1, out);
	}
	fputc('\n', out);
}

static int make_text(char *const *fields, size_t n, char **ret,
		     size_t *ret_size)
{
	_cleanup_free_ char *text = NULL;
	FILE *out = open_memstream(&text, ret_size);

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		put_field(out, fields[i]);
	if (fclose(out))
		return -ENOMEM;
	*ret = fr_steal_pointer(text);
	return 0;
}

static int send_text(const char *text, size_t size)
{
	struct timeval wait = { .tv_sec = JOURNAL_WAIT_USEC / 1000000 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;
	int flags = MSG_NOSIGNAL;
	ssize_t n;

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s",
		 socket_path());
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0 ||
	    atomic_load(&journal_is_stuck))
		flags |= MSG_DONTWAIT;
	do
		n = sendto(fd, text, size, flags, (struct sockaddr *)&address,
			   sizeof(address));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int journal_send(char *const *fields, size_t n)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int err = make_text(fields, n, &text, &size);

	if (err)
		return err;
	err = send_text(text, size);
	atomic_store(&journal_is_stuck, err == -EAGAIN);
	return err;
}

int journal_put_stderr(const char *line)
{
	struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };
	bool stuck = atomic_load(&stderr_is_stuck);
	int n = poll(&fd, 1, stuck ? 0 : JOURNAL_WAIT_USEC / 1000);

	stuck = n <= 0 || !(fd.revents & POLLOUT);
	atomic_store(&stderr_is_stuck, stuck);
	if (stuck)
		return -EAGAIN;
	/* What a pipe says it has room for is PIPE_BUF, and no line is longer. */
	return fr_write_all(STDERR_FILENO, line, strnlen(line, 4096));
}
