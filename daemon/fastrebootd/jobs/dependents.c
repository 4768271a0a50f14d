// SPDX-License-Identifier: GPL-2.0-or-later
#include "jobs/dependents.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/journal.h"
#include "transport/systemd-bus.h"

/* With the unit itself, and with those that do not run. */
#define DEPENDENTS_MAX 256

/**
 * struct dependent - a unit that systemd stops with another
 * @name: of it; owned
 * @wanted: it has run when it was found, and is to be started if it does not now
 * @job: object of the job that starts it; owned, NULL as long as there is none
 * @result: how that job has ended, or why there is none; owned, NULL until then
 */
struct dependent {
	char *name;
	bool wanted;
	char *job;
	char *result;
};

/**
 * struct dependents - all of them
 * @n: units in @units, of which the first is the one that the others need
 * @at: unit whose properties are being read
 * @missing: why there may be others; no failure if there are none
 * @units: each behind one that it needs
 */
struct dependents {
	size_t n;
	size_t at;
	struct fr_error missing;
	struct dependent units[DEPENDENTS_MAX];
};

void dependents_free(struct dependents *dependents)
{
	if (!dependents)
		return;
	for (size_t i = 0; i < dependents->n; i++) {
		free(dependents->units[i].name);
		free(dependents->units[i].job);
		free(dependents->units[i].result);
	}
	free(dependents);
}

static bool is_known(const struct dependents *dependents, const char *name)
{
	for (size_t i = 0; i < dependents->n; i++)
		if (!strcmp(dependents->units[i].name, name))
			return true;
	return false;
}

/* What can't be added is missing, and keeps no other from being added. */
static void add(const char *name, void *into)
{
	struct dependents *dependents = into;
	char *copy;

	if (is_known(dependents, name))
		return;
	if (dependents->n == DEPENDENTS_MAX) {
		fr_fail(&dependents->missing, FR_FAILED, -E2BIG,
			"there are more than %d", DEPENDENTS_MAX - 1);
		return;
	}
	copy = strdup(name);
	if (!copy) {
		fr_fail_memory(&dependents->missing);
		return;
	}
	dependents->units[dependents->n++].name = copy;
}

static bool is_running(const char *state)
{
	return !strcmp(state, "active") || !strcmp(state, "reloading") ||
	       !strcmp(state, "refreshing");
}

/* Does it name units that systemd stops with the one that it belongs to? */
static bool names_stopped(const char *property)
{
	static const char *const properties[] = { "RequiredBy", "RequisiteOf",
						  "BoundBy", "ConsistsOf",
						  "PropagatesStopTo" };

	for (size_t i = 0; i < sizeof(properties) / sizeof(*properties); i++)
		if (!strcmp(property, properties[i]))
			return true;
	return false;
}

static int read_unit(sd_bus_message *reply, const char *name, void *into)
{
	struct dependents *dependents = into;
	const char *state;
	int err;

	if (names_stopped(name))
		return systemd_bus_read_names(reply, add, dependents);
	if (strcmp(name, "ActiveState"))
		return sd_bus_message_skip(reply, "v");
	err = sd_bus_message_read(reply, "v", "s", &state);
	if (err >= 0)
		dependents->units[dependents->at].wanted = is_running(state);
	return err;
}

/* The object of a unit; systemd has one for every name. */
static int unit_path(const char *name, char **ret_path)
{
	return sd_bus_path_encode(OBJECT "/unit", name, ret_path);
}

static int look_at(sd_bus *bus, struct dependents *dependents)
{
	_cleanup_message_ sd_bus_message *reply = NULL;
	_cleanup_free_ char *path = NULL;
	int err;

	err = unit_path(dependents->units[dependents->at].name, &path);
	if (err >= 0)
		err = sd_bus_call_method(bus, SERVICE, path, PROPERTIES,
					 "GetAll", NULL, &reply, "s", UNIT);
	if (err >= 0)
		err = systemd_bus_read_properties(reply, read_unit, dependents);
	return err;
}

/* systemd stops also what needs a unit that does not run itself. */
static void look_at_all(sd_bus *bus, struct dependents *dependents)
{
	int err = 0;

	while (err >= 0 && dependents->at < dependents->n) {
		err = look_at(bus, dependents);
		dependents->at++;
	}
	if (err < 0)
		fr_fail(&dependents->missing, FR_FAILED, err,
			"systemd does not tell: %s", strerror(-err));
	dependents->units[0].wanted = false;
}

struct dependents *dependents_find(const char *unit)
{
	_cleanup_(dependents_freep) struct dependents *dependents = NULL;
	_cleanup_bus_ sd_bus *bus = NULL;

