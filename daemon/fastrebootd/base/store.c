// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/aside.h"
#include "cleanup.h"
#include "io.h"
#include "pool.h"

/**
 * struct file - a file on its way to the disk
 * @path: its name
 * @new_path: where it is written; owned
 * @folder: of both; owned
 * @text: content
 * @timeout_usec: how long it may take
 * @stall: a test's file, see wait_for_disk()
 */
struct file {
	const char *path;
	char *new_path;
	char *folder;
	const char *text;
	uint64_t timeout_usec;
	char stall[256];
};

#ifdef FR_TESTING
/* What comes of a deadline shows after a tenth of it. */
static void prepare_stall(struct file *file)
{
	snprintf(file->stall, sizeof(file->stall), "%s/stall-store",
		 fr_pool_root());
	if (!access(file->stall, F_OK))
		file->timeout_usec /= 10;
}

/* As a disk that does not answer, as long as a test's file is there. */
static void wait_for_disk(const struct file *file)
{
	while (!access(file->stall, F_OK))
		pause();
}
#else
static void prepare_stall(struct file *file)
{
}

static void wait_for_disk(const struct file *file)
{
}
#endif

static int write_new(const struct file *file)
{
	_cleanup_close_ int fd = -1;
	int err;

	fd = open(file->new_path,
		  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	err = fr_write_all(fd, file->text, strlen(file->text));
	if (!err && fsync(fd) < 0)
		err = -errno;
	return err;
}

/* In a child. The folder is what has to know of the new name. */
static int replace(void *userdata)
{
	_cleanup_close_ int fd = -1;
	struct file *file = userdata;
	int err;

	wait_for_disk(file);
	/* systemd makes it; without systemd there is nothing else that does. */
	mkdir(file->folder, 0755);
	err = write_new(file);
	if (!err && rename(file->new_path, file->path) < 0)
		err = -errno;
	if (err) {
		unlink(file->new_path);
		return err;
	}
	fd = open(file->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int store_file(const char *path, const char *text)
{
	struct file file = {
		.path = path,
		.text = text,
		.timeout_usec = STORE_USEC,
	};
	int err = -ENOMEM;

	if (asprintf(&file.new_path, "%s.new", path) < 0)
		file.new_path = NULL;
	file.folder = strndup(path, (size_t)(strrchr(path, '/') - path));
	prepare_stall(&file);
	if (file.new_path && file.folder)
		err = aside_run(replace, &file, file.timeout_usec, -1);
	/* There is no such kernel, but valgrinds that do not know pidfd_open(2). */
	if (err == -ENOSYS)
		err = replace(&file);
	free(file.new_path);
	free(file.folder);
	return err;
}
