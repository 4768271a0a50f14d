// SPDX-License-Identifier: GPL-2.0-or-later
/* The private socket, with a client in the same loop. */
#include "daemon-fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include "../../daemon/fastrebootd/transport/bus.h"
#include "../../daemon/fastrebootd/transport/names.h"

static unsigned int added;
static char seen[256];
static bool replied;

static int on_ping(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return sd_bus_reply_method_return(message, "s", userdata);
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Ping", "", "s", on_ping, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("Armed", "i", NULL, 0,
			SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
	SD_BUS_VTABLE_END,
};

static int add_objects(void *userdata, sd_bus *bus)
{
	added++;
	return sd_bus_add_object_vtable(bus, NULL, BUS_OBJECT, BUS_MANAGER,
					vtable, userdata);
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const char *text;

	replied = true;
	if (!sd_bus_message_get_error(reply) &&
	    sd_bus_message_read(reply, "s", &text) >= 0)
		snprintf(seen, sizeof(seen), "%s", text);
	return 0;
}

static int on_job_new(sd_bus_message *message, void *userdata,
		      sd_bus_error *error)
{
	const char *path, *kind;

	replied = true;
	assert_true(sd_bus_message_read(message, "os", &path, &kind) >= 0);
	snprintf(seen, sizeof(seen), "new %s %s", path, kind);
	return 0;
}

static int on_job_removed(sd_bus_message *message, void *userdata,
			  sd_bus_error *error)
{
	const char *path, *kind, *result, *text, *details;

	replied = true;
	assert_true(sd_bus_message_read(message, "ossss", &path, &kind, &result,
					&text, &details) >= 0);
	snprintf(seen, sizeof(seen), "%s %s %s %s %s", path, kind, result, text,
		 details);
	return 0;
}

static int on_progress(sd_bus_message *message, void *userdata,
		       sd_bus_error *error)
{
	const char *step;
	uint64_t done, total;

	replied = true;
	assert_true(sd_bus_message_read(message, "stt", &step, &done, &total) >=
		    0);
	snprintf(seen, sizeof(seen), "%s %s %ju/%ju",
		 sd_bus_message_get_path(message), step, (uintmax_t)done,
		 (uintmax_t)total);
	return 0;
}

static void wait_for_it(sd_event *event)
{
	while (!replied)
		assert_true(sd_event_run(event, UINT64_MAX) >= 0);
	replied = false;
}

static void begin(struct bus *bus, sd_event **ret_event)
{
	struct fr_error error = { 0 };

	added = 0;
	replied = false;
	seen[0] = '\0';
	assert_true(sd_event_new(ret_event) >= 0);
	bus_init(bus, *ret_event, add_objects, (char *)"pong");
	expect_ok(bus_listen(bus, &error), &error);
}

static sd_bus *connect_client(sd_event *event)
{
	sd_bus *client = NULL;
	char address[300];

	snprintf(address, sizeof(address), "unix:path=%s",
		 machine_path("/private"));
	assert_true(sd_bus_new(&client) >= 0);
	assert_true(sd_bus_set_address(client, address) >= 0);
	assert_true(sd_bus_start(client) >= 0);
	assert_true(sd_bus_attach_event(client, event, 0) >= 0);
	/* A client that is answered is known on the other side, too. */
	assert_true(sd_bus_call_method_async(client, NULL, NULL, BUS_OBJECT,
					     BUS_MANAGER, "Ping", on_reply,
					     NULL, NULL) >= 0);
	wait_for_it(event);
	return client;
}

static void end(struct bus *bus, sd_event *event)
{
	bus_done(bus);
	assert_null(bus->peers);
	sd_event_unref(event);
}

