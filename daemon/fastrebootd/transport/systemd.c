// SPDX-License-Identifier: GPL-2.0-or-later
#include "transport/systemd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/journal.h"
#include "cleanup.h"
#include "commit.h"
#include "confirm.h"
#include "daemon.h"
#include "transport/systemd-bus.h"

#define PRIVATE "/run/systemd/private"

#define TARGET "boot-complete.target"
#define TARGET_PATH OBJECT "/unit/boot_2dcomplete_2etarget"
#define CONFIRM_SERVICE "fastreboot-confirm.service"

#define WAIT_USEC (5 * 1000 * 1000)
#define RETRY_USEC (1000 * 1000)

static int open_address(const char *address, bool is_bus, sd_bus **ret_bus)
{
	_cleanup_bus_ sd_bus *bus = NULL;
	int err;

	err = sd_bus_new(&bus);
	if (err >= 0)
		err = sd_bus_set_address(bus, address);
	if (err >= 0)
		err = sd_bus_set_bus_client(bus, is_bus);
	if (err >= 0)
		err = sd_bus_start(bus);
	if (err < 0)
		return err;
	*ret_bus = fr_steal_pointer(bus);
	return 0;
}

#ifdef FR_TESTING
/* A test never talks to the systemd of the machine that it runs on. */
static int open_systemd(sd_bus **ret_bus)
{
	const char *address = getenv("FASTREBOOT_SYSTEMD");

	return address ? open_address(address, false, ret_bus) : -ENOENT;
}
#else
static int open_systemd(sd_bus **ret_bus)
{
	/* What sd_booted() looks for. */
	if (access("/run/systemd/system", F_OK) < 0)
		return -ENOENT;
	if (open_address("unix:path=" PRIVATE, false, ret_bus) >= 0)
		return 0;
	return sd_bus_open_system(ret_bus);
}
#endif

int systemd_bus_open(sd_bus **ret_bus)
{
	sd_bus *bus;
	int err;

	err = open_systemd(&bus);
	if (err < 0)
		return err;
	sd_bus_set_method_call_timeout(bus, WAIT_USEC);
	*ret_bus = bus;
	return 0;
}

bool systemd_is_stopping(void)
{
	_cleanup_bus_ sd_bus *bus = NULL;
	_cleanup_free_ char *state = NULL;

	if (systemd_bus_open(&bus) < 0 ||
	    sd_bus_get_property_string(bus, SERVICE, OBJECT, MANAGER,
				       "SystemState", NULL, &state) < 0)
		return false;
	return !strcmp(state, "stopping");
}

static int read_load_state(sd_bus *bus, const char *unit, char **ret_state)
{
	_cleanup_message_ sd_bus_message *reply = NULL;
	const char *path;
	int err;

	err = sd_bus_call_method(bus, SERVICE, OBJECT, MANAGER, "LoadUnit",
				 NULL, &reply, "s", unit);
	if (err >= 0)
		err = sd_bus_message_read(reply, "o", &path);
	if (err < 0)
		return err;
	return sd_bus_get_property_string(bus, SERVICE, path, UNIT, "LoadState",
					  NULL, ret_state);
}

int systemd_check_unit(const char *unit, struct fr_error *error)
{
	_cleanup_bus_ sd_bus *bus = NULL;
	_cleanup_free_ char *state = NULL;
	int err;

	err = systemd_bus_open(&bus);
	if (err < 0)
		return fr_fail(error, FR_UNSUPPORTED, -ENOENT,
			       "systemd does not run here: use --now");
	err = read_load_state(bus, unit, &state);
	if (err < 0)
		return fr_fail(error, FR_FAILED, err,
			       "systemd does not answer: %s", strerror(-err));
	if (strcmp(state, "loaded"))
		return fr_fail(error, FR_REFUSED, -EPERM,
			       "systemd can't start %s, it is %s", unit, state);
	return 0;
}

/**
 * struct unit_job - a job of systemd's that somebody waits for
 * @path: its object
 * @result: how it has ended; empty as long as it has not
 */
struct unit_job {
	const char *path;
	char result[32];
};

static int on_unit_job_removed(sd_bus_message *message, void *userdata,
			       sd_bus_error *unused)
{
	struct unit_job *job = userdata;
	const char *path, *unit, *result;
	uint32_t id;

	if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) >=
		    0 &&
	    job->path && !strcmp(path, job->path))
		snprintf(job->result, sizeof(job->result), "%s", result);
	return 0;
}

