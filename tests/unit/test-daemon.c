// SPDX-License-Identifier: GPL-2.0-or-later
/* What the daemon knows, and what it tells. */
#include "daemon-fixture.h"

#include "../../daemon/fastrebootd/policy/work.h"
#include "fake-kernel.h"

static void reads_the_pool(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;

	daemon_begin(&daemon);
	assert_true(daemon.supported);
	expect_ok(daemon_check_pool(&daemon, &error), &error);
	assert_int_equal(daemon.pool.n_slots, 2);
	machine_stage(1, "{}");
	assert_int_equal(daemon.pool.slots[1].status, FR_SLOT_EMPTY);
	daemon_refresh(&daemon);
	assert_int_equal(daemon.pool.slots[1].status, FR_SLOT_SEALED);
	daemon_end(&daemon);
}

static void why_there_is_none(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;

	kernel_put("pool", "none");
	daemon_begin(&daemon);
	assert_true(daemon.supported);
	assert_int_equal(daemon_check_pool(&daemon, &error), -ENODEV);
	assert_int_equal(error.failure, FR_NO_POOL);
	daemon_end(&daemon);

	setenv("FASTREBOOT_SYSFS", "/nowhere", 1);
	daemon_begin(&daemon);
	assert_false(daemon.supported);
	assert_int_equal(daemon_check_pool(&daemon, &error), -EOPNOTSUPP);
	assert_int_equal(error.failure, FR_UNSUPPORTED);
	daemon_end(&daemon);
}

/* What was read before is better than nothing. */
static void a_file_that_is_broken_changes_nothing(void **state)
{
	struct daemon daemon;

	daemon_begin(&daemon);
	machine_remove("/sys/tries");
	daemon_refresh(&daemon);
	assert_true(daemon.supported);
	assert_true(daemon.pool.present);
	assert_int_equal(daemon.pool.n_slots, 2);
	daemon_end(&daemon);
}

static void verified_belongs_to_the_payload(void **state)
{
	struct daemon daemon;

	machine_stage(1, "{}");
	daemon_begin(&daemon);
	daemon_set_verified(&daemon, &daemon.pool.slots[1]);
	assert_int_equal(strlen(daemon.verified_at[1]), 20);
	daemon_refresh(&daemon);
	assert_int_equal(strlen(daemon.verified_at[1]), 20);
	assert_int_equal(fr_slot_clear(1, NULL), 0);
	daemon_refresh(&daemon);
	assert_string_equal(daemon.verified_at[1], "");
	daemon_end(&daemon);
}

static void which_kernel_is_confirmed(void **state)
{
	struct daemon daemon;

	daemon_begin(&daemon);
	assert_true(daemon_confirmed(&daemon));
	kernel_put("boot_reason", "fast-reboot");
	kernel_put("tries", "1");
	daemon_refresh(&daemon);
	assert_false(daemon_confirmed(&daemon));
	kernel_put("tries", "0");
	daemon_refresh(&daemon);
	assert_true(daemon_confirmed(&daemon));
	/* By firmware, though a try was counted before. */
	kernel_put("boot_reason", "failed");
	kernel_put("tries", "1");
	daemon_refresh(&daemon);
	assert_true(daemon_confirmed(&daemon));
	daemon_end(&daemon);
}

static void idle_or_why_not(void **state)
{
	struct fr_error error = { 0 };
	struct daemon daemon;

	daemon_begin(&daemon);
	expect_ok(daemon_check_idle(&daemon, &error), &error);
	/* Leaving counts more: it is what does not end. */
	daemon.leaving = daemon.stopping = true;
	expect_error(daemon_check_idle(&daemon, &error), -EBUSY, &error,
		     FR_BUSY, "a reboot is under way");
	daemon.leaving = false;
	expect_error(daemon_check_idle(&daemon, &error), -EBUSY, &error,
		     FR_BUSY, "being stopped");
	daemon.stopping = false;
	daemon_end(&daemon);
}

static struct json_object *get(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	assert_true(json_object_object_get_ex(object, name, &value));
	return value;
}

