// SPDX-License-Identifier: GPL-2.0-or-later
#include "transport/systemd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/journal.h"
#include "cleanup.h"
#include "transport/systemd-bus.h"

#define TARGET "boot-complete.target"
#define TARGET_PATH OBJECT "/unit/boot_2dcomplete_2etarget"
#define DEFAULT_PATH OBJECT "/unit/default_2etarget"
#define CONFIRM_SERVICE "fastreboot-confirm.service"

#define RETRY_USEC (1000 * 1000)

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
	struct systemd *systemd = userdata;
	char names[256] = "";

	if (!sd_bus_message_get_error(reply))
		read_failed_units(reply, names, sizeof(names));
	systemd->events->boot_failed(systemd->userdata, names);
	return 0;
}

/* boot-complete.target was not reached. By the fault of whom? */
static void ask_failed_units(struct systemd *systemd)
{
	int err;

	err = sd_bus_call_method_async(systemd->bus, NULL, SERVICE, OBJECT,
				       MANAGER, "ListUnitsFiltered",
				       on_failed_units, systemd, "as", 1,
				       "failed");
	if (err < 0)
		systemd->events->boot_failed(systemd->userdata, "");
}

static int on_job_removed(sd_bus_message *message, void *userdata,
			  sd_bus_error *unused)
{
	struct systemd *systemd = userdata;
	const char *path, *unit, *result;
	uint32_t id;

	if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) <
	    0)
		return 0;
	if (strcmp(unit, TARGET) || !strcmp(result, "done") ||
	    !systemd->events->is_waiting(systemd->userdata))
		return 0;
	/* Stopping the target, or a shutdown that replaces its job. */
	if (!strcmp(result, "canceled") || !strcmp(result, "skipped"))
		return 0;
	ask_failed_units(systemd);
	return 0;
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
	struct systemd *systemd = userdata;
	struct target target = { 0 };

	if (sd_bus_message_get_error(reply) ||
	    systemd_bus_read_properties(reply, read_target, &target) < 0)
		return 0;
	if (systemd->events->is_waiting(systemd->userdata) &&
	    target.is_required && !target.job &&
	    !strcmp(target.state, "inactive"))
		ask_failed_units(systemd);
	return 0;
}

/* From here on JobRemoved tells; what was before? */
static int on_subscribed(sd_bus_message *reply, void *userdata,
			 sd_bus_error *unused)
{
	struct systemd *systemd = userdata;

	sd_bus_call_method_async(systemd->bus, NULL, SERVICE, TARGET_PATH,
				 PROPERTIES, "GetAll", on_target, systemd, "s",
				 UNIT);
	return 0;
}

/**
 * struct stamps - what of the Manager's properties is of interest
 */
struct stamps {
	uint64_t runtime_watchdog;
	uint64_t kexec_watchdog;
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
		{ "RuntimeWatchdogUSec", &stamps->runtime_watchdog },
		{ "KExecWatchdogUSec", &stamps->kexec_watchdog },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!strcmp(wanted[i].name, name))
			return sd_bus_message_read(reply, "v", "t",
						   wanted[i].stamp);
	return sd_bus_message_skip(reply, "v");
}

/* What it has from us is no setting of the administrator's. */
static void take_watchdogs(struct systemd *systemd, const struct stamps *stamps)
{
	if (systemd->watches)
		return;
	systemd->runtime_watchdog_usec = stamps->runtime_watchdog ==
							 UINT64_MAX ?
						 0 :
						 stamps->runtime_watchdog;
	systemd->kexec_watchdog_usec = stamps->kexec_watchdog == UINT64_MAX ?
					       0 :
					       stamps->kexec_watchdog;
}

/*
 * The start has ended when what the boot is for is there. What checks the result
 * comes after that, and systemd says "finished" only then.
 */
static int on_default_target(sd_bus_message *reply, void *userdata,
			     sd_bus_error *unused)
{
	struct systemd *systemd = userdata;
	uint64_t reached = 0;

	if (!sd_bus_message_get_error(reply) &&
	    sd_bus_message_read(reply, "v", "t", &reached) >= 0 &&
	    reached > systemd->begin_usec)
		systemd->start_usec = reached - systemd->begin_usec;
	systemd->events->timed(systemd->userdata);
	return 0;
}

static void ask_default_target(struct systemd *systemd)
{
	int err;

	err = sd_bus_call_method_async(systemd->bus, NULL, SERVICE,
				       DEFAULT_PATH, PROPERTIES, "Get",
				       on_default_target, systemd, "ss", UNIT,
				       "ActiveEnterTimestampMonotonic");
	if (err < 0)
		systemd->events->timed(systemd->userdata);
}

static int on_stamps(sd_bus_message *reply, void *userdata,
		     sd_bus_error *unused)
{
	struct systemd *systemd = userdata;
	struct stamps stamps = { 0 };
	uint64_t begin;

	if (sd_bus_message_get_error(reply) ||
	    systemd_bus_read_properties(reply, read_stamp, &stamps) < 0)
		return 0;
	take_watchdogs(systemd, &stamps);
	begin = stamps.initrd ? stamps.initrd : stamps.userspace;
	systemd->begin_usec = begin;
	if (!begin || stamps.finish <= begin) {
		systemd->events->timed(systemd->userdata);
		return 0;
	}
	systemd->start_usec = stamps.finish - begin;
	ask_default_target(systemd);
	return 0;
}

static void ask_stamps(struct systemd *systemd)
{
	sd_bus_call_method_async(systemd->bus, NULL, SERVICE, OBJECT,
				 PROPERTIES, "GetAll", on_stamps, systemd, "s",
				 MANAGER);
}

static int on_startup_finished(sd_bus_message *message, void *userdata,
			       sd_bus_error *unused)
{
	ask_stamps(userdata);
	return 0;
}