int systemd_bus_process(sd_bus *bus, uint64_t until)
{
	uint64_t now = clock_usec();
	int err = sd_bus_process(bus, NULL);

	if (err)
		return err < 0 ? err : 0;
	if (now >= until)
		return -ETIMEDOUT;
	err = sd_bus_wait(bus, until - now);
	return err < 0 && err != -EINTR ? err : 0;
}

static int wait_unit_job(sd_bus *bus, struct unit_job *job, uint64_t until)
{
	int err = 0;

	while (!err && !*job->result)
		err = systemd_bus_process(bus, until);
	return err;
}

int systemd_bus_watch_jobs(sd_bus *bus, sd_bus_message_handler_t handler,
			   void *userdata)
{
	int err;

	err = sd_bus_match_signal(bus, NULL, NULL, OBJECT, MANAGER,
				  "JobRemoved", handler, userdata);
	if (err >= 0)
		err = sd_bus_call_method(bus, SERVICE, OBJECT, MANAGER,
					 "Subscribe", NULL, NULL, NULL);
	return err;
}

/* @job lives as long as the bus: the match refers to it. */
static int run_unit(sd_bus *bus, const char *unit, struct unit_job *job,
		    uint64_t timeout_usec)
{
	_cleanup_message_ sd_bus_message *reply = NULL;
	int err;

	err = systemd_bus_watch_jobs(bus, on_unit_job_removed, job);
	if (err >= 0)
		err = sd_bus_call_method(bus, SERVICE, OBJECT, MANAGER,
					 "StartUnit", NULL, &reply, "ss", unit,
					 "replace");
	if (err >= 0)
		err = sd_bus_message_read(reply, "o", &job->path);
	if (err >= 0)
		err = wait_unit_job(bus, job, clock_usec() + timeout_usec);
	job->path = NULL;
	return err;
}

int systemd_run_unit(const char *unit, uint64_t timeout_usec,
		     struct fr_error *error)
{
	struct unit_job job = { 0 };
	_cleanup_bus_ sd_bus *bus = NULL;
	int err;

	err = systemd_bus_open(&bus);
	if (err == -ENOENT)
		return err;
	if (err >= 0)
		err = run_unit(bus, unit, &job, timeout_usec);
	if (err == -ETIMEDOUT)
		return fr_fail(error, FR_REFUSED, err, "%s takes too long",
			       unit);
	if (err < 0)
		return fr_fail(error, FR_FAILED, err,
			       "systemd can't start %s: %s", unit,
			       strerror(-err));
	if (strcmp(job.result, "done"))
		return fr_fail(
			error, FR_REFUSED, -EPERM,
			"%s has ended with \"%s\"; 'journalctl -u %s' says why",
			unit, job.result, unit);
	return 0;
}

static int on_unit_started(sd_bus_message *reply, void *userdata,
			   sd_bus_error *unused)
{
	struct daemon *daemon = userdata;
	const sd_bus_error *failure = sd_bus_message_get_error(reply);
	_cleanup_free_ char *unit = fr_steal_pointer(daemon->systemd.wanted);
	struct fr_error error;

	if (!failure) {
		journal_message(LOG_INFO, "systemd starts %s", unit);
		return 0;
	}
	fr_fail(&error, FR_FAILED, -EIO, "systemd refuses to start %s: %s",
		unit ? unit : "the unit",
		failure->message ? failure->message : failure->name);
	commit_leave_failed(daemon, &error);
	return 0;
}

int systemd_start_unit(struct daemon *daemon, const char *unit)
{
	struct systemd *systemd = &daemon->systemd;
	int err;

	if (!systemd->bus)
		systemd_init(daemon);
	if (!systemd->bus)
		return -ENOTCONN;
	free(systemd->wanted);
	systemd->wanted = strdup(unit);
	err = sd_bus_call_method_async(systemd->bus, NULL, SERVICE, OBJECT,
				       MANAGER, "StartUnit", on_unit_started,
				       daemon, "ss", unit,
				       "replace-irreversibly");
	return err < 0 ? err : 0;
}

/* Names of failed units, separated by blanks. */
static int read_failed_units(sd_bus_message *reply, char *text, size_t size)
{
	const char *name, *unused[6], *path;
	uint32_t id;
	size_t at = 0;
	int err;

	text[0] = '\0';
	err = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
	if (err < 0)
		return err;
	while ((err = sd_bus_message_read(reply, "(ssssssouso)", &name,
					  &unused[0], &unused[1], &unused[2],
					  &unused[3], &unused[4], &path, &id,
					  &unused[5], &path)) > 0)
		if (at + strlen(name) + 2 < size)
			at += (size_t)sprintf(text + at, "%s%s", at ? " " : "",
					      name);
	return err;
}