static void describes_itself(void **state)
{
	struct json_object *object, *last;
	struct daemon daemon;

	machine_stage(0, "{}");
	daemon_begin(&daemon);
	daemon_set_last_job(&daemon, "stage", "done", "it is there");
	daemon_set_verified(&daemon, &daemon.pool.slots[0]);
	object = daemon_describe(&daemon, true);
	assert_string_equal(json_object_get_string(get(object, "release")),
			    "6.12-running");
	last = get(object, "last_job");
	assert_string_equal(json_object_get_string(get(last, "kind")), "stage");
	assert_string_equal(json_object_get_string(get(last, "message")),
			    "it is there");
	assert_null(get(object, "job"));
	assert_null(get(object, "timeline"));
	assert_string_equal(
		json_object_get_string(
			get(json_object_array_get_idx(get(object, "slots"), 0),
			    "verified_at")),
		daemon.verified_at[0]);
	json_object_put(object);
	daemon_end(&daemon);
}

static void the_last_job_is_the_last(void **state)
{
	struct daemon daemon;

	daemon_begin(&daemon);
	daemon_set_last_job(&daemon, "stage", "done", "first");
	daemon_set_last_job(&daemon, "commit", "refused", "second");
	assert_string_equal(daemon.last_job.kind, "commit");
	assert_string_equal(daemon.last_job.result, "refused");
	assert_string_equal(daemon.last_job.message, "second");
	daemon_end(&daemon);
}

static void the_last_reboot(void **state)
{
	struct fr_timeline timeline = { .n_phases = 77 };
	struct fr_error error = { 0 };
	struct daemon daemon;
	uint64_t entry = 0;

	daemon_begin(&daemon);
	assert_false(daemon_read_timeline(&daemon, &timeline));
	assert_int_equal(timeline.n_phases, 77);
	machine_stage(1, "{}");
	expect_ok(fr_pool_arm(1, &error), &error);
	assert_int_equal(fake_kernel_jump(fr_pool_root()), 0);
	daemon_refresh(&daemon);
	daemon.systemd.start_usec = 1500;
	assert_true(daemon_read_timeline(&daemon, &timeline));
	assert_true(fr_timeline_phase(&timeline, "kernel_entry", &entry));
	assert_int_equal(entry, 177000);
	assert_int_equal(timeline.start_ns, 1500000);
	/* Without the journal it is not known. */
	assert_true(timeline.shutdown_ns == FR_DURATION_UNKNOWN);
	daemon_end(&daemon);
}

/* The kernel would answer only when it has hashed: its file is not read then. */
static void the_last_reboot_during_a_job(void **state)
{
	struct fr_timeline timeline = { .n_phases = 77 };
	struct fr_error error = { 0 };
	struct job job = { 0 };
	struct daemon daemon;

	machine_stage(1, "{}");
	expect_ok(fr_pool_arm(1, &error), &error);
	assert_int_equal(fake_kernel_jump(fr_pool_root()), 0);
	daemon_begin(&daemon);
	daemon.job = &job;
	assert_false(daemon_read_timeline(&daemon, &timeline));
	daemon.job = NULL;
	assert_true(daemon_read_timeline(&daemon, &timeline));
	daemon.job = &job;
	machine_remove("/sys/timeline");
	timeline.n_phases = 0;
	assert_true(daemon_read_timeline(&daemon, &timeline));
	assert_true(timeline.n_phases > 0);
	daemon.job = NULL;
	assert_false(daemon_read_timeline(&daemon, &timeline));
	daemon_end(&daemon);
}

static void metrics_go_where_they_are_wanted(void **state)
{
	struct daemon daemon;

	machine_put("/etc/fastreboot/fastreboot.conf",
		    "[Metrics]\nFile=/metrics/fastreboot.prom\n");
	machine_put("/metrics/other", "");
	daemon_begin(&daemon);
	daemon_update_metrics(&daemon);
	assert_non_null(strstr(machine_text("/metrics/fastreboot.prom"),
			       "fastreboot_"));
	assert_non_null(strstr(machine_text("/metrics/fastreboot.prom"),
			       "6.12-running"));
	daemon_end(&daemon);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(reads_the_pool),
	UNIT_TEST(why_there_is_none),
	UNIT_TEST(a_file_that_is_broken_changes_nothing),
	UNIT_TEST(verified_belongs_to_the_payload),
	UNIT_TEST(which_kernel_is_confirmed),
	UNIT_TEST(idle_or_why_not),
	UNIT_TEST(describes_itself),
	UNIT_TEST(the_last_job_is_the_last),
	UNIT_TEST(the_last_reboot),
	UNIT_TEST(the_last_reboot_during_a_job),
	UNIT_TEST(metrics_go_where_they_are_wanted),
};
FILES_UNIT_MAIN(tests)
