// SPDX-License-Identifier: GPL-2.0-or-later
/* The D-Bus objects, called over the private socket from the same loop. */
#include "daemon-fixture.h"

#include <sys/stat.h>

#include "../../daemon/fastrebootd/api/object.h"
#include "../../daemon/fastrebootd/transport/names.h"

#define ERROR_NAME(failure) BUS_ERROR "." failure

static struct daemon served;
static sd_bus *client;
static sd_bus_message *answer;

static void begin(void)
{
	struct fr_error error = { 0 };
	char address[300];

	daemon_begin(&served);
	bus_init(&served.bus, served.event, object_register, &served);
	expect_ok(bus_listen(&served.bus, &error), &error);
	snprintf(address, sizeof(address), "unix:path=%s",
		 machine_path("/private"));
	assert_true(sd_bus_new(&client) >= 0);
	assert_true(sd_bus_set_address(client, address) >= 0);
	assert_true(sd_bus_start(client) >= 0);
	assert_true(sd_bus_attach_event(client, served.event, 0) >= 0);
}

static void end(void)
{
	answer = sd_bus_message_unref(answer);
	client = sd_bus_flush_close_unref(client);
	daemon_end(&served);
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	answer = sd_bus_message_ref(reply);
	return 0;
}

static sd_bus_message *new_call(const char *path, const char *interface,
				const char *method)
{
	sd_bus_message *call = NULL;

	assert_true(sd_bus_message_new_method_call(client, &call, NULL, path,
						   interface, method) >= 0);
	return call;
}

/* Takes the call; its answer is in @answer then. */
static void send_call(sd_bus_message *call)
{
	answer = sd_bus_message_unref(answer);
	assert_true(sd_bus_call_async(client, NULL, call, on_answer, NULL,
				      UINT64_MAX) >= 0);
	sd_bus_message_unref(call);
	while (!answer)
		assert_true(sd_event_run(served.event, UINT64_MAX) >= 0);
}

static sd_bus_message *new_manager_call(const char *method)
{
	return new_call(BUS_OBJECT, BUS_MANAGER, method);
}

static void expect_failure(const char *name, const char *part)
{
	const sd_bus_error *error = sd_bus_message_get_error(answer);

	assert_non_null(error);
	assert_string_equal(error->name, name);
	if (!strstr(error->message, part))
		fail_msg("%s", error->message);
}

static const char *answered_text(const char *type)
{
	const char *text = NULL;

	if (sd_bus_message_get_error(answer))
		fail_msg("%s", sd_bus_message_get_error(answer)->message);
	assert_true(sd_bus_message_read(answer, type, &text) >= 0);
	return text;
}

static const char *get_property(const char *path, const char *interface,
				const char *name)
{
	static char value[128];
	sd_bus_message *call =
		new_call(path, "org.freedesktop.DBus.Properties", "Get");
	const char *contents, *text;
	char type;
	uint64_t number = 0;

	sd_bus_message_append(call, "ss", interface, name);
	send_call(call);
	assert_true(sd_bus_message_enter_container(answer, 'v', NULL) >= 0);
	assert_true(sd_bus_message_peek_type(answer, &type, &contents) >= 0);
	if (type == 's' || type == 'o') {
		assert_true(sd_bus_message_read_basic(answer, type, &text) >=
			    0);
		return text;
	}
	assert_true(sd_bus_message_read_basic(answer, type, &number) >= 0);
	snprintf(value, sizeof(value), "%jd",
		 type == 'i' ? (intmax_t)(int)number : (intmax_t)number);
	return value;
}

static void describes_the_machine(void **state)
{
	struct json_object *object, *value;

	machine_stage(1, "{}");
	begin();
	/* It is read anew for each call. */
	assert_int_equal(fr_slot_clear(1, NULL), 0);
	send_call(new_manager_call("Describe"));
	object = json_tokener_parse(answered_text("s"));
	assert_true(json_object_object_get_ex(object, "slots", &value));
	assert_true(json_object_object_get_ex(
		json_object_array_get_idx(value, 1), "status", &value));
	assert_string_equal(json_object_get_string(value), "empty");
	json_object_put(object);
	end();
}

static void properties(void **state)
{
	struct fr_error error = { 0 };

	machine_stage(1, "{}");
	expect_ok(fr_pool_arm(1, &error), &error);
	kernel_put("generation", "41");
	begin();
	assert_string_equal(get_property(BUS_OBJECT, BUS_MANAGER, "Version"),
			    FASTREBOOT_VERSION);
	assert_string_equal(get_property(BUS_OBJECT, BUS_MANAGER, "Generation"),
			    "41");
	assert_string_equal(get_property(BUS_OBJECT, BUS_MANAGER, "BootReason"),
			    "cold");
	assert_string_equal(get_property(BUS_OBJECT, BUS_MANAGER, "Running"),
			    "-1");
	assert_string_equal(get_property(BUS_OBJECT, BUS_MANAGER, "Armed"),
			    "1");
	assert_string_equal(get_property(BUS_OBJECT, BUS_MANAGER, "Confirmed"),
			    "1");
	assert_string_equal(get_property(BUS_OBJECT, BUS_MANAGER, "Job"), "/");
	end();
}

static void verify(int slot)
{
	sd_bus_message *call = new_manager_call("Verify");

	sd_bus_message_append(call, "i", slot);
	send_call(call);
}

/* The answer is the job's object; what it finds, the daemon knows afterwards. */
static void a_job_and_what_follows(void **state)
{
	machine_stage(1, "{}");
	begin();
	verify(-1);
	assert_string_equal(answered_text("o"), BUS_JOBS "/1");
	daemon_finish_jobs(&served);
	assert_string_equal(served.last_job.result, "done");
	assert_true(*served.verified_at[1]);
	assert_string_equal(served.verified_at[0], "");
	end();
}

