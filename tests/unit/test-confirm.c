// SPDX-License-Identifier: GPL-2.0-or-later
/* From the jump to the confirmation. */
#include "daemon-fixture.h"

#include "../../daemon/fastrebootd/policy/confirm.h"
#include "fake-kernel.h"

#define CONF "/etc/fastreboot/fastreboot.conf"

/* The kernel of slot 1 runs, after as many tries. */
static void begin(struct daemon *daemon, const char *tries, const char *source)
{
	struct fr_error error = { 0 };

	machine_stage(1, source);
	expect_ok(fr_pool_arm(1, &error), &error);
	assert_int_equal(fake_kernel_jump(fr_pool_root()), 0);
	kernel_put("tries", tries);
	daemon_begin(daemon);
}

static void an_unconfirmed_kernel_is_watched(void **state)
{
	struct daemon daemon;

	begin(&daemon, "1", "{\"kernel\":\"/a\"}");
	assert_false(confirm_is_watching(&daemon));
	confirm_init(&daemon);
	assert_true(confirm_is_watching(&daemon));
	assert_non_null(daemon.confirm.timer);
	assert_null(daemon.job);
	daemon_end(&daemon);
}

static void others_are_not(void **state)
{
	struct daemon daemon;

	/* Booted by firmware, */
	daemon_begin(&daemon);
	confirm_init(&daemon);
	assert_false(confirm_is_watching(&daemon));
	daemon_end(&daemon);
	/* confirmed before, */
	begin(&daemon, "0", "{}");
	confirm_init(&daemon);
	assert_false(confirm_is_watching(&daemon));
	/* and on the way out. */
	kernel_put("tries", "1");
	daemon_refresh(&daemon);
	daemon.leaving = true;
	confirm_init(&daemon);
	assert_false(confirm_is_watching(&daemon));
	daemon.leaving = false;
	daemon_end(&daemon);
}

static void no_limit_is_no_timer(void **state)
{
	struct daemon daemon;

	machine_put(CONF, "[Confirm]\nTimeoutSec=0\n");
	begin(&daemon, "1", "{}");
	confirm_init(&daemon);
	assert_true(confirm_is_watching(&daemon));
	assert_null(daemon.confirm.timer);
	daemon_end(&daemon);
}

/* The time was over before the daemon came. */
static void the_first_request_has_time(void **state)
{
	uint64_t before = 0, end = 0;
	struct daemon daemon;

	machine_put(CONF, "[Confirm]\nTimeoutSec=1us\n");
	begin(&daemon, "1", "{}");
	assert_true(sd_event_now(daemon.event, CLOCK_BOOTTIME, &before) >= 0);
	confirm_init(&daemon);
	assert_true(sd_event_source_get_time(daemon.confirm.timer, &end) >= 0);
	assert_true(end >= before + 10000000);
	daemon_end(&daemon);
}

static void confirmed(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;

	begin(&daemon, "2", "{}");
	confirm_init(&daemon);
	expect_ok(confirm_now(&daemon, &error), &error);
	expect_kernel("tries", "0");
	assert_false(confirm_is_watching(&daemon));
	assert_null(daemon.confirm.timer);
	assert_true(daemon_confirmed(&daemon));
	/* Once more changes nothing. */
	expect_ok(confirm_now(&daemon, &error), &error);
	/* What fails from now on is not the kernel's fault. */
	confirm_boot_failed(&daemon, "late.service");
	assert_null(daemon.job);
	assert_string_equal(machine_text("/sys/left"), "");
	daemon_end(&daemon);
}

static void too_late(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;

	begin(&daemon, "1", "{}");
	confirm_init(&daemon);
	daemon.leaving = true;
	expect_error(confirm_now(&daemon, &error), -EBUSY, &error, FR_BUSY,
		     "too late");
	expect_kernel("tries", "1");
	daemon.leaving = false;
	daemon_end(&daemon);
}

static void the_kernel_does_not_confirm(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;
	char word[32];

	begin(&daemon, "1", "{}");
	confirm_init(&daemon);
	snprintf(word, sizeof(word), "tries %d", EIO);
	kernel_put("fail", word);
	assert_true(confirm_now(&daemon, &error) < 0);
	assert_true(confirm_is_watching(&daemon));
	daemon_end(&daemon);
}

