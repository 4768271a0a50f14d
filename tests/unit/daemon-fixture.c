// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon-fixture.h"

#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../daemon/fastrebootd/base/place.h"
#include "../../daemon/fastrebootd/policy/confirm.h"
#include "../../daemon/fastrebootd/policy/feed.h"
#include "../../daemon/fastrebootd/policy/work.h"
#include "fake-kernel.h"

#define KERNEL "the kernel"

const char *const machine_kernel_sha256 =
	"7c2f712a5b31004cd31b6fe611e12219b02a73755049a698be58fdfa32a856cf";

static char root[128];
static char sysfs[160];

int machine_fresh(void **state)
{
	static unsigned int count;

	snprintf(root, sizeof(root), "%s/machine%u", file_path(""), count++);
	snprintf(sysfs, sizeof(sysfs), "%s/sys", root);
	if (mkdir(root, 0755) < 0 || mkdir(sysfs, 0755) < 0)
		return -1;
	setenv("FASTREBOOT_ROOT", root, 1);
	setenv("FASTREBOOT_RUNTIME", root, 1);
	setenv("FASTREBOOT_SYSFS", sysfs, 1);
	/* The messages of the daemon are for the journal alone. */
	setenv("JOURNAL_STREAM", "1:1", 1);
	unsetenv("FASTREBOOT_SYSTEMD");
	unsetenv("FASTREBOOT_JOURNAL");
	unsetenv("FASTREBOOT_NO_JUMP");
	unsetenv("NOTIFY_SOCKET");
	setenv("FASTREBOOT_BOOT_ID", "this-boot", 1);
	fr_pool_testing_write = fake_kernel_write;
	return fake_kernel_make(sysfs, 2);
}

static void make_parents(char *path)
{
	for (char *c = path + strlen(root) + 1; *c; c++)
		if (*c == '/') {
			*c = '\0';
			mkdir(path, 0755);
			*c = '/';
		}
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

const char *machine_path(const char *name)
{
	static char path[512];

	assert_int_equal(*name, '/');
	snprintf(path, sizeof(path), "%s%s", root, name);
	return path;
}

const char *machine_put(const char *name, const char *text)
{
	const char *path = machine_path(name);

	make_parents((char *)path);
	write_file(path, text, 0644);
	return path;
}

void need_pidfd(void)
{
	int fd = pidfd_open(getpid(), 0);

	if (fd < 0)
		skip();
	close(fd);
}

void machine_put_program(const char *name, const char *text)
{
	need_pidfd();
	assert_int_equal(chmod(machine_put(name, text), 0755), 0);
}

static void put_kernel(const char *name, unsigned int seed)
{
	struct blob image = make_image(65536, seed);
	FILE *file = fopen(machine_put(name, ""), "we");

	assert_non_null(file);
	assert_int_equal(fwrite(image.data, 1, image.size, file), image.size);
	assert_int_equal(fclose(file), 0);
	blob_free(&image);
}

void machine_put_kernel(const char *name)
{
	put_kernel(name, 1);
}

void machine_put_other_kernel(const char *name)
{
	put_kernel(name, 2);
}

void machine_remove(const char *name)
{
	assert_int_equal(unlink(machine_path(name)), 0);
}

const char *machine_text(const char *name)
{
	static char text[4096];
	FILE *file = fopen(machine_path(name), "re");
	size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[n] = '\0';
	if (file)
		fclose(file);
	return text;
}

void kernel_put(const char *name, const char *text)
{
	char path[256], line[4096];

	snprintf(path, sizeof(path), "%s/%s", sysfs, name);
	snprintf(line, sizeof(line), "%s\n", text);
	write_file(path, line, 0600);
}

void expect_kernel(const char *name, const char *text)
{
	char path[256], found[4096];

	snprintf(path, sizeof(path), "/sys/%s", name);
	snprintf(found, sizeof(found), "%s", machine_text(path));
	found[strcspn(found, "\n")] = '\0';
	assert_string_equal(found, text);
}

void machine_stage(unsigned int slot, const char *source)
{
	struct fr_slot_writer writer = FR_SLOT_WRITER(slot);
	struct fr_error error = { 0 };

	expect_ok(fr_slot_begin(slot, &error), &error);
	expect_ok(fr_slot_write(&writer, FR_SEGMENT_KERNEL, KERNEL,
				strlen(KERNEL), &error),
		  &error);
	fr_slot_writer_close(&writer);
	expect_ok(fr_slot_set_cmdline(slot, "root=/dev/vda1", &error), &error);
	expect_ok(fr_slot_set_source(slot, source, &error), &error);
	expect_ok(fr_slot_seal(slot, &error), &error);
}

void daemon_begin(struct daemon *daemon)
{
	struct fr_error error = { 0 };

	*daemon = (struct daemon){ .lock_fd = -1,
				   .on_idle = confirm_idle,
				   .pool = { .running = FR_SLOT_NONE,
					     .armed = FR_SLOT_NONE },
				   .history = HISTORY_INIT,
				   .watch = WATCH_INIT,
				   .watchdog = WATCHDOG_INIT,
				   .release = "6.12-running" };
	assert_true(sd_event_new(&daemon->event) >= 0);
	expect_ok(fr_config_load(root, &daemon->config, &error), &error);
	place_boot_id(daemon->boot_id);
	daemon_refresh(daemon);
}

void daemon_finish_jobs(struct daemon *daemon)
{
	while (daemon->job)
		assert_true(sd_event_run(daemon->event, UINT64_MAX) >= 0);
}

void daemon_end(struct daemon *daemon)
{
	work_stop(daemon);
	history_done(&daemon->history);
	watch_done(&daemon->watch);
	confirm_done(daemon);
	feed_done(daemon);
	bus_done(&daemon->bus);
	logind_done(&daemon->logind);
	systemd_done(&daemon->systemd);
	daemon_done(daemon);
	sd_event_unref(daemon->event);
}

static void on_progress(void *userdata, const struct job *job,
			const struct job_view *view)
{
}

static void on_end(void *userdata, struct job *job)
{
	bool *ended = userdata;

	*ended = true;
}

struct job *job_run_alone(const struct job_type *type, void *argument)
{
	bool ended = false;
	struct job_owner owner = { .progressed = on_progress,
				   .ended = on_end,
				   .userdata = &ended };
	struct fr_error error = { 0 };
	struct job *job = NULL;

	assert_true(sd_event_new(&owner.event) >= 0);
	expect_ok(job_start(&owner, type, 1, argument, &job, &error), &error);
	while (!ended)
		assert_true(sd_event_run(owner.event, UINT64_MAX) >= 0);
	job->event_source = sd_event_source_disable_unref(job->event_source);
	sd_event_unref(owner.event);
	return job;
}

sd_bus *bus_for_messages(void)
{
	static int other_end = -1;
	sd_bus *bus = NULL;
	int fds[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	if (other_end >= 0)
		close(other_end);
	other_end = fds[1];
	assert_true(sd_bus_new(&bus) >= 0);
	assert_true(sd_bus_set_fd(bus, fds[0], fds[0]) >= 0);
	assert_true(sd_bus_start(bus) >= 0);
	return bus;
}

sd_bus_message *message_begin(sd_bus *bus)
{
	sd_bus_message *message = NULL;

	assert_true(sd_bus_message_new_signal(bus, &message, "/a", "b.c",
					      "D") >= 0);
	return message;
}

void message_finish(sd_bus_message *message)
{
	assert_true(sd_bus_message_seal(message, 1, 0) >= 0);
	assert_true(sd_bus_message_rewind(message, 1) >= 0);
}
