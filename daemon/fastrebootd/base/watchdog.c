// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/watchdog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/watchdog.h>

#include "cleanup.h"
#include "io.h"
#include "root.h"

#define USEC_PER_SEC 1000000

/* Major 10, minor 130: /dev/watchdog, which is an old name of watchdog0. */
#define MISC_MAJOR 10

char *watchdog_path(const struct fr_config *config)
{
	char *path;

	if (asprintf(&path, "%s%s", fr_root(), config->watchdog_device) < 0)
		return NULL;
	return path;
}

/* The driver's file in sysfs, without the newline. */
static char *read_attribute(const char *device, const char *name)
{
	_cleanup_free_ char *path = NULL;
	struct stat st;
	char *value;
	int n;

	if (stat(device, &st) < 0 || !S_ISCHR(st.st_mode))
		return NULL;
	if (major(st.st_rdev) == MISC_MAJOR)
		n = asprintf(&path, "/sys/class/watchdog/watchdog0/%s", name);
	else
		n = asprintf(&path, "/sys/dev/char/%u:%u/%s", major(st.st_rdev),
			     minor(st.st_rdev), name);
	if (n < 0) {
		path = NULL;
		return NULL;
	}
	if (fr_read_file(AT_FDCWD, path, 4096, &value, NULL))
		return NULL;
	value[strcspn(value, "\n")] = '\0';
	return value;
}

bool watchdog_is_running(const char *device)
{
	_cleanup_free_ char *state = read_attribute(device, "state");

	return state && !strcmp(state, "active");
}

static bool can_be_stopped(const char *device, int fd)
{
	_cleanup_free_ char *nowayout = read_attribute(device, "nowayout");
	struct watchdog_info info;

	if (nowayout && !strcmp(nowayout, "1"))
		return false;
	return ioctl(fd, WDIOC_GETSUPPORT, &info) == 0 &&
	       (info.options & WDIOF_MAGICCLOSE);
}

static int open_failed(struct fr_error *error, const char *device, int err)
{
	if (err == -ENOENT || err == -ENODEV || err == -ENXIO)
		return fr_fail(error, FR_NOT_FOUND, -ENOENT,
			       "the machine has no %s", device);
	if (err == -EBUSY)
		return fr_fail(
			error, FR_BUSY, err,
			"%s is used by something else, which has to keep it running",
			device);
	return fr_fail(error, FR_FAILED, err, "can't open %s: %s", device,
		       strerror(-err));
}

static int open_device(struct watchdog *watchdog, const char *device,
		       struct fr_error *error)
{
	int fd = open(device, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return open_failed(error, device, -errno);
	watchdog->fd = fd;
	watchdog->keep = !can_be_stopped(device, fd);
	return 0;
}

static void set_timeout(struct watchdog *watchdog, uint64_t timeout_usec)
{
	int seconds = (int)(timeout_usec / USEC_PER_SEC);

	if (seconds < 1)
		seconds = 1;
	/* The driver answers with what it has taken; some can't be asked. */
	if (ioctl(watchdog->fd, WDIOC_SETTIMEOUT, &seconds) < 0 &&
	    ioctl(watchdog->fd, WDIOC_GETTIMEOUT, &seconds) < 0)
		seconds = 10;
	watchdog->timeout_usec = (uint64_t)seconds * USEC_PER_SEC;
}

/* The request is declared as one that answers with a number; none does. */
static void keep_alive(int fd)
{
	int unused = 0;

	ioctl(fd, WDIOC_KEEPALIVE, &unused);
}

int watchdog_start(struct watchdog *watchdog, const char *device,
		   uint64_t timeout_usec, struct fr_error *error)
{
	int err = 0;

	pthread_mutex_lock(&watchdog->lock);
	if (watchdog->fd < 0)
		err = open_device(watchdog, device, error);
	if (!err) {
		set_timeout(watchdog, timeout_usec);
		keep_alive(watchdog->fd);
	}
	pthread_mutex_unlock(&watchdog->lock);
	return err;
}

void watchdog_feed(struct watchdog *watchdog)
{
	pthread_mutex_lock(&watchdog->lock);
	if (watchdog->fd >= 0)
		keep_alive(watchdog->fd);
	pthread_mutex_unlock(&watchdog->lock);
}

bool watchdog_stop(struct watchdog *watchdog)
{
	bool stopped = true;

	pthread_mutex_lock(&watchdog->lock);
	if (watchdog->fd >= 0) {
		stopped = !watchdog->keep && write(watchdog->fd, "V", 1) == 1;
		if (stopped) {
			close(watchdog->fd);
			watchdog->fd = -1;
		}
	}
	pthread_mutex_unlock(&watchdog->lock);
	return stopped;
}

void watchdog_hand_over(struct watchdog *watchdog)
{
	pthread_mutex_lock(&watchdog->lock);
	if (watchdog->fd >= 0) {
		/* Closed without it the device only logs, and counts on. */
		if (write(watchdog->fd, "V", 1) < 0)
			keep_alive(watchdog->fd);
		close(watchdog->fd);
		watchdog->fd = -1;
	}
	pthread_mutex_unlock(&watchdog->lock);
}

static bool is_same_file(int folder, const char *name,
			 const struct stat *device)
{
	struct stat st;

	return !fstatat(folder, name, &st, 0) && st.st_dev == device->st_dev &&
	       st.st_ino == device->st_ino;
}

bool watchdog_is_ours(const char *device)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	struct stat st;

	if (!dir || stat(device, &st) < 0)
		return false;
	while ((entry = readdir(dir)))
		if (is_same_file(dirfd(dir), entry->d_name, &st))
			return true;
	return false;
}

uint64_t watchdog_feed_usec(struct watchdog *watchdog)
{
	uint64_t usec;

	pthread_mutex_lock(&watchdog->lock);
	usec = watchdog->fd < 0 ? 0 : watchdog->timeout_usec / 3;
	pthread_mutex_unlock(&watchdog->lock);
	return usec;
}
