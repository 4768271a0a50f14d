// SPDX-License-Identifier: GPL-2.0-or-later
/* What a job's thread asks systemd, and waits for. */
#include "manager-fixture.h"

#include "../../daemon/fastrebootd/transport/systemd-units.h"

#define MINUTE_USEC (60 * UINT64_C(1000000))

static void is_it_stopping(void **state)
{
	struct manager_unit none[] = { { 0 } };

	manager_begin(none, "stopping");
	assert_true(systemd_is_stopping());
	manager_end();
	machine_fresh(NULL);
	manager_begin(none, "degraded");
	assert_false(systemd_is_stopping());
	manager_end();
	/* What is not there does not stop the system. */
	assert_false(systemd_is_stopping());
}

static void can_a_unit_be_started(void **state)
{
	struct manager_unit units[] = {
		{ .name = "kexec.target" },
		{ .name = "masked.target", .load_state = "masked" },
		{ 0 },
	};
	struct fr_error error = { 0 };

	manager_begin(units, "running");
	expect_ok(systemd_check_unit("kexec.target", &error), &error);
	expect_error(systemd_check_unit("masked.target", &error), -EPERM,
		     &error, FR_REFUSED, "masked.target, it is masked");
	expect_error(systemd_check_unit("other.target", &error), -EPERM, &error,
		     FR_REFUSED, "it is not-found");
	manager_end();
	expect_error(systemd_check_unit("kexec.target", &error), -ENOENT,
		     &error, FR_UNSUPPORTED, "--now");
	assert_int_equal(units[0].starts, 0);
}

static void runs_a_unit_to_its_end(void **state)
{
	struct manager_unit units[] = {
		{ .name = "good.service" },
		{ .name = "bad.service", .result = "failed" },
		{ .name = "slow.service", .result = "" },
		{ .name = "refused.service", .refused = true },
		{ 0 },
	};
	struct fr_error error = { 0 };

	manager_begin(units, "running");
	expect_ok(systemd_run_unit("good.service", MINUTE_USEC, &error),
		  &error);
	expect_error(systemd_run_unit("bad.service", MINUTE_USEC, &error),
		     -EPERM, &error, FR_REFUSED,
		     "bad.service has ended with \"failed\"");
	expect_error(systemd_run_unit("slow.service", 0, &error), -ETIMEDOUT,
		     &error, FR_REFUSED, "slow.service takes too long");
	assert_true(systemd_run_unit("refused.service", MINUTE_USEC, &error) <
		    0);
	assert_int_equal(error.failure, FR_FAILED);
	assert_non_null(strstr(error.text, "can't start refused.service"));
	manager_end();
	assert_int_equal(units[0].starts, 1);
	assert_int_equal(units[1].starts, 1);
	assert_int_equal(units[3].starts, 0);
}

/* The caller has another way then: the error is not touched. */
static void without_systemd_nothing_runs(void **state)
{
	struct fr_error error = { 0 };

	assert_int_equal(systemd_run_unit("x.service", MINUTE_USEC, &error),
			 -ENOENT);
	assert_int_equal(error.failure, FR_OK);
	assert_string_equal(error.text, "");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(is_it_stopping),
	UNIT_TEST(can_a_unit_be_started),
	UNIT_TEST(runs_a_unit_to_its_end),
	UNIT_TEST(without_systemd_nothing_runs),
};
FILES_UNIT_MAIN(tests)