static int on_failed_units(sd_bus_message *reply, void *userdata,
			   sd_bus_error *unused)
{
	struct daemon *daemon = userdata;
	char names[256] = "";

	if (!sd_bus_message_get_error(reply))
		read_failed_units(reply, names, sizeof(names));
	confirm_boot_failed(daemon, names);
	return 0;
}

/* boot-complete.target was not reached. By the fault of whom? */
static void ask_failed_units(struct daemon *daemon)
{
	int err;

	err = sd_bus_call_method_async(daemon->systemd.bus, NULL, SERVICE,
				       OBJECT, MANAGER, "ListUnitsFiltered",
				       on_failed_units, daemon, "as", 1,
				       "failed");
	if (err < 0)
		confirm_boot_failed(daemon, "");
}

static int on_job_removed(sd_bus_message *message, void *userdata,
			  sd_bus_error *unused)
{
	struct daemon *daemon = userdata;
	const char *path, *unit, *result;
	uint32_t id;

	if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) <
	    0)
		return 0;
	if (strcmp(unit, TARGET) || !strcmp(result, "done") ||
	    !confirm_is_watching(daemon))
		return 0;
	/* Stopping the target, or a shutdown that replaces its job. */
	if (!strcmp(result, "canceled") || !strcmp(result, "skipped"))
		return 0;
	ask_failed_units(daemon);
	return 0;
}

int systemd_bus_read_properties(sd_bus_message *reply,
				systemd_property_reader read, void *into)
{
	const char *name;
	int err;

	err = sd_bus_message_enter_container(reply, 'a', "{sv}");
	while (err >= 0) {
		err = sd_bus_message_enter_container(reply, 'e', "sv");
		if (err <= 0)
			return err;
		err = sd_bus_message_read(reply, "s", &name);
		if (err >= 0)
			err = read(reply, name, into);
		if (err >= 0)
			err = sd_bus_message_exit_container(reply);
	}
	return err;
}

int systemd_bus_read_names(sd_bus_message *reply,
			   void (*take)(const char *name, void *into),
			   void *into)
{
	const char *name;
	int err;

	err = sd_bus_message_enter_container(reply, 'v', "as");
	if (err >= 0)
		err = sd_bus_message_enter_container(reply, 'a', "s");
	if (err < 0)
		return err;
	while ((err = sd_bus_message_read(reply, "s", &name)) > 0)
		take(name, into);
	if (err >= 0)
		err = sd_bus_message_exit_container(reply);
	if (err >= 0)
		err = sd_bus_message_exit_container(reply);
	return err;
}

/**
 * struct target - boot-complete.target
 * @state: as systemd has it
 * @job: id of the job that is there for it; 0 if there is none
 * @is_required: did the boot ask for it, by fastreboot-confirm.service?
 */
struct target {
	char state[32];
	uint32_t job;
	bool is_required;
};

static void take_required_by(const char *unit, void *into)
{
	struct target *target = into;

	if (!strcmp(unit, CONFIRM_SERVICE))
		target->is_required = true;
}

static int read_target(sd_bus_message *reply, const char *name, void *into)
{
	struct target *target = into;
	const char *text;
	int err;

	if (!strcmp(name, "Job"))
		return sd_bus_message_read(reply, "v", "(uo)", &target->job,
					   &text);
	if (!strcmp(name, "RequiredBy"))
		return systemd_bus_read_names(reply, take_required_by, target);
	if (strcmp(name, "ActiveState"))
		return sd_bus_message_skip(reply, "v");
	err = sd_bus_message_read(reply, "v", "s", &text);
	if (err >= 0)
		snprintf(target->state, sizeof(target->state), "%s", text);
	return err;
}

/* We are ordered before the target, and whoever confirms wants it. So if it was
 * not reached and no job is there to reach it, its job has failed before we
 * came, and JobRemoved with it.
 */
static int on_target(sd_bus_message *reply, void *userdata,
		     sd_bus_error *unused)
{
	struct daemon *daemon = userdata;
	struct target target = { 0 };

	if (sd_bus_message_get_error(reply) ||
	    systemd_bus_read_properties(reply, read_target, &target) < 0)
		return 0;
	if (confirm_is_watching(daemon) && target.is_required && !target.job &&
	    !strcmp(target.state, "inactive"))
		ask_failed_units(daemon);
	return 0;
}

/* From here on JobRemoved tells; what was before? */
static int on_subscribed(sd_bus_message *reply, void *userdata,
			 sd_bus_error *unused)
{
	struct daemon *daemon = userdata;

	sd_bus_call_method_async(daemon->systemd.bus, NULL, SERVICE,
				 TARGET_PATH, PROPERTIES, "GetAll", on_target,
				 daemon, "s", UNIT);
	return 0;
}

