// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The start:
 *
 *	lock, configuration	there is one daemon, and it knows what it may do
 *	systemd			for what the next two may have to ask for
 *	recover			the pool is as it should be
 *	confirm_init		an unconfirmed kernel is watched from here on
 *	private socket, READY	requests are taken
 *	buses			they may come later
 *
 * SIGTERM and SIGINT end it: a job is cancelled and waited for. A machine that
 * is leaving stays armed, and its watchdog counts on.
 *
 * SIGHUP reads the configuration again, for what is no job; each job reads it
 * when it starts, and one that runs goes on with what it has read. So neither a
 * staging nor a commit notices.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "api/object.h"
#include "base/journal.h"
#include "base/place.h"
#include "cleanup.h"
#include "policy/confirm.h"
#include "policy/daemon.h"
#include "policy/feed.h"
#include "policy/leave.h"
#include "policy/recover.h"
#include "policy/started.h"
#include "policy/work.h"
#include "root.h"
#include "standard-fds.h"

static int on_signal(sd_event_source *event_source,
		     const struct signalfd_siginfo *info, void *userdata)
{
	struct daemon *daemon = userdata;

	sd_notify(0, "STOPPING=1");
	daemon->stopping = true;
	if (!daemon->job)
		return sd_event_exit(daemon->event, 0);
	job_cancel(daemon->job, NULL);
	return 0;
}

/* What is wrong with the new one is said, and the old one stays in force. */
static int on_hangup(sd_event_source *event_source,
		     const struct signalfd_siginfo *info, void *userdata)
{
	struct daemon *daemon = userdata;
	struct fr_config config = { 0 };
	struct fr_error error = { 0 };

	if (fr_config_load(fr_root(), &config, &error)) {
		journal_message(LOG_ERR,
				"%s; the configuration stays as it was",
				error.text);
		return 0;
	}
	fr_config_done(&daemon->config);
	daemon->config = config;
	journal_message(LOG_INFO, "the configuration was read again");
	return 0;
}

/* Before any thread is there: they inherit what is blocked. */
static int set_up_signals(struct daemon *daemon)
{
	sigset_t signals;
	int err;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	err = sd_event_add_signal(daemon->event, NULL, SIGTERM, on_signal,
				  daemon);
	if (err >= 0)
		err = sd_event_add_signal(daemon->event, NULL, SIGINT,
					  on_signal, daemon);
	if (err >= 0)
		err = sd_event_add_signal(daemon->event, NULL, SIGHUP,
					  on_hangup, daemon);
	if (err >= 0)
		err = sd_event_set_watchdog(daemon->event, 1);
	return err < 0 ? err : 0;
}

static int take_lock(struct daemon *daemon, struct fr_error *error)
{
	_cleanup_free_ char *path = NULL;

	if (mkdir(place_runtime(), 0755) < 0 && errno != EEXIST)
		return fr_fail(error, FR_FAILED, -errno, "can't make %s: %s",
			       place_runtime(), strerror(errno));
	if (asprintf(&path, "%s/lock", place_runtime()) < 0) {
		path = NULL;
		return fr_fail_memory(error);
	}
	daemon->lock_fd =
		open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (daemon->lock_fd < 0)
		return fr_fail(error, FR_FAILED, -errno, "can't open %s: %s",
			       path, strerror(errno));
	if (!flock(daemon->lock_fd, LOCK_EX | LOCK_NB))
		return 0;
	if (errno == EWOULDBLOCK)
		return fr_fail(error, FR_BUSY, -errno,
			       "another fastrebootd is running: it holds %s",
			       path);
	return fr_fail(
		error, FR_FAILED, -errno,
		"can't lock %s: %s; the kernel needs CONFIG_FILE_LOCKING", path,
		strerror(errno));
}

/*
 * With a broken configuration no job starts but those that bring the machine
 * back, each says why; and an unconfirmed kernel is watched all the same, by
 * every line that is in order.
 */
static int load_config(struct daemon *daemon, struct fr_error *error)
{
	if (fr_config_salvage(fr_root(), &daemon->config))
		return fr_fail_memory(error);
	for (char **line = daemon->config.passed_over; line && *line; line++)
		journal_message(LOG_WARNING, "%s", *line);
	return 0;
}