static void connect_bus(struct systemd *systemd);

static int on_retry(sd_event_source *event_source, uint64_t usec,
		    void *userdata)
{
	connect_bus(userdata);
	return 0;
}

static void retry_later(struct systemd *systemd)
{
	if (systemd->retry) {
		sd_event_source_set_time_relative(systemd->retry, RETRY_USEC);
		sd_event_source_set_enabled(systemd->retry, SD_EVENT_ONESHOT);
		return;
	}
	sd_event_add_time_relative(systemd->event, &systemd->retry,
				   CLOCK_MONOTONIC, RETRY_USEC, 0, on_retry,
				   systemd);
}

/* systemd is being executed anew, or the bus is. */
static int on_disconnected(sd_bus_message *message, void *userdata,
			   sd_bus_error *unused)
{
	struct systemd *systemd = userdata;

	sd_bus_close(systemd->bus);
	sd_bus_unref(systemd->bus);
	systemd->bus = NULL;
	retry_later(systemd);
	return 0;
}

static int watch_signal(struct systemd *systemd, const char *name,
			sd_bus_message_handler_t handler)
{
	return sd_bus_match_signal_async(systemd->bus, NULL, NULL, OBJECT,
					 MANAGER, name, handler, NULL, systemd);
}

static int watch(struct systemd *systemd)
{
	sd_bus *bus = systemd->bus;
	int err;

	/* A systemd that does not read must not keep us from our end. */
	err = sd_bus_set_close_on_exit(bus, 0);
	if (err >= 0)
		err = sd_bus_attach_event(bus, systemd->event,
					  SD_EVENT_PRIORITY_NORMAL);
	if (err >= 0)
		err = sd_bus_match_signal(bus, NULL, NULL,
					  "/org/freedesktop/DBus/Local",
					  "org.freedesktop.DBus.Local",
					  "Disconnected", on_disconnected,
					  systemd);
	if (err >= 0)
		err = watch_signal(systemd, "JobRemoved", on_job_removed);
	if (err >= 0)
		err = watch_signal(systemd, "StartupFinished",
				   on_startup_finished);
	if (err >= 0)
		err = sd_bus_call_method_async(bus, NULL, SERVICE, OBJECT,
					       MANAGER, "Subscribe",
					       on_subscribed, systemd, NULL);
	return err;
}

static void connect_bus(struct systemd *systemd)
{
	int err;

	err = systemd_bus_connect(&systemd->bus);
	if (err == -ENOENT)
		return;
	if (err >= 0)
		err = watch(systemd);
	if (err >= 0) {
		ask_stamps(systemd);
		return;
	}
	systemd_done(systemd);
	retry_later(systemd);
}

void systemd_init(struct systemd *systemd, sd_event *event,
		  const struct systemd_events *events, void *userdata)
{
	systemd->event = event;
	systemd->events = events;
	systemd->userdata = userdata;
	connect_bus(systemd);
}

static int on_unit_started(sd_bus_message *reply, void *userdata,
			   sd_bus_error *unused)
{
	struct systemd *systemd = userdata;
	const sd_bus_error *failure = sd_bus_message_get_error(reply);
	_cleanup_free_ char *unit = fr_steal_pointer(systemd->wanted);
	struct fr_error error;

	if (!failure) {
		journal_message(LOG_INFO, "systemd starts %s", unit);
		return 0;
	}
	fr_fail(&error, FR_FAILED, -EIO, "systemd refuses to start %s: %s",
		unit ? unit : "the unit",
		failure->message ? failure->message : failure->name);
	systemd->events->refused(systemd->userdata, &error);
	return 0;
}

int systemd_start_unit(struct systemd *systemd, const char *unit)
{
	int err;

	if (!systemd->bus)
		connect_bus(systemd);
	if (!systemd->bus)
		return -ENOTCONN;
	free(systemd->wanted);
	systemd->wanted = strdup(unit);
	err = sd_bus_call_method_async(systemd->bus, NULL, SERVICE, OBJECT,
				       MANAGER, "StartUnit", on_unit_started,
				       systemd, "ss", unit,
				       "replace-irreversibly");
	return err < 0 ? err : 0;
}

static int on_watchdog_set(sd_bus_message *reply, void *userdata,
			   sd_bus_error *unused)
{
	const sd_bus_error *failure = sd_bus_message_get_error(reply);

	if (failure)
		journal_message(LOG_NOTICE,
				"systemd does not take over the watchdog: %s",
				failure->message ? failure->message :
						   failure->name);
	return 0;
}

static int set_watchdog(struct systemd *systemd, const char *property,
			uint64_t usec)
{
	return sd_bus_call_method_async(systemd->bus, NULL, SERVICE, OBJECT,
					PROPERTIES, "Set", on_watchdog_set,
					systemd, "ssv", MANAGER, property, "t",
					usec);
}

int systemd_watch_shutdown(struct systemd *systemd, uint64_t usec)
{
	int err = 0;

	if (!systemd->bus)
		return -ENOTCONN;
	systemd->watches = usec != UINT64_MAX;
	if (!systemd->kexec_watchdog_usec)
		err = set_watchdog(systemd, "KExecWatchdogUSec", usec);
	if (err >= 0 && !systemd->runtime_watchdog_usec)
		err = set_watchdog(systemd, "RuntimeWatchdogUSec", usec);
	return err < 0 ? err : 0;
}

void systemd_done(struct systemd *systemd)
{
	if (systemd->bus)
		sd_bus_close(systemd->bus);
	systemd->bus = sd_bus_unref(systemd->bus);
	systemd->retry = sd_event_source_disable_unref(systemd->retry);
	free(systemd->wanted);
	systemd->wanted = NULL;
}
