// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that a payload is read from: opened once, checked, and looked into. */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"

int input_fail(const char *path, int err, struct fr_error *error)
{
	switch (err) {
	case -ENOENT:
	case -ENOTDIR:
		return fr_fail(error, FR_NOT_FOUND, err,
			       "%s: there is no such file", path);
	case -EISDIR:
	case -EINVAL:
		return fr_fail(error, FR_INVALID_PAYLOAD, err,
			       "%s: is not a regular file", path);
	default:
		return fr_fail(error, FR_FAILED, err, "can't read %s: %s", path,
			       strerror(-err));
	}
}

static int check_size(const struct input *input, uint64_t limit,
		      struct fr_error *error)
{
	if (!input->stat.st_size)
		return fr_fail(error, FR_INVALID_PAYLOAD, -ENODATA,
			       "%s: is empty", input->path);
	if ((uint64_t)input->stat.st_size > limit)
		return fr_fail(
			error, FR_TOO_LARGE, -EFBIG,
			"%s: has %lld bytes, but %llu are allowed; see MaxKernelSize=, MaxInitrdSize= and MaxRootImageSize= in fastreboot.conf",
			input->path, (long long)input->stat.st_size,
			(unsigned long long)limit);
	return 0;
}

int input_open(const char *path, uint64_t limit, struct input *ret,
	       struct fr_error *error)
{
	_cleanup_(input_done) struct input input = { .fd = -1 };
	int err;

	input.fd = fr_open_file(AT_FDCWD, path);
	if (input.fd < 0)
		return input_fail(path, input.fd, error);
	input.path = strdup(path);
	if (!input.path)
		return fr_fail_memory(error);
	if (fstat(input.fd, &input.stat) < 0)
		return input_fail(path, -errno, error);
	err = check_size(&input, limit, error);
	if (err < 0)
		return err;
	*ret = input;
	input = (struct input){ .fd = -1 };
	return 0;
}

void input_done(struct input *input)
{
	free(input->path);
	fr_closep(&input->fd);
	while (input->notes) {
		struct note *note = input->notes;

		input->notes = note->next;
		free(note);
	}
}

int input_fail_changed(const struct input *input, struct fr_error *error)
{
	return fr_fail(
		error, FR_SOURCE_CHANGED, -ESTALE,
		"%s: has changed since it was checked; wait until whatever writes it is done, and stage again",
		input->path);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool input_is_unchanged(const struct input *input)
{
	const struct stat *before = &input->stat;
	struct stat now;

	return !fstat(input->fd, &now) && now.st_dev == before->st_dev &&
	       now.st_ino == before->st_ino && now.st_size == before->st_size &&
	       same_time(&now.st_mtim, &before->st_mtim) &&
	       same_time(&now.st_ctim, &before->st_ctim);
}

int input_hash(struct input *input, struct fr_error *error)
{
	uint64_t size;
	int err = fr_sha256_file(input->fd, input->sha256, &size);

	if (err == -ENOMEM)
		return fr_fail_memory(error);
	if (err < 0)
		return input_fail(input->path, err, error);
	return size == (uint64_t)input->stat.st_size ?
		       0 :
		       input_fail_changed(input, error);
}

int input_look(struct input *input, uint64_t offset, size_t size,
	       const char **ret, struct fr_error *error)
{
	struct note *note = malloc(sizeof(*note) + size + 1);
	ssize_t n;

	if (!note)
		return fr_fail_memory(error);
	n = fr_pread_full(input->fd, note->data, size, offset);
	if (n < 0 || (size_t)n != size) {
		free(note);
		return n < 0 ? input_fail(input->path, (int)n, error) :
			       input_fail_changed(input, error);
	}
	note->data[size] = '\0';
	note->offset = offset;
	note->size = size;
	note->next = input->notes;
	input->notes = note;
	*ret = note->data;
	return 0;
}
