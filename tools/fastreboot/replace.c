// SPDX-License-Identifier: GPL-2.0-or-later
#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"

/* Links one behind the other, as many as the kernel follows. */
#define LINKS_MAX 40

char *cli_temporary_name(const char *file)
{
	const char *slash = strrchr(file, '/');
	int folder = slash ? (int)(slash - file) + 1 : 0;
	char *name;

	if (asprintf(&name, "%.*s.fastreboot.XXXXXX", folder, file) < 0)
		return NULL;
	return name;
}

int cli_sync_folder(const char *file)
{
	const char *slash = strrchr(file, '/');
	_cleanup_free_ char *folder =
		slash ? strndup(file, (size_t)(slash - file) + 1) : strdup(".");
	_cleanup_close_ int fd = -1;

	if (!folder)
		return -ENOMEM;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* What a symbolic link says, seen from its folder. Returns -EINVAL if it is none. */
static int read_link(const char *file, char **ret)
{
	const char *slash = strrchr(file, '/');
	int folder = slash ? (int)(slash - file) + 1 : 0;
	char target[PATH_MAX];
	ssize_t n = readlink(file, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (asprintf(ret, "%.*s%s", *target == '/' ? 0 : folder, file, target) <
	    0)
		return -ENOMEM;
	return 0;
}

/* The name that links which lead to no file end with, to be freed. */
static int follow_links(const char *file, char **ret)
{
	_cleanup_free_ char *name = strdup(file);

	for (int links = 0; name && links < LINKS_MAX; links++) {
		char *next = NULL;
		int err = read_link(name, &next);

		if (err == -EINVAL || err == -ENOENT) {
			*ret = fr_steal_pointer(name);
			return 0;
		}
		if (err < 0)
			return err;
		free(name);
		name = next;
	}
	return name ? -ELOOP : -ENOMEM;
}

int cli_file_to_replace(const char *file, char **ret)
{
	struct stat stat_;

	*ret = NULL;
	if (stat(file, &stat_) < 0)
		return errno == ENOENT ? follow_links(file, ret) : -errno;
	if (!S_ISREG(stat_.st_mode))
		return 0;
	*ret = realpath(file, NULL);
	return *ret ? 0 : -errno;
}

static mode_t mode_of(const char *path)
{
	struct stat old;

	return stat(path, &old) < 0 ? 0644 : old.st_mode & 0777;
}

int cli_replace_file(const char *path, const void *data, size_t size)
{
	_cleanup_free_ char *temporary = cli_temporary_name(path);
	_cleanup_close_ int fd = -1;
	int err;

	if (!temporary)
		return -ENOMEM;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = fr_write_all(fd, data, size);
	if (!err && (fchmod(fd, mode_of(path)) < 0 || fsync(fd) < 0 ||
		     rename(temporary, path) < 0))
		err = -errno;
	if (err) {
		unlink(temporary);
		return err;
	}
	return cli_sync_folder(path);
}
