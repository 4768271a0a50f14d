// SPDX-License-Identifier: GPL-2.0-or-later
#include "transport/systemd-units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cleanup.h"
#include "transport/systemd-bus.h"

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

bool systemd_has_watchdog(void)
{
	_cleanup_bus_ sd_bus *bus = NULL;
	uint64_t usec = 0;

	return systemd_bus_open(&bus) >= 0 &&
	       sd_bus_get_property_trivial(bus, SERVICE, OBJECT, MANAGER,
					   "RuntimeWatchdogUSec", NULL, 't',
					   &usec) >= 0 &&
	       usec && usec != UINT64_MAX;
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
 * struct unit_job - a job of systemd's that the caller waits for
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

static int wait_unit_job(sd_bus *bus, struct unit_job *job, uint64_t until)
{
	int err = 0;

	while (!err && !*job->result)
		err = systemd_bus_process(bus, until);
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
