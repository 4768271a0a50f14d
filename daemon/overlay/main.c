// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * root-overlay: makes a root that can't be written writable, before init.
 *
 * A root image lies in a slot, which can't be written to. A Debian wants to: so
 * this program, which the kernel starts as init, lays an overlay over the root,
 *
 *	upper	a directory of a tmpfs, or of a file system on another device
 *	lower	the root
 *
 * makes that the root, and becomes the real init, with the arguments that the
 * kernel gave it. The old root and the upper layer's mount are not seen any
 * more; the overlay keeps them.
 *
 * All is done below /run, which every system has and does not use so early. A
 * step that fails is told on the console; then the real init gets the root as
 * it is, which is a system that an administrator can look into. It is linked
 * statically: it may be the only program in the root image that
 * works.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WORKSPACE "/run"
#define ROOT WORKSPACE "/root"
#define VOLUME WORKSPACE "/volume"
#define CMDLINE_MAX 8192
#define NAME_MAX_SIZE 256
/* How long a device may take to come up. */
#define DEVICE_MSEC 10000

/**
 * struct settings - what the kernel's command line says
 * @init: the real init: fastreboot.init=
 * @device: device of the upper layer: fastreboot.overlay=/dev/...; empty: tmpfs
 * @folder: on it, without a slash at its begin or end
 * @size: of a tmpfs, as its option size=; empty for its default
 */
struct settings {
	char init[NAME_MAX_SIZE];
	char device[NAME_MAX_SIZE];
	char folder[NAME_MAX_SIZE];
	char size[NAME_MAX_SIZE];
};

__attribute__((__format__(printf, 2, 3))) static int
complain(int err, const char *format, ...)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	char text[512], line[640];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	snprintf(line, sizeof(line), "<3>root-overlay: %s: %s\n", text,
		 strerror(-err));
	/* The console shows what is logged, if it is there. */
	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		fputs(line + strlen("<3>"), stderr);
	if (fd >= 0)
		close(fd);
	return err;
}

static int make_folder(const char *path)
{
	if (!mkdir(path, 0755) || errno == EEXIST)
		return 0;
	return complain(-errno, "can't make %s", path);
}

static int mount_one(const char *what, const char *where, const char *type,
		     unsigned long flags, const char *options)
{
	if (!mount(what, where, type, flags, options))
		return 0;
	return complain(-errno, "can't mount %s at %s", what, where);
}

/* "/dev/vda2:a/b", "/dev/vda2", "tmpfs:256M" or "tmpfs" */
static int set_overlay(struct settings *settings, char *value)
{
	char *rest = strchr(value, ':');

	if (rest)
		*rest++ = '\0';
	if (!strcmp(value, "tmpfs")) {
		snprintf(settings->size, NAME_MAX_SIZE, "%s", rest ? rest : "");
		settings->device[0] = '\0';
		return 0;
	}
	if (*value != '/' || (rest && (*rest == '/' || strstr(rest, "..") ||
				       strpbrk(rest, ",:\\"))))
		return complain(
			-EINVAL,
			"fastreboot.overlay=%s%s%s is neither tmpfs[:<size>] nor <device>[:<folder>]",
			value, rest ? ":" : "", rest ? rest : "");
	snprintf(settings->device, NAME_MAX_SIZE, "%s", value);
	snprintf(settings->folder, NAME_MAX_SIZE, "%s",
		 rest && *rest ? rest : "fastreboot-overlay");
	return 0;
}

static int set_word(struct settings *settings, char *word)
{
	char *value = strchr(word, '=');

	if (!value++)
		return 0;
	if (!strncmp(word, "fastreboot.init=", 16)) {
		snprintf(settings->init, NAME_MAX_SIZE, "%s", value);
		return 0;
	}
	if (!strncmp(word, "fastreboot.overlay=", 19))
		return set_overlay(settings, value);
	return 0;
}

static int parse_cmdline(struct settings *settings, char *cmdline)
{
	char *save = NULL;
	char *word;

	for (word = strtok_r(cmdline, " \t\n", &save);
	     word && strcmp(word, "--");
	     word = strtok_r(NULL, " \t\n", &save)) {
		int err = set_word(settings, word);

		if (err)
			return err;
	}
	return 0;
}

static int read_settings(struct settings *settings)
{
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	char cmdline[CMDLINE_MAX];
	ssize_t n = fd < 0 ? -1 : read(fd, cmdline, sizeof(cmdline) - 1);

	if (n < 0)
		n = complain(-errno, "can't read /proc/cmdline");
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return (int)n;
	cmdline[n] = '\0';
	return parse_cmdline(settings, cmdline);
}

static long now_msec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Drivers may still be looking for their devices. */
static int wait_device(const char *device)
{
	struct pollfd poll_fd = { .fd = -1, .events = POLLIN };
	long end = now_msec() + DEVICE_MSEC;
	long left = DEVICE_MSEC;
	char events[4096];

	if (!access(device, F_OK))
		return 0;
	poll_fd.fd = inotify_init1(IN_CLOEXEC);
	if (poll_fd.fd < 0 ||
	    inotify_add_watch(poll_fd.fd, "/dev", IN_CREATE | IN_MOVED_TO) < 0)
		return complain(-errno, "can't watch /dev");
	while (access(device, F_OK) < 0 && left > 0) {
		if (poll(&poll_fd, 1, (int)left) > 0 &&
		    read(poll_fd.fd, events, sizeof(events)) < 0)
			break;
		left = end - now_msec();
	}
	close(poll_fd.fd);
	return access(device, F_OK) < 0 ?
		       complain(-ENODEV, "there is no %s", device) :
		       0;
}

