// SPDX-License-Identifier: GPL-2.0-or-later
#include "wipe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"
#include "pool.h"

#define BUSES "/sys/bus/nd/devices"
#define PROVIDER "fastreboot"
#define PIECE_SIZE (1U << 20)
/* What O_DIRECT wants buffers and sizes to be multiples of. */
#define ALIGNMENT 4096
#define MOUNTS_SIZE_MAX (16U << 20)

/* The state volume's size; 0 if there is none. */
static int read_volume_size(uint64_t *ret_size, struct fr_error *error)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *text = NULL;
	uint64_t first, last;
	int err;

	if (asprintf(&path, "%s/state_volume", fr_pool_root()) < 0) {
		path = NULL;
		return fr_fail_memory(error);
	}
	err = fr_read_file(AT_FDCWD, path, 4096, &text, NULL);
	if (err < 0 && err != -ENOENT)
		return fr_fail(error, FR_FAILED, err, "can't read %s: %s", path,
			       strerror(-err));
	if (err == -ENOENT || !*text || !strncmp(text, "none", 4)) {
		*ret_size = 0;
		return 0;
	}
	if (sscanf(text, "0x%" SCNx64 "-0x%" SCNx64, &first, &last) != 2 ||
	    last < first)
		return fr_fail(error, FR_FAILED, -EBADMSG,
			       "%s is not as this version knows it: %.64s",
			       path, text);
	*ret_size = last - first + 1;
	return 0;
}

/*
 * The first entry of a folder that begins with a prefix and for which @accept
 * says so; NULL if there is none.
 */
static char *find_entry(const char *folder, const char *prefix,
			char *(*accept)(const char *path))
{
	_cleanup_closedir_ DIR *dir = opendir(folder);
	struct dirent *entry;
	char *found = NULL;

	while (dir && !found && (entry = readdir(dir))) {
		_cleanup_free_ char *path = NULL;

		if (*entry->d_name == '.' ||
		    strncmp(entry->d_name, prefix, strlen(prefix)))
			continue;
		if (asprintf(&path, "%s/%s", folder, entry->d_name) < 0) {
			path = NULL;
			return NULL;
		}
		found = accept(path);
	}
	return found;
}

static char *base_name(const char *path)
{
	return strdup(strrchr(path, '/') + 1);
}

/* A namespace, or what a driver has made of it: "block" has the device. */
static char *find_block(const char *path)
{
	_cleanup_free_ char *folder = NULL;

	if (asprintf(&folder, "%s/block", path) < 0) {
		folder = NULL;
		return NULL;
	}
	return find_entry(folder, "", base_name);
}

static char *find_in_region(const char *path)
{
	return find_entry(path, "", find_block);
}

static char *find_in_bus(const char *path)
{
	_cleanup_free_ char *file = NULL;
	_cleanup_free_ char *provider = NULL;

	if (asprintf(&file, "%s/provider", path) < 0) {
		file = NULL;
		return NULL;
	}
	if (fr_read_file(AT_FDCWD, file, 4096, &provider, NULL) < 0)
		return NULL;
	provider[strcspn(provider, "\n")] = '\0';
	return strcmp(provider, PROVIDER) ?
		       NULL :
		       find_entry(path, "region", find_in_region);
}

static int check_size(const char *device, uint64_t size, struct fr_error *error)
{
	_cleanup_close_ int fd = open(device, O_RDONLY | O_CLOEXEC);
	off_t end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (end < 0)
		return fr_fail(error, FR_FAILED, -errno, "can't open %s: %s",
			       device, strerror(errno));
	if ((uint64_t)end >= size)
		return 0;
	return fr_fail(
		error, FR_FAILED, -EBADMSG,
		"the state volume has %llu bytes, but %s gives access to %llu of them only",
		(unsigned long long)size, device, (unsigned long long)end);
}