static void read_release(struct daemon *daemon)
{
	struct utsname name;

	if (!uname(&name))
		snprintf(daemon->release, sizeof(daemon->release), "%.64s",
			 name.release);
}

static void on_refused(void *daemon, const struct fr_error *error)
{
	leave_failed(daemon, error);
}

static bool is_waiting(void *daemon)
{
	return confirm_is_watching(daemon);
}

static void on_boot_failed(void *daemon, const char *units)
{
	confirm_boot_failed(daemon, units);
}

/* There is more to tell of the last reboot. */
static void on_news(void *daemon)
{
	daemon_update_metrics(daemon);
}

/* A kexec tool has armed a slot, or taken it back. */
static void on_armed(void *daemon)
{
	daemon_refresh(daemon);
	daemon_changed(daemon);
}

/* What follows from what systemd tells. */
static const struct systemd_events systemd_events = {
	.refused = on_refused,
	.is_waiting = is_waiting,
	.boot_failed = on_boot_failed,
	.timed = on_news,
};

static int start(struct daemon *daemon, struct fr_error *error)
{
	int err;

	err = sd_event_default(&daemon->event);
	if (err >= 0)
		err = set_up_signals(daemon);
	if (err < 0)
		return fr_fail(error, FR_FAILED, err,
			       "can't make an event loop: %s", strerror(-err));
	bus_init(&daemon->bus, daemon->event, object_register, daemon);
	err = take_lock(daemon, error);
	if (err)
		return err;
	err = load_config(daemon, error);
	if (err)
		return err;
	read_release(daemon);
	place_boot_id(daemon->boot_id);
	daemon_refresh(daemon);
	systemd_init(&daemon->systemd, daemon->event, &systemd_events, daemon);
	recover(daemon);
	confirm_init(daemon);
	return bus_listen(&daemon->bus, error);
}

static void run(struct daemon *daemon)
{
	bus_connect(&daemon->bus);
	history_init(&daemon->history, daemon->event, daemon->pool.generation,
		     on_news, daemon);
	watch_init(&daemon->watch, daemon->event, on_armed, daemon);
	started_tell(daemon);
	sd_notify(0, "READY=1");
	daemon_changed(daemon);
	sd_event_loop(daemon->event);
}

static void finish(struct daemon *daemon)
{
	work_stop(daemon);
	watch_done(&daemon->watch);
	history_done(&daemon->history);
	confirm_done(daemon);
	feed_done(daemon);
	logind_done(&daemon->logind);
	systemd_done(&daemon->systemd);
	bus_done(&daemon->bus);
	daemon_done(daemon);
	fr_closep(&daemon->lock_fd);
	sd_event_unref(daemon->event);
}

static int usage(FILE *file)
{
	fputs("fastrebootd\n"
	      "\n"
	      "Stages kernels into the pool, commits and confirms them, and rolls back.\n"
	      "It takes its orders from fastreboot(1), over D-Bus.\n"
	      "\n"
	      "  --help     show this text\n"
	      "  --version  show the version\n",
	      file);
	return file == stdout ? FR_OK : FR_USAGE;
}

int main(int argc, char **argv)
{
	struct daemon daemon = { .lock_fd = -1,
				 .on_idle = confirm_idle,
				 .pool = { .running = FR_SLOT_NONE,
					   .armed = FR_SLOT_NONE },
				 .history = HISTORY_INIT,
				 .watch = WATCH_INIT,
				 .watchdog = WATCHDOG_INIT };
	struct fr_error error = { 0 };
	int err;

	if (fr_standard_fds_init() < 0)
		return FR_FAILED;
	if (argc == 2 && !strcmp(argv[1], "--help"))
		return usage(stdout);
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts("fastrebootd " FASTREBOOT_VERSION);
		return FR_OK;
	}
	if (argc != 1)
		return usage(stderr);
	err = start(&daemon, &error);
	if (err)
		journal_message(LOG_ERR, "%s", error.text);
	else
		run(&daemon);
	finish(&daemon);
	return err ? (int)error.failure : FR_OK;
}