	if (systemd_bus_open(&bus) < 0)
		return NULL;
	dependents = calloc(1, sizeof(*dependents));
	if (!dependents)
		return NULL;
	add(unit, dependents);
	if (!dependents->n)
		return NULL;
	look_at_all(bus, dependents);
	return fr_steal_pointer(dependents);
}

static bool runs_still(sd_bus *bus, const char *name)
{
	_cleanup_free_ char *path = NULL, *state = NULL;

	return unit_path(name, &path) >= 0 &&
	       sd_bus_get_property_string(bus, SERVICE, path, UNIT,
					  "ActiveState", NULL, &state) >= 0 &&
	       is_running(state);
}

static int on_answer(sd_bus_message *reply, void *userdata,
		     sd_bus_error *unused)
{
	struct dependent *unit = userdata;
	const sd_bus_error *failure = sd_bus_message_get_error(reply);
	const char *job;

	if (failure)
		unit->result = strdup(failure->message ?: failure->name);
	else if (sd_bus_message_read(reply, "o", &job) >= 0)
		unit->job = strdup(job);
	return 0;
}

static int on_job_removed(sd_bus_message *message, void *userdata,
			  sd_bus_error *unused)
{
	struct dependents *dependents = userdata;
	const char *job, *name, *result;
	uint32_t id;

	if (sd_bus_message_read(message, "uoss", &id, &job, &name, &result) < 0)
		return 0;
	for (size_t i = 0; i < dependents->n; i++) {
		struct dependent *unit = &dependents->units[i];

		if (unit->job && !strcmp(unit->job, job) && !unit->result)
			unit->result = strdup(result);
	}
	return 0;
}

static bool is_waiting(const struct dependents *dependents)
{
	for (size_t i = 0; i < dependents->n; i++)
		if (dependents->units[i].wanted && !dependents->units[i].result)
			return true;
	return false;
}

/* What it has no time for is not taken for running: a start does no harm then. */
static void look_again(sd_bus *bus, struct dependents *dependents,
		       uint64_t until)
{
	for (size_t i = 0; i < dependents->n && clock_usec() < until; i++) {
		struct dependent *unit = &dependents->units[i];

		if (unit->wanted)
			unit->wanted = !runs_still(bus, unit->name);
	}
}

static void ask_for(sd_bus *bus, struct dependent *unit)
{
	int err;

	err = sd_bus_call_method_async(bus, NULL, SERVICE, OBJECT, MANAGER,
				       "StartUnit", on_answer, unit, "ss",
				       unit->name, "replace");
	if (err < 0)
		unit->result = strdup(strerror(-err));
}

static void tell(const struct dependent *unit, const char *with)
{
	if (!unit->result)
		journal_message(
			LOG_WARNING,
			"%s was stopped with %s, and takes its time to start again",
			unit->name, with);
	else if (!unit->job)
		journal_message(
			LOG_ERR,
			"%s was stopped with %s, and systemd can't start it: %s",
			unit->name, with, unit->result);
	else if (strcmp(unit->result, "done"))
		journal_message(
			LOG_ERR,
			"%s was stopped with %s, and its start has ended with \"%s\"; "
			"'journalctl -u %s' says why",
			unit->name, with, unit->result, unit->name);
	else
		journal_message(LOG_NOTICE,
				"%s was stopped with %s, and is started again",
				unit->name, with);
}

/*
 * All are asked for before an answer is waited for, so that systemd has the jobs
 * together, and can start the units in their order.
 */
static void start_all(sd_bus *bus, struct dependents *dependents,
		      uint64_t until)
{
	int err = 0;

	look_again(bus, dependents, until);
	for (size_t i = 0; i < dependents->n; i++)
		if (dependents->units[i].wanted)
			ask_for(bus, &dependents->units[i]);
	while (!err && is_waiting(dependents))
		err = systemd_bus_process(bus, until);
	for (size_t i = 0; i < dependents->n; i++)
		if (dependents->units[i].wanted)
			tell(&dependents->units[i], dependents->units[0].name);
}

int dependents_start(struct dependents *dependents, uint64_t timeout_usec,
		     struct fr_error *error)
{
	uint64_t until = clock_usec() + timeout_usec;
	_cleanup_bus_ sd_bus *bus = NULL;
	int err;

	err = systemd_bus_open(&bus);
	if (err >= 0)
		err = systemd_bus_watch_jobs(bus, on_job_removed, dependents);
	if (err < 0)
		return fr_fail(error, FR_FAILED, err,
			       "systemd does not answer: %s", strerror(-err));
	start_all(bus, dependents, until);
	if (!dependents->missing.failure)
		return 0;
	*error = dependents->missing;
	return -ENODATA;
}