static void a_slot_that_has_changed(void **state)
{
	char word[32];

	machine_stage(1, "{}");
	snprintf(word, sizeof(word), "verify %d", EBADMSG);
	kernel_put("fail", word);
	begin();
	verify(1);
	daemon_finish_jobs(&served);
	assert_string_equal(served.last_job.result,
			    fr_failure_name(FR_VERIFICATION_FAILED));
	assert_string_equal(served.verified_at[1], "");
	end();
}

static void stage(const char *name, const char *type, const char *value)
{
	sd_bus_message *call = new_manager_call("Stage");

	sd_bus_message_append(call, "a{sv}a{sv}", 1, name, type, value, 0);
	send_call(call);
}

static void stages_what_is_named(void **state)
{
	machine_put_kernel("/Image");
	begin();
	stage("kernel", "s", machine_path("/Image"));
	assert_string_equal(answered_text("o"), BUS_JOBS "/1");
	daemon_finish_jobs(&served);
	if (strcmp(served.last_job.result, "done"))
		fail_msg("%s", served.last_job.message);
	/* The seal has compared it. */
	assert_true(*served.verified_at[0]);
	expect_kernel("slot0/status", "sealed");
	end();
}

static void arguments_that_are_wrong(void **state)
{
	begin();
	stage("colour", "s", "red");
	expect_failure(ERROR_NAME("Usage"), "\"colour\"");
	assert_null(served.job);
	end();
}

static void unstage(int slot)
{
	sd_bus_message *call = new_manager_call("Unstage");

	sd_bus_message_append(call, "i", slot);
	send_call(call);
}

/* The caller waits for the end. */
static void unstage_answers_at_the_end(void **state)
{
	machine_stage(0, "{}");
	begin();
	unstage(0);
	assert_null(sd_bus_message_get_error(answer));
	expect_kernel("slot0/status", "empty");
	unstage(0);
	expect_failure(ERROR_NAME("NotStaged"), "nothing is staged");
	end();
}

static void without_a_pool(void **state)
{
	kernel_put("pool", "none");
	begin();
	verify(0);
	expect_failure(ERROR_NAME("NoPool"), "");
	unstage(0);
	expect_failure(ERROR_NAME("NoPool"), "");
	send_call(new_manager_call("Confirm"));
	expect_failure(ERROR_NAME("NoPool"), "");
	end();
}

static void nothing_to_tell(void **state)
{
	sd_bus_message *call;

	begin();
	send_call(new_manager_call("Timeline"));
	expect_failure(ERROR_NAME("NotFound"), "no timeline");
	call = new_manager_call("Rollback");
	sd_bus_message_append(call, "s", "");
	send_call(call);
	expect_failure(ERROR_NAME("NotFound"), "not known");
	end();
}

static void confirms(void **state)
{
	kernel_put("tries", "2");
	kernel_put("boot_reason", "fast-reboot");
	begin();
	send_call(new_manager_call("Confirm"));
	assert_null(sd_bus_message_get_error(answer));
	expect_kernel("tries", "0");
	end();
}

/* A hook that ends when it is told to: by a pipe that the test holds. */
static void put_slow_hook(void)
{
	char text[256];

	snprintf(text, sizeof(text), "#!/bin/sh\nread x <%s/pipe\n",
		 getenv("FASTREBOOT_ROOT"));
	machine_put_program("/etc/fastreboot/preflight.d/10-slow", text);
	assert_int_equal(mkfifo(machine_path("/pipe"), 0600), 0);
}

static void commit(void)
{
	sd_bus_message *call = new_manager_call("Commit");

	sd_bus_message_append(call, "a{sv}", 2, "now", "b", 1, "slot", "i", 1);
	send_call(call);
}

static void a_job_can_be_looked_at_and_cancelled(void **state)
{
	machine_put("/dev/vda1", "");
	machine_stage(1, "{\"kernel\":\"/a\"}");
	put_slow_hook();
	begin();
	commit();
	assert_string_equal(answered_text("o"), BUS_JOBS "/1");
	assert_string_equal(get_property(BUS_OBJECT, BUS_MANAGER, "Job"),
			    BUS_JOBS "/1");
	assert_string_equal(get_property(BUS_JOBS "/1", BUS_JOB, "Kind"),
			    "commit");
	assert_string_equal(get_property(BUS_JOBS "/1", BUS_JOB, "Done"), "0");
	/* There is one at a time. */
	verify(1);
	expect_failure(ERROR_NAME("Busy"), "another job is running: commit");
	send_call(new_call(BUS_JOBS "/1", BUS_JOB, "Cancel"));
	assert_null(sd_bus_message_get_error(answer));
	daemon_finish_jobs(&served);
	assert_string_equal(served.last_job.result,
			    fr_failure_name(FR_CANCELLED));
	expect_kernel("armed", "none");
	/* It is gone, and so is its object. */
	send_call(new_call(BUS_JOBS "/1", BUS_JOB, "Cancel"));
	assert_non_null(sd_bus_message_get_error(answer));
	end();
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(describes_the_machine),
	UNIT_TEST(properties),
	UNIT_TEST(a_job_and_what_follows),
	UNIT_TEST(a_slot_that_has_changed),
	UNIT_TEST(stages_what_is_named),
	UNIT_TEST(arguments_that_are_wrong),
	UNIT_TEST(unstage_answers_at_the_end),
	UNIT_TEST(without_a_pool),
	UNIT_TEST(nothing_to_tell),
	UNIT_TEST(confirms),
	UNIT_TEST(a_job_can_be_looked_at_and_cancelled),
};
FILES_UNIT_MAIN(tests)
