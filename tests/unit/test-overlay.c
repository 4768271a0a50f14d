// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * root-overlay, as process 1 of a namespace of its own whose root is a folder that
 * can't be written. There is no init in it, so the program comes back, and what
 * it has made of the root can be looked at.
 */
#include "files-fixture.h"

#include <sched.h>
#include <sys/wait.h>

#define main root_overlay
#include "../../daemon/overlay/main.c"
#undef main

static void overlays(void **state)
{
	static const struct {
		const char *cmdline;
		const char *device;
		const char *folder;
		const char *size;
		const char *init;
	} cases[] = {
		{ "", "", "", "", "/sbin/init" },
		{ "quiet fastreboot.overlay=tmpfs", "", "", "", "/sbin/init" },
		{ "fastreboot.overlay=tmpfs:25%", "", "", "25%", "/sbin/init" },
		{ "fastreboot.overlay=/dev/vda2 a=b", "/dev/vda2",
		  "fastreboot-overlay", "", "/sbin/init" },
		{ "fastreboot.overlay=/dev/vda2:a/b fastreboot.init=/x\n",
		  "/dev/vda2", "a/b", "", "/x" },
		{ "fastreboot.overlay=/dev/a fastreboot.overlay=tmpfs:1M", "",
		  "fastreboot-overlay", "1M", "/sbin/init" },
		{ "a -- fastreboot.init=/x", "", "", "", "/sbin/init" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct settings settings = { .init = "/sbin/init" };
		char cmdline[128];

		snprintf(cmdline, sizeof(cmdline), "%s", cases[i].cmdline);
		assert_int_equal(parse_cmdline(&settings, cmdline), 0);
		assert_string_equal(settings.device, cases[i].device);
		if (*cases[i].device)
			assert_string_equal(settings.folder, cases[i].folder);
		assert_string_equal(settings.size, cases[i].size);
		assert_string_equal(settings.init, cases[i].init);
	}
}

static void bad_overlays(void **state)
{
	static const char *const bad[] = {
		"fastreboot.overlay=",
		"fastreboot.overlay=ramfs",
		"fastreboot.overlay=/dev/a:/b",
		"fastreboot.overlay=/dev/a:../b",
		"fastreboot.overlay=/dev/a:b,c",
		"fastreboot.overlay=/dev/a:b:c",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct settings settings = { 0 };
		char cmdline[128];

		snprintf(cmdline, sizeof(cmdline), "%s", bad[i]);
		assert_int_equal(parse_cmdline(&settings, cmdline), -EINVAL);
	}
}

/* Make a folder the root of the calling process, read-only. */
static int enter(const char *root)
{
	if (mount("", "/", "", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(root, root, "", MS_BIND, NULL) < 0 ||
	    mount("", root, "", MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0 ||
	    chdir(root) < 0 || syscall(SYS_pivot_root, ".", "old") < 0 ||
	    umount2("/old", MNT_DETACH) < 0)
		return -errno;
	return 0;
}

/* Exit statuses of the child. */
enum { WRITABLE, READ_ONLY, NOT_ENTERED, NOT_THERE };

static int try_to_write(void)
{
	int fd;

	if (access("/etc/lower", F_OK) < 0 || access("/proc/self", F_OK) < 0)
		return NOT_THERE;
	fd = open("/etc/upper", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return fd < 0 ? READ_ONLY : WRITABLE;
}

static int run_as_init(const char *root)
{
	char *arguments[] = { (char *)"/root-overlay", (char *)"single", NULL };
	int status = 0;
	pid_t pid;

	if (unshare(CLONE_NEWNS | CLONE_NEWPID) < 0)
		return NOT_ENTERED;
	pid = fork();
	if (!pid) {
		if (enter(root) < 0)
			_exit(NOT_ENTERED);
		root_overlay(2, arguments);
		_exit(try_to_write());
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : NOT_THERE;
}

/* In a child, because what is unshared can't be joined again. */
static int run_in(const char *root)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid)
		_exit(run_as_init(root));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WEXITSTATUS(status);
}

static void make_root(const char *const *folders)
{
	file_make_folder("root");
	for (; *folders; folders++)
		file_make_folder(*folders);
	file_write_text("root/etc/lower", "x");
}

/* How it went. No folder is left for the next test, however this one ends. */
static int run_on(const char *const *folders)
{
	bool reached;
	int found;

	make_root(folders);
	found = run_in(file_path("root"));
	reached = !access(file_path("root/etc/upper"), F_OK);
	file_remove("root");
	assert_false(reached);
	return found;
}

static void writable(void **state)
{
	static const char *const folders[] = { "root/etc",  "root/dev",
					       "root/proc", "root/run",
					       "root/old",  NULL };
	int found = run_on(folders);

	if (found == NOT_ENTERED)
		skip();
	assert_int_equal(found, WRITABLE);
}

/* Something is missing: the real init gets what there is. */
static void stays_as_it_is(void **state)
{
	static const char *const folders[] = { "root/etc", "root/dev",
					       "root/proc", "root/old", NULL };
	int found = run_on(folders);

	if (found == NOT_ENTERED)
		skip();
	assert_int_equal(found, READ_ONLY);
}

/* Which of 0 to 3 are open when those of @closed were not, as bits. */
static int opened(int closed)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		for (int fd = 0; fd < 3; fd++)
			if (closed & 1 << fd)
				close(fd);
		close(3);
		open_standard_fds();
		for (int fd = 0; fd < 4; fd++)
			status |= (fcntl(fd, F_GETFD) >= 0) << fd;
		_exit(status);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WEXITSTATUS(status);
}

static void closed_descriptors(void **state)
{
	for (int closed = 0; closed < 8; closed++)
		assert_int_equal(opened(closed), 7);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(overlays),	       UNIT_TEST(bad_overlays),
	UNIT_TEST(writable),	       UNIT_TEST(stays_as_it_is),
	UNIT_TEST(closed_descriptors),
};
FILES_UNIT_MAIN(tests)
