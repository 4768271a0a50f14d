// SPDX-License-Identifier: GPL-2.0-or-later
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

static int check_regular(int fd)
{
	struct stat stat;

	if (fstat(fd, &stat) < 0)
		return -errno;
	if (S_ISDIR(stat.st_mode))
		return -EISDIR;
	return S_ISREG(stat.st_mode) ? 0 : -EINVAL;
}

int fr_open_file(int dirfd, const char *path)
{
	_cleanup_close_ int fd = -1;
	int err;

	/* Without O_NONBLOCK opening a FIFO would wait for its other end. */
	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return errno == ENXIO ? -EINVAL : -errno;
	err = check_regular(fd);
	if (err < 0)
		return err;
	return fr_steal_fd(&fd);
}

const char *fr_file_error(int err)
{
	return err == -EINVAL ? "it is not a regular file" : strerror(-err);
}

static ssize_t read_once(int fd, void *buffer, size_t size, off_t offset,
			 bool seek)
{
	ssize_t n;

	do {
		n = seek ? pread(fd, buffer, size, offset) :
			   read(fd, buffer, size);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static ssize_t read_all(int fd, void *buffer, size_t size, off_t offset,
			bool seek)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read_once(fd, (char *)buffer + done, size - done,
				      offset + (off_t)done, seek);

		if (n < 0)
			return n;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t fr_read_full(int fd, void *buffer, size_t size)
{
	return read_all(fd, buffer, size, 0, false);
}

ssize_t fr_pread_full(int fd, void *buffer, size_t size, uint64_t offset)
{
	if (offset > INT64_MAX || size > INT64_MAX - offset)
		return -EOVERFLOW;
	return read_all(fd, buffer, size, (off_t)offset, true);
}

int fr_write_all(int fd, const void *buffer, size_t size)
{
	const char *from = buffer;

	while (size) {
		ssize_t n = write(fd, from, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Make room for at least one more byte, one that shows that it is too much. */
static int grow(char **buffer, size_t *capacity, size_t limit)
{
	size_t wanted = *capacity ? *capacity * 2 : 4096;
	char *larger;

	if (wanted > limit + 1)
		wanted = limit + 1;
	larger = realloc(*buffer, wanted + 1);
	if (!larger)
		return -ENOMEM;
	*buffer = larger;
	*capacity = wanted;
	return 0;
}

int fr_read_fd(int fd, size_t limit, char **ret, size_t *ret_size)
{
	_cleanup_free_ char *buffer = NULL;
	size_t capacity = 0;
	size_t size = 0;

	if (limit > SIZE_MAX / 4)
		return -EFBIG;
	while (size == capacity) {
		ssize_t n;

		if (size > limit)
			return -EFBIG;
		if (grow(&buffer, &capacity, limit) < 0)
			return -ENOMEM;
		n = fr_read_full(fd, buffer + size, capacity - size);
		if (n < 0)
			return (int)n;
		size += (size_t)n;
	}
	buffer[size] = '\0';
	*ret = fr_steal_pointer(buffer);
	if (ret_size)
		*ret_size = size;
	return 0;
}

int fr_read_file(int dirfd, const char *path, size_t limit, char **ret,
		 size_t *ret_size)
{
	_cleanup_close_ int fd = fr_open_file(dirfd, path);

	if (fd < 0)
		return fd;
	return fr_read_fd(fd, limit, ret, ret_size);
}
