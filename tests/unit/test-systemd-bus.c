// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading what systemd answers, and connecting where it is not. */
#include "daemon-fixture.h"

#include "../../daemon/fastrebootd/transport/systemd-bus.h"

static char taken[256];

static void take(const char *name, void *into)
{
	strncat(taken, name, sizeof(taken) - strlen(taken) - 1);
	strncat(taken, into, sizeof(taken) - strlen(taken) - 1);
}

static void reads_names(void **state)
{
	sd_bus *bus = bus_for_messages();
	sd_bus_message *reply = message_begin(bus);
	int after = 0;

	taken[0] = '\0';
	sd_bus_message_append(reply, "vi", "as", 2, "a.mount", "b.service", 7);
	message_finish(reply);
	assert_true(systemd_bus_read_names(reply, take, (char *)";") >= 0);
	assert_string_equal(taken, "a.mount;b.service;");
	/* It is behind the property then. */
	assert_true(sd_bus_message_read(reply, "i", &after) >= 0);
	assert_int_equal(after, 7);
	sd_bus_message_unref(reply);
	sd_bus_unref(bus);
}

static void no_names_and_no_list(void **state)
{
	sd_bus *bus = bus_for_messages();
	sd_bus_message *none = message_begin(bus), *text = message_begin(bus);

	taken[0] = '\0';
	sd_bus_message_append(none, "v", "as", 0);
	message_finish(none);
	assert_true(systemd_bus_read_names(none, take, (char *)";") >= 0);
	sd_bus_message_append(text, "v", "s", "a.mount");
	message_finish(text);
	assert_true(systemd_bus_read_names(text, take, (char *)";") < 0);
	assert_string_equal(taken, "");
	sd_bus_message_unref(none);
	sd_bus_message_unref(text);
	sd_bus_unref(bus);
}

/**
 * struct found - what the test reads
 */
struct found {
	char state[32];
	unsigned int others;
};

static int read_one(sd_bus_message *reply, const char *name, void *into)
{
	struct found *found = into;
	const char *text;
	int err;

	if (strcmp(name, "ActiveState")) {
		found->others++;
		return sd_bus_message_skip(reply, "v");
	}
	err = sd_bus_message_read(reply, "v", "s", &text);
	if (err >= 0)
		snprintf(found->state, sizeof(found->state), "%s", text);
	return err;
}

static void reads_properties(void **state)
{
	sd_bus *bus = bus_for_messages();
	sd_bus_message *reply = message_begin(bus);
	struct found found = { 0 };

	sd_bus_message_append(reply, "a{sv}", 3, "Id", "s", "x", "ActiveState",
			      "s", "active", "Job", "(uo)", 7, "/");
	message_finish(reply);
	assert_int_equal(systemd_bus_read_properties(reply, read_one, &found),
			 0);
	assert_string_equal(found.state, "active");
	assert_int_equal(found.others, 2);
	sd_bus_message_unref(reply);
	sd_bus_unref(bus);
}

static void a_property_of_another_type(void **state)
{
	sd_bus *bus = bus_for_messages();
	sd_bus_message *reply = message_begin(bus);
	struct found found = { 0 };

	sd_bus_message_append(reply, "a{sv}", 1, "ActiveState", "u", 1);
	message_finish(reply);
	assert_true(systemd_bus_read_properties(reply, read_one, &found) < 0);
	assert_string_equal(found.state, "");
	sd_bus_message_unref(reply);
	sd_bus_unref(bus);
}

static void without_systemd(void **state)
{
	sd_bus *bus = NULL;

	assert_int_equal(systemd_bus_open(&bus), -ENOENT);
	assert_null(bus);
	assert_int_equal(systemd_bus_connect(&bus), -ENOENT);
	assert_null(bus);
}

/* The time to wait is over before: nothing is waited for. */
static void no_time_left(void **state)
{
	sd_bus *bus = bus_for_messages();
	int err = 0;

	while (!err)
		err = systemd_bus_process(bus, 0);
	assert_int_equal(err, -ETIMEDOUT);
	sd_bus_unref(bus);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(reads_names),	     UNIT_TEST(no_names_and_no_list),
	UNIT_TEST(reads_properties), UNIT_TEST(a_property_of_another_type),
	UNIT_TEST(without_systemd),  UNIT_TEST(no_time_left),
};
FILES_UNIT_MAIN(tests)