/* Of the file systems that need a device, the one that it has. */
static int mount_any(const char *device)
{
	FILE *types = fopen("/proc/filesystems", "re");
	char line[128], type[64];
	int err = -ENODEV;

	while (types && err && fgets(line, sizeof(line), types)) {
		if (sscanf(line, "\t%63s", type) != 1 ||
		    !strncmp(line, "nodev", 5))
			continue;
		if (!mount(device, VOLUME, type, 0, NULL))
			err = 0;
		else if (errno != EINVAL)
			err = -errno;
	}
	if (types)
		fclose(types);
	return err ? complain(err, "can't mount %s", device) : 0;
}

/* With the folders above it, the first of which is there. */
static int make_folders(char *path, size_t begin)
{
	for (char *slash = path + begin; *slash; slash++) {
		int err;

		if (*slash != '/')
			continue;
		*slash = '\0';
		err = make_folder(path);
		*slash = '/';
		if (err)
			return err;
	}
	return make_folder(path);
}

static int prepare_device(const struct settings *settings, char *layers,
			  size_t size)
{
	int err;

	err = wait_device(settings->device);
	if (!err)
		err = make_folder(VOLUME);
	if (!err)
		err = mount_any(settings->device);
	if (err)
		return err;
	snprintf(layers, size, VOLUME "/%s", settings->folder);
	return make_folders(layers, strlen(VOLUME) + 1);
}

static int prepare_layers(const struct settings *settings, char *layers,
			  size_t size)
{
	char path[sizeof(VOLUME) + NAME_MAX_SIZE + 8];
	int err = 0;

	if (*settings->device)
		err = prepare_device(settings, layers, size);
	else
		snprintf(layers, size, WORKSPACE);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/upper", layers);
	err = make_folder(path);
	snprintf(path, sizeof(path), "%s/work", layers);
	return err ? err : make_folder(path);
}

/* What would go wrong when the root below is another one the next time is off. */
static int mount_overlay(const char *layers)
{
	char options[3 * (sizeof(VOLUME) + NAME_MAX_SIZE)];

	snprintf(
		options, sizeof(options),
		"lowerdir=/,upperdir=%s/upper,workdir=%s/work,index=off,metacopy=off,redirect_dir=off",
		layers, layers);
	return make_folder(ROOT) ?:
		       mount_one("overlay", ROOT, "overlay", 0, options);
}

/* /dev is no mount where the kernel does not mount devtmpfs itself. */
static int move_mounts(const char *from, const char *to)
{
	char old_path[64], new_path[64];

	snprintf(old_path, sizeof(old_path), "%s/dev", from);
	snprintf(new_path, sizeof(new_path), "%s/dev", to);
	mount(old_path, new_path, "", MS_MOVE, NULL);
	snprintf(old_path, sizeof(old_path), "%s/proc", from);
	snprintf(new_path, sizeof(new_path), "%s/proc", to);
	if (!mount(old_path, new_path, "", MS_MOVE, NULL))
		return 0;
	return complain(-errno, "can't move %s", old_path);
}

/* The old root is where /run was, and is taken away from there. */
static int change_root(void)
{
	int err = move_mounts("", ROOT);

	if (!err &&
	    (chdir(ROOT) < 0 || syscall(SYS_pivot_root, ".", "run") < 0)) {
		err = complain(-errno, "can't change the root");
		move_mounts(ROOT, "");
	}
	if (err)
		return err;
	if (chdir("/") < 0 || umount2("/run", MNT_DETACH) < 0)
		return complain(-errno, "can't unmount the old root");
	return 0;
}

static int make_workspace(const struct settings *settings)
{
	char options[NAME_MAX_SIZE + 32];

	snprintf(options, sizeof(options), "mode=0755%s%s",
		 *settings->size ? ",size=" : "", settings->size);
	return mount_one("tmpfs", WORKSPACE, "tmpfs", 0, options);
}

static int lay_overlay(const struct settings *settings)
{
	char layers[sizeof(VOLUME) + NAME_MAX_SIZE];
	int err;

	err = make_workspace(settings);
	if (err)
		return err;
	err = prepare_layers(settings, layers, sizeof(layers));
	if (!err)
		err = mount_overlay(layers);
	if (!err)
		return change_root();
	umount2(WORKSPACE, MNT_DETACH);
	return err;
}

/*
 * Where there is no console the kernel starts init with the descriptors 0 to 2
 * closed. No file that is opened here may become one of them.
 */
static void open_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_NOCTTY);
	while (fd >= 0 && fd < STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

static bool is_mounted_proc(void)
{
	return !access("/proc/self", F_OK);
}

int main(int argc, char **argv)
{
	struct settings settings = { .init = "/sbin/init" };
	int err = 0;

	open_standard_fds();
	if (getpid() != 1) {
		fputs("root-overlay is started by the kernel: init=/usr/lib/fastreboot/root-overlay\n",
		      stderr);
		return 2;
	}
	if (!is_mounted_proc())
		err = mount_one("proc", "/proc", "proc",
				MS_NODEV | MS_NOSUID | MS_NOEXEC, NULL);
	if (!err)
		err = read_settings(&settings);
	if (!err)
		err = lay_overlay(&settings);
	if (err)
		complain(err, "the root stays as it is");
	argv[0] = settings.init;
	execv(settings.init, argv);
	complain(-errno, "can't run %s", settings.init);
	return 1;
}