/**
 * struct stamps - what of the Manager's properties is of interest
 */
struct stamps {
	uint64_t initrd;
	uint64_t userspace;
	uint64_t finish;
};

static int read_stamp(sd_bus_message *reply, const char *name, void *into)
{
	struct stamps *stamps = into;
	const struct {
		const char *name;
		uint64_t *stamp;
	} wanted[] = {
		{ "InitRDTimestampMonotonic", &stamps->initrd },
		{ "UserspaceTimestampMonotonic", &stamps->userspace },
		{ "FinishTimestampMonotonic", &stamps->finish },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!strcmp(wanted[i].name, name))
			return sd_bus_message_read(reply, "v", "t",
						   wanted[i].stamp);
	return sd_bus_message_skip(reply, "v");
}

static int on_stamps(sd_bus_message *reply, void *userdata,
		     sd_bus_error *unused)
{
	struct daemon *daemon = userdata;
	struct stamps stamps = { 0 };
	uint64_t begin;

	if (sd_bus_message_get_error(reply) ||
	    systemd_bus_read_properties(reply, read_stamp, &stamps) < 0)
		return 0;
	begin = stamps.initrd ? stamps.initrd : stamps.userspace;
	if (begin && stamps.finish > begin)
		daemon->systemd.start_usec = stamps.finish - begin;
	daemon_update_metrics(daemon);
	return 0;
}

static void ask_stamps(struct daemon *daemon)
{
	sd_bus_call_method_async(daemon->systemd.bus, NULL, SERVICE, OBJECT,
				 PROPERTIES, "GetAll", on_stamps, daemon, "s",
				 MANAGER);
}

static int on_startup_finished(sd_bus_message *message, void *userdata,
			       sd_bus_error *unused)
{
	ask_stamps(userdata);
	return 0;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	systemd_init(userdata);
	return 0;
}

static void retry_later(struct daemon *daemon)
{
	struct systemd *systemd = &daemon->systemd;

	if (systemd->retry) {
		sd_event_source_set_time_relative(systemd->retry, RETRY_USEC);
		sd_event_source_set_enabled(systemd->retry, SD_EVENT_ONESHOT);
		return;
	}
	sd_event_add_time_relative(daemon->event, &systemd->retry,
				   CLOCK_MONOTONIC, RETRY_USEC, 0, on_retry,
				   daemon);
}

/* systemd is being executed anew, or the bus is. */
static int on_disconnected(sd_bus_message *message, void *userdata,
			   sd_bus_error *unused)
{
	struct daemon *daemon = userdata;

	sd_bus_close(daemon->systemd.bus);
	sd_bus_unref(daemon->systemd.bus);
	daemon->systemd.bus = NULL;
	retry_later(daemon);
	return 0;
}

static int watch_signal(struct daemon *daemon, const char *name,
			sd_bus_message_handler_t handler)
{
	return sd_bus_match_signal_async(daemon->systemd.bus, NULL, NULL,
					 OBJECT, MANAGER, name, handler, NULL,
					 daemon);
}

static int watch(struct daemon *daemon)
{
	sd_bus *bus = daemon->systemd.bus;
	int err;

	err = sd_bus_attach_event(bus, daemon->event, SD_EVENT_PRIORITY_NORMAL);
	if (err >= 0)
		err = sd_bus_match_signal(bus, NULL, NULL,
					  "/org/freedesktop/DBus/Local",
					  "org.freedesktop.DBus.Local",
					  "Disconnected", on_disconnected,
					  daemon);
	if (err >= 0)
		err = watch_signal(daemon, "JobRemoved", on_job_removed);
	if (err >= 0)
		err = watch_signal(daemon, "StartupFinished",
				   on_startup_finished);
	if (err >= 0)
		err = sd_bus_call_method_async(bus, NULL, SERVICE, OBJECT,
					       MANAGER, "Subscribe",
					       on_subscribed, daemon, NULL);
	return err;
}

void systemd_init(struct daemon *daemon)
{
	int err;

	err = open_systemd(&daemon->systemd.bus);
	if (err == -ENOENT)
		return;
	if (err >= 0)
		err = watch(daemon);
	if (err >= 0) {
		ask_stamps(daemon);
		return;
	}
	systemd_done(daemon);
	retry_later(daemon);
}

void systemd_done(struct daemon *daemon)
{
	struct systemd *systemd = &daemon->systemd;

	systemd->bus = sd_bus_flush_close_unref(systemd->bus);
	systemd->retry = sd_event_source_disable_unref(systemd->retry);
	free(systemd->wanted);
	systemd->wanted = NULL;
}