int fr_wipe_find(const char *root, char **ret_device, struct fr_error *error)
{
	_cleanup_free_ char *buses = NULL;
	_cleanup_free_ char *name = NULL;
	_cleanup_free_ char *device = NULL;
	uint64_t size = 0;
	int err;

	err = read_volume_size(&size, error);
	if (err < 0)
		return err;
	if (!size) {
		*ret_device = NULL;
		return 0;
	}
	if (asprintf(&buses, "%s" BUSES, root) < 0) {
		buses = NULL;
		return fr_fail_memory(error);
	}
	name = find_entry(buses, "ndbus", find_in_bus);
	if (!name)
		return fr_fail(
			error, FR_FAILED, -ENODEV,
			"there is a state volume, but no block device for it: the kernel needs CONFIG_BLK_DEV_PMEM");
	if (asprintf(&device, "%s/dev/%s", root, name) < 0) {
		device = NULL;
		return fr_fail_memory(error);
	}
	err = check_size(device, size, error);
	if (err < 0)
		return err;
	*ret_device = fr_steal_pointer(device);
	return 0;
}

/* Undo the kernel's octal escapes, in place. */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		unsigned int byte;

		if (*text == '\\' && sscanf(text + 1, "%3o", &byte) == 1 &&
		    strlen(text) >= 4) {
			*to++ = (char)byte;
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/*
 * The last mount of a device in mountinfo, which lies on top of the others; NULL
 * if there is none. Changes the text.
 */
static char *last_mount(char *mounts, dev_t device)
{
	char *found = NULL;
	char *line;

	while ((line = strsep(&mounts, "\n"))) {
		unsigned int of_major, of_minor;
		int begin = 0, end = 0;

		if (sscanf(line, "%*u %*u %u:%u %*s %n%*s%n", &of_major,
			   &of_minor, &begin, &end) < 2 ||
		    !end || makedev(of_major, of_minor) != device)
			continue;
		line[end] = '\0';
		found = line + begin;
	}
	if (found)
		unescape(found);
	return found;
}

/* Return: 1 if something was unmounted, 0 if nothing is mounted. */
static int unmount_one(const char *mountinfo, dev_t device,
		       struct fr_error *error)
{
	_cleanup_free_ char *mounts = NULL;
	const char *where;
	int err;

	err = fr_read_file(AT_FDCWD, mountinfo, MOUNTS_SIZE_MAX, &mounts, NULL);
	if (err < 0)
		return fr_fail(error, FR_FAILED, err, "can't read %s: %s",
			       mountinfo, strerror(-err));
	where = last_mount(mounts, device);
	if (!where)
		return 0;
	if (umount2(where, UMOUNT_NOFOLLOW) < 0)
		return fr_fail(
			error, FR_REFUSED, -errno,
			"the state volume can't be unmounted from %s: %s; whoever uses it has to be stopped before",
			where, strerror(errno));
	return 1;
}

int fr_wipe_unmount(const char *root, const char *device,
		    struct fr_error *error)
{
	_cleanup_free_ char *mountinfo = NULL;
	struct stat stat_buffer;
	int err;

	if (stat(device, &stat_buffer) < 0)
		return fr_fail(error, FR_FAILED, -errno, "can't open %s: %s",
			       device, strerror(errno));
	if (!S_ISBLK(stat_buffer.st_mode))
		return 0;
	if (asprintf(&mountinfo, "%s/proc/self/mountinfo", root) < 0) {
		mountinfo = NULL;
		return fr_fail_memory(error);
	}
	do {
		err = unmount_one(mountinfo, stat_buffer.st_rdev, error);
	} while (err > 0);
	return err;
}

/**
 * struct wipe - a device while it is wiped
 * @device: its name
 * @fd: open for reading and writing
 * @size: bytes
 * @stop: see fr_wipe_device()
 * @buffer: PIECE_SIZE bytes
 */
struct wipe {
	const char *device;
	int fd;
	uint64_t size;
	const volatile sig_atomic_t *stop;
	char *buffer;
};

static int io_failed(const struct wipe *wipe, const char *what, int err,
		     struct fr_error *error)
{
	return fr_fail(error, FR_FAILED, err, "can't %s %s: %s", what,
		       wipe->device, strerror(-err));
}

/* Without the page cache, where the device can do that. */
static int open_device(struct wipe *wipe, struct fr_error *error)
{
	int flags = O_RDWR | O_EXCL | O_CLOEXEC;
	off_t end;

	wipe->fd = open(wipe->device, flags | O_DIRECT);
	if (wipe->fd < 0 && errno == EINVAL)
		wipe->fd = open(wipe->device, flags);
	if (wipe->fd < 0 && errno == EBUSY)
		return fr_fail(error, FR_REFUSED, -EBUSY,
			       "%s is in use: it is mounted somewhere",
			       wipe->device);
	if (wipe->fd < 0)
		return io_failed(wipe, "open", -errno, error);
	end = lseek(wipe->fd, 0, SEEK_END);
	if (end < 0)
		return io_failed(wipe, "read", -errno, error);
	wipe->size = (uint64_t)end;
	return 0;
}

static int check_stop(const struct wipe *wipe, struct fr_error *error)
{
	if (!wipe->stop || !*wipe->stop)
		return 0;
	return fr_fail(error, FR_CANCELLED, -EINTR,
		       "%s is wiped only in part: %s", wipe->device,
		       *wipe->stop == SIGALRM ? "it took too long" :
						"it was stopped");
}

static int write_zeros(const struct wipe *wipe, uint64_t at, size_t size,
		       struct fr_error *error)
{
	while (size) {
		ssize_t n = pwrite(wipe->fd, wipe->buffer, size, (off_t)at);

		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)
			return io_failed(wipe, "write to", -errno, error);
		at += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

/* Memory is all zeros if it begins with one and equals itself a byte later. */
static bool is_zero(const char *data, size_t size)
{
	return !size || (!*data && !memcmp(data, data + 1, size - 1));
}

static int read_zeros(const struct wipe *wipe, uint64_t at, size_t size,
		      struct fr_error *error)
{
	ssize_t n = fr_pread_full(wipe->fd, wipe->buffer, size, at);

	if (n < 0)
		return io_failed(wipe, "read", (int)n, error);
	if ((size_t)n == size && is_zero(wipe->buffer, size))
		return 0;
	return fr_fail(
		error, FR_VERIFICATION_FAILED, -EBADMSG,
		"%s was overwritten, but has something else: suspect the memory",
		wipe->device);
}

static int for_each_piece(const struct wipe *wipe,
			  int (*piece)(const struct wipe *wipe, uint64_t at,
				       size_t size, struct fr_error *error),
			  struct fr_error *error)
{
	for (uint64_t at = 0; at < wipe->size; at += PIECE_SIZE) {
		uint64_t left = wipe->size - at;
		int err = check_stop(wipe, error);

		if (!err)
			err = piece(wipe, at,
				    left < PIECE_SIZE ? (size_t)left :
							PIECE_SIZE,
				    error);
		if (err < 0)
			return err;
	}
	return 0;
}

static int wipe_open_device(struct wipe *wipe, struct fr_error *error)
{
	int err;

	err = for_each_piece(wipe, write_zeros, error);
	if (err < 0)
		return err;
	if (fsync(wipe->fd) < 0)
		return io_failed(wipe, "write back", -errno, error);
	/* What is read now is to come from the device. */
	posix_fadvise(wipe->fd, 0, 0, POSIX_FADV_DONTNEED);
	return for_each_piece(wipe, read_zeros, error);
}

int fr_wipe_device(const char *device, const volatile sig_atomic_t *stop,
		   struct fr_error *error)
{
	struct wipe wipe = { .device = device, .fd = -1, .stop = stop };
	int err;

	wipe.buffer = aligned_alloc(ALIGNMENT, PIECE_SIZE);
	if (!wipe.buffer)
		return fr_fail_memory(error);
	memset(wipe.buffer, 0, PIECE_SIZE);
	err = open_device(&wipe, error);
	if (!err)
		err = wipe_open_device(&wipe, error);
	fr_closep(&wipe.fd);
	free(wipe.buffer);
	return err;
}

int fr_wipe_state(const char *root, const volatile sig_atomic_t *stop,
		  struct fr_error *error)
{
	_cleanup_free_ char *device = NULL;
	int err;

	err = fr_wipe_find(root, &device, error);
	if (err < 0 || !device)
		return err;
	err = fr_wipe_unmount(root, device, error);
	if (err < 0)
		return err;
	return fr_wipe_device(device, stop, error);
}
