// SPDX-License-Identifier: GPL-2.0-or-later
/* The units that a unit's stop takes with it. */
#include "manager-fixture.h"

#include "../../daemon/fastrebootd/jobs/dependents.h"

#define MOUNT "var-lib-fastreboot-state.mount"
#define MINUTE_USEC (60 * UINT64_C(1000000))

/* All but the first are stopped, as by the stop of the first. */
static void stop_all(struct manager_unit *units)
{
	for (struct manager_unit *unit = units + 1; unit->name; unit++)
		unit->active_state = "inactive";
}

static struct dependents *find(void)
{
	struct dependents *dependents = dependents_find(MOUNT);

	assert_non_null(dependents);
	return dependents;
}

/* Find the dependents of the first unit and, after MEANWHILE, start them. */
static void start_again(struct manager_unit *units,
			void (*meanwhile)(struct manager_unit *units))
{
	struct fr_error error = { 0 };
	struct dependents *dependents;

	manager_begin(units, "running");
	dependents = find();
	if (meanwhile)
		meanwhile(units);
	expect_ok(dependents_start(dependents, MINUTE_USEC, &error), &error);
	dependents_free(dependents);
	manager_end();
}

/* Those of those, too; what did not run before is not started. */
static void what_ran_is_started_again(void **state)
{
	struct manager_unit units[] = {
		{ MOUNT, .active_state = "active", .required_by = "a.service" },
		{ "a.service", .active_state = "active",
		  .required_by = "b.service" },
		{ "b.service", .active_state = "reloading",
		  .required_by = "c.service" },
		{ "c.service", .active_state = "failed" },
		{ 0 },
	};

	start_again(units, stop_all);
	assert_int_equal(units[0].starts, 0);
	assert_int_equal(units[1].starts, 1);
	assert_int_equal(units[2].starts, 1);
	assert_int_equal(units[3].starts, 0);
}

static void what_runs_still_is_left_alone(void **state)
{
	struct manager_unit units[] = {
		{ MOUNT, .active_state = "active", .required_by = "a.service" },
		{ "a.service", .active_state = "active" },
		{ 0 },
	};

	start_again(units, NULL);
	assert_int_equal(units[1].starts, 0);
}

/* Units that need each other are found once. */
static void a_circle(void **state)
{
	struct manager_unit units[] = {
		{ MOUNT, .active_state = "active", .required_by = "a.service" },
		{ "a.service", .active_state = "active", .required_by = MOUNT },
		{ 0 },
	};

	start_again(units, stop_all);
	assert_int_equal(units[0].starts, 0);
	assert_int_equal(units[1].starts, 1);
}

/* The journal tells; all that have to be were asked to start. */
static void one_that_does_not_start_keeps_no_other(void **state)
{
	struct manager_unit units[] = {
		{ MOUNT, .active_state = "active", .required_by = "a.service" },
		{ "a.service", .active_state = "active",
		  .required_by = "b.service", .refused = true },
		{ "b.service", .active_state = "active",
		  .required_by = "c.service", .result = "failed" },
		{ "c.service", .active_state = "active" },
		{ 0 },
	};

	start_again(units, stop_all);
	assert_int_equal(units[1].starts, 0);
	assert_int_equal(units[2].starts, 1);
	assert_int_equal(units[3].starts, 1);
	assert_string_equal(units[3].active_state, "active");
}

static void systemd_is_gone_meanwhile(void **state)
{
	struct manager_unit units[] = {
		{ MOUNT, .active_state = "active", .required_by = "a.service" },
		{ "a.service", .active_state = "active" },
		{ 0 },
	};
	struct fr_error error = { 0 };
	struct dependents *dependents;

	manager_begin(units, "running");
	dependents = find();
	manager_end();
	assert_true(dependents_start(dependents, MINUTE_USEC, &error) < 0);
	assert_int_equal(error.failure, FR_FAILED);
	assert_non_null(strstr(error.text, "systemd does not answer"));
	dependents_free(dependents);
}

static void without_systemd_none_are_known(void **state)
{
	assert_null(dependents_find(MOUNT));
	/* Nothing listens there. */
	setenv("FASTREBOOT_SYSTEMD", "unix:path=/nowhere/systemd", 1);
	assert_null(dependents_find(MOUNT));
	dependents_free(NULL);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(what_ran_is_started_again),
	UNIT_TEST(what_runs_still_is_left_alone),
	UNIT_TEST(a_circle),
	UNIT_TEST(one_that_does_not_start_keeps_no_other),
	UNIT_TEST(systemd_is_gone_meanwhile),
	UNIT_TEST(without_systemd_none_are_known),
};
FILES_UNIT_MAIN(tests)