static void serves_what_it_was_given(void **state)
{
	sd_event *event = NULL;
	struct stat st;
	struct bus bus;
	sd_bus *client;

	begin(&bus, &event);
	assert_int_equal(stat(machine_path("/private"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	client = connect_client(event);
	assert_string_equal(seen, "pong");
	assert_int_equal(added, 1);
	sd_bus_flush_close_unref(client);
	end(&bus, event);
	/* The socket goes with it. */
	assert_int_equal(access(machine_path("/private"), F_OK), -1);
}

static void each_connection_gets_its_objects(void **state)
{
	sd_event *event = NULL;
	struct bus bus;
	sd_bus *one, *two;

	begin(&bus, &event);
	one = connect_client(event);
	two = connect_client(event);
	assert_int_equal(added, 2);
	assert_non_null(bus.peers->next);
	/* One that is gone is forgotten. */
	sd_bus_flush_close_unref(one);
	while (bus.peers->next)
		assert_true(sd_event_run(event, UINT64_MAX) >= 0);
	sd_bus_flush_close_unref(two);
	end(&bus, event);
}

static void match(sd_bus *client, const char *name,
		  sd_bus_message_handler_t handler)
{
	char rule[128];

	snprintf(rule, sizeof(rule), "type='signal',member='%s'", name);
	assert_true(sd_bus_add_match(client, NULL, rule, handler, NULL) >= 0);
}

static void tells_of_a_job(void **state)
{
	struct bus_job_end job_end = { .path = BUS_JOBS "/7",
				       .kind = "stage",
				       .result = "done",
				       .message = "a\xff",
				       .details = "{}" };
	sd_event *event = NULL;
	struct bus bus;
	sd_bus *client;

	begin(&bus, &event);
	client = connect_client(event);
	match(client, "JobNew", on_job_new);
	match(client, "JobRemoved", on_job_removed);
	match(client, "Progress", on_progress);
	bus_job_new(&bus, BUS_JOBS "/7", "stage");
	wait_for_it(event);
	assert_string_equal(seen, "new /org/fastreboot1/job/7 stage");
	bus_job_progress(&bus, BUS_JOBS "/7", "staging", 1, 9);
	wait_for_it(event);
	assert_string_equal(seen, "/org/fastreboot1/job/7 staging 1/9");
	bus_job_removed(&bus, &job_end);
	wait_for_it(event);
	/* What is not UTF-8 would end the connection. */
	assert_string_equal(seen, "/org/fastreboot1/job/7 stage done a? {}");
	sd_bus_flush_close_unref(client);
	end(&bus, event);
}

/* Without a client there is nothing to be done. */
static void without_connections(void **state)
{
	sd_event *event = NULL;
	struct bus bus;

	begin(&bus, &event);
	bus_job_new(&bus, BUS_JOBS "/7", "stage");
	bus_properties_changed(&bus);
	assert_int_equal(bus_flush(&bus, 0), 0);
	end(&bus, event);
}

static void tell_end(struct bus *bus, char *details)
{
	struct bus_job_end job_end = { .path = BUS_JOBS "/7",
				       .kind = "stage",
				       .result = "done",
				       .message = "",
				       .details = details };

	bus_job_removed(bus, &job_end);
}

/* The one that reads gets all of it, the other one keeps nothing waiting. */
static void a_client_that_does_not_read(void **state)
{
	static char details[65536];
	uint64_t queued = 0;
	sd_event *event = NULL;
	sd_bus *deaf, *client;
	struct bus bus;

	begin(&bus, &event);
	deaf = connect_client(event);
	assert_true(sd_bus_detach_event(deaf) >= 0);
	memset(details, 'x', sizeof(details) - 1);
	while (queued < 2) {
		tell_end(&bus, details);
		assert_true(sd_bus_get_n_queued_write(bus.peers->bus,
						      &queued) >= 0);
	}
	client = connect_client(event);
	match(client, "JobRemoved", on_job_removed);
	details[1] = '\0';
	tell_end(&bus, details);
	assert_int_equal(bus_flush(&bus, 1000), 1);
	wait_for_it(event);
	assert_string_equal(seen, "/org/fastreboot1/job/7 stage done  x");
	sd_bus_close(deaf);
	sd_bus_unref(deaf);
	sd_bus_flush_close_unref(client);
	end(&bus, event);
}

static void a_socket_that_can_not_be_made(void **state)
{
	struct fr_error error = { 0 };
	sd_event *event = NULL;
	struct bus bus;

	setenv("FASTREBOOT_RUNTIME", "/nowhere", 1);
	assert_true(sd_event_new(&event) >= 0);
	bus_init(&bus, event, add_objects, NULL);
	expect_error(bus_listen(&bus, &error), -ENOENT, &error, FR_FAILED,
		     "/nowhere/private");
	end(&bus, event);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(serves_what_it_was_given),
	UNIT_TEST(each_connection_gets_its_objects),
	UNIT_TEST(tells_of_a_job),
	UNIT_TEST(without_connections),
	UNIT_TEST(a_client_that_does_not_read),
	UNIT_TEST(a_socket_that_can_not_be_made),
};
FILES_UNIT_MAIN(tests)