/* The source of the kernel before is not known: FailureAction= applies. */
static void the_boot_fails(void **state)
{
	struct daemon daemon;

	begin(&daemon, "1", "{}");
	kernel_put("previous_source", "");
	daemon_refresh(&daemon);
	confirm_init(&daemon);
	confirm_boot_failed(&daemon, "bad.service");
	assert_false(confirm_is_watching(&daemon));
	assert_true(daemon.leaving);
	assert_string_equal(machine_text("/sys/left"), "reboot\n");
	daemon_end(&daemon);
}

static void too_many_tries(void **state)
{
	struct daemon daemon;

	machine_put(CONF,
		    "[Commit]\nMaxTries=3\n[Rollback]\nFailureAction=none\n");
	begin(&daemon, "3", "{}");
	confirm_init(&daemon);
	assert_true(confirm_is_watching(&daemon));
	daemon_end(&daemon);
	machine_fresh(NULL);
	machine_put(CONF,
		    "[Commit]\nMaxTries=3\n[Rollback]\nFailureAction=none\n");
	begin(&daemon, "4", "{}");
	kernel_put("previous_source", "");
	daemon_refresh(&daemon);
	confirm_init(&daemon);
	assert_false(confirm_is_watching(&daemon));
	assert_false(daemon.leaving);
	daemon_end(&daemon);
}

static void not_by_itself(void **state)
{
	struct daemon daemon;

	machine_put(CONF, "[Rollback]\nAutomatic=no\n");
	begin(&daemon, "1", "{}");
	confirm_init(&daemon);
	confirm_boot_failed(&daemon, "");
	assert_false(confirm_is_watching(&daemon));
	assert_null(daemon.job);
	assert_false(daemon.confirm.given_up);
	assert_string_equal(machine_text("/sys/left"), "");
	daemon_end(&daemon);
}

/* Two bad kernels would go back and forth for ever. */
static void a_rollback_is_not_rolled_back(void **state)
{
	struct daemon daemon;

	begin(&daemon, "1", "{\"kernel\":\"/a\",\"rollback_from\":\"x\"}");
	kernel_put("previous_source", "{\"kernel\":\"/b\"}");
	daemon_refresh(&daemon);
	confirm_init(&daemon);
	confirm_boot_failed(&daemon, "");
	assert_null(daemon.job);
	assert_string_equal(machine_text("/sys/left"), "reboot\n");
	daemon_end(&daemon);
}

static void goes_back_to_the_kernel_before(void **state)
{
	struct daemon daemon;
	char source[256];

	begin(&daemon, "1", "{\"kernel\":\"/a\"}");
	machine_put("/gone", "no kernel any more");
	snprintf(source, sizeof(source), "{\"kernel\":\"%s\"}",
		 machine_path("/gone"));
	kernel_put("previous_source", source);
	daemon_refresh(&daemon);
	confirm_init(&daemon);
	confirm_boot_failed(&daemon, "bad.service");
	assert_non_null(daemon.job);
	assert_string_equal(daemon.job->type->name, "rollback");
	assert_false(daemon.leaving);
	/* That fails, too: then by an ordinary reboot. */
	daemon_finish_jobs(&daemon);
	assert_string_equal(daemon.last_job.kind, "rollback");
	assert_true(daemon.leaving);
	assert_string_equal(machine_text("/sys/left"), "reboot\n");
	daemon_end(&daemon);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(an_unconfirmed_kernel_is_watched),
	UNIT_TEST(others_are_not),
	UNIT_TEST(no_limit_is_no_timer),
	UNIT_TEST(the_first_request_has_time),
	UNIT_TEST(confirmed),
	UNIT_TEST(too_late),
	UNIT_TEST(the_kernel_does_not_confirm),
	UNIT_TEST(the_boot_fails),
	UNIT_TEST(too_many_tries),
	UNIT_TEST(not_by_itself),
	UNIT_TEST(a_rollback_is_not_rolled_back),
	UNIT_TEST(goes_back_to_the_kernel_before),
};
FILES_UNIT_MAIN(tests)
