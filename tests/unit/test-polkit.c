// SPDX-License-Identifier: GPL-2.0-or-later
/* Which calls are permitted: by polkit's answer, and without it. */
#include "daemon-fixture.h"

#include "../../daemon/fastrebootd/transport/polkit.h"

static int read_answer(sd_bus_message *reply, const char **ret_why)
{
	int err;

	message_finish(reply);
	err = polkit_read_answer(reply, ret_why);
	sd_bus_message_unref(reply);
	return err;
}

static void answers(void **state)
{
	static const struct {
		int permitted;
		int challenge;
		int err;
		const char *why;
	} cases[] = {
		{ 1, 0, 0, "" },
		{ 0, 0, -EPERM, "" },
		{ 0, 1, -EPERM, "the caller has to authenticate" },
	};
	sd_bus *bus = bus_for_messages();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		sd_bus_message *reply = message_begin(bus);
		const char *why = NULL;

		sd_bus_message_append(reply, "(bba{ss})", cases[i].permitted,
				      cases[i].challenge, 1, "polkit.x", "y");
		assert_int_equal(read_answer(reply, &why), cases[i].err);
		assert_string_equal(why, cases[i].why);
	}
	sd_bus_unref(bus);
}

/* What is not understood permits nothing. */
static void nonsense(void **state)
{
	sd_bus *bus = bus_for_messages();
	sd_bus_message *reply = message_begin(bus);
	const char *why = NULL;

	assert_int_equal(read_answer(reply, &why), -EPERM);
	assert_string_equal(why, "polkit's answer is not understood");
	reply = message_begin(bus);
	sd_bus_message_append(reply, "b", 1);
	assert_int_equal(read_answer(reply, &why), -EPERM);
	reply = message_begin(bus);
	sd_bus_message_append(reply, "(ss)", "yes", "yes");
	assert_int_equal(read_answer(reply, &why), -EPERM);
	sd_bus_unref(bus);
}

static sd_bus_message *new_call(sd_bus *bus)
{
	sd_bus_message *call = NULL;

	assert_true(sd_bus_message_new_method_call(bus, &call, NULL, "/a",
						   "b.c", "D") >= 0);
	return call;
}

static void an_error_permits_nothing(void **state)
{
	sd_bus *bus = bus_for_messages();
	sd_bus_message *call = new_call(bus), *reply = NULL;
	const char *why = NULL;

	assert_true(sd_bus_message_seal(call, 7, 0) >= 0);
	assert_true(sd_bus_message_new_method_errorf(
			    call, &reply, "org.freedesktop.DBus.Error.NoReply",
			    "gone") >= 0);
	assert_int_equal(read_answer(reply, &why), -EPERM);
	assert_string_equal(why, "polkit does not answer");
	sd_bus_message_unref(call);
	sd_bus_unref(bus);
}

static int on_permitted(void *userdata, sd_bus_message *message)
{
	int *called = userdata;

	++*called;
	return 42;
}

/* The private socket, whose callers have no name, has let in root alone. */
static void root_is_not_asked(void **state)
{
	sd_bus *bus = bus_for_messages();
	sd_bus_message *call = new_call(bus);
	int called = 0;

	assert_true(polkit_is_root(call));
	assert_int_equal(
		polkit_call(call, "org.example.x", on_permitted, &called), 42);
	assert_int_equal(called, 1);
	sd_bus_message_unref(call);
	sd_bus_unref(bus);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(answers),
	UNIT_TEST(nonsense),
	UNIT_TEST(an_error_permits_nothing),
	UNIT_TEST(root_is_not_asked),
};
FILES_UNIT_MAIN(tests)
