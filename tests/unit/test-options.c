// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading the a{sv} arguments of calls. */
#include "daemon-fixture.h"

#include "../../daemon/fastrebootd/transport/options.h"
#include "cleanup.h"

/* What the tests read into. */
static char *text;
static char *empty;
static char **list;
static bool yes;
static uint64_t number;
static int small;

static const struct option options[] = {
	{ "text", 's', &text },	    { "empty", 'S', &empty },
	{ "list", 'a', &list },	    { "yes", 'b', &yes },
	{ "number", 't', &number }, { "small", 'i', &small },
};

static void forget(void)
{
	free(text);
	free(empty);
	fr_strv_free(list);
	text = empty = NULL;
	list = NULL;
	yes = false;
	number = 0;
	small = -1;
}

static int read_it(sd_bus_message *message, struct fr_error *error)
{
	message_finish(message);
	return options_read(message, options, ARRAY_SIZE(options), error);
}

static void reads_each_type(void **state)
{
	sd_bus *bus = bus_for_messages();
	sd_bus_message *message = message_begin(bus);
	struct fr_error error = { 0 };

	forget();
	assert_true(sd_bus_message_append(
			    message, "a{sv}", 6, "text", "s", "a", "empty", "s",
			    "", "list", "as", 2, "x", "y", "yes", "b", 1,
			    "number", "t", UINT64_MAX, "small", "i", -7) >= 0);
	expect_ok(read_it(message, &error), &error);
	assert_string_equal(text, "a");
	assert_string_equal(empty, "");
	assert_string_equal(list[0], "x");
	assert_string_equal(list[1], "y");
	assert_null(list[2]);
	assert_true(yes);
	assert_true(number == UINT64_MAX);
	assert_int_equal(small, -7);
	forget();
	sd_bus_message_unref(message);
	sd_bus_unref(bus);
}

/* What is not there keeps its value; what is there twice is the last. */
static void none_and_twice(void **state)
{
	sd_bus *bus = bus_for_messages();
	sd_bus_message *none = message_begin(bus), *twice = message_begin(bus);
	struct fr_error error = { 0 };

	forget();
	number = 5;
	assert_true(sd_bus_message_append(none, "a{sv}", 0) >= 0);
	expect_ok(read_it(none, &error), &error);
	assert_int_equal(number, 5);
	assert_null(text);
	assert_true(sd_bus_message_append(twice, "a{sv}", 2, "text", "s", "a",
					  "text", "s", "b") >= 0);
	expect_ok(read_it(twice, &error), &error);
	assert_string_equal(text, "b");
	forget();
	sd_bus_message_unref(none);
	sd_bus_message_unref(twice);
	sd_bus_unref(bus);
}

/* A call is followed by another dictionary: it has to be at its begin. */
static void the_next_argument_follows(void **state)
{
	sd_bus *bus = bus_for_messages();
	sd_bus_message *message = message_begin(bus);
	struct fr_error error = { 0 };

	forget();
	assert_true(sd_bus_message_append(message, "a{sv}a{sv}", 1, "small",
					  "i", 1, 1, "number", "t",
					  UINT64_C(2)) >= 0);
	expect_ok(read_it(message, &error), &error);
	assert_int_equal(number, 0);
	expect_ok(options_read(message, options, ARRAY_SIZE(options), &error),
		  &error);
	assert_int_equal(small, 1);
	assert_int_equal(number, 2);
	sd_bus_message_unref(message);
	sd_bus_unref(bus);
}

static void expect_refusal(sd_bus_message *message, const char *part)
{
	struct fr_error error = { 0 };

	forget();
	expect_error(read_it(message, &error), -EINVAL, &error, FR_USAGE, part);
	forget();
	sd_bus_message_unref(message);
}

static void names_what_is_wrong(void **state)
{
	sd_bus *bus = bus_for_messages();
	sd_bus_message *message = message_begin(bus);

	sd_bus_message_append(message, "a{sv}", 1, "colour", "s", "red");
	expect_refusal(message, "does not know \"colour\"");
	message = message_begin(bus);
	sd_bus_message_append(message, "a{sv}", 1, "text", "s", "");
	expect_refusal(message, "\"text\"");
	message = message_begin(bus);
	sd_bus_message_append(message, "a{sv}", 1, "yes", "s", "true");
	expect_refusal(message, "\"yes\"");
	message = message_begin(bus);
	sd_bus_message_append(message, "a{sv}", 1, "list", "as", 2, "x", "");
	expect_refusal(message, "\"list\"");
	sd_bus_unref(bus);
}

/* The memory of the daemon is not the caller's. */
static void limits(void **state)
{
	sd_bus *bus = bus_for_messages();
	sd_bus_message *message = message_begin(bus);
	struct fr_error error = { 0 };
	char *many[66];
	char big[4098];

	memset(big, 'x', sizeof(big));
	big[4096] = '\0';
	forget();
	sd_bus_message_append(message, "a{sv}", 1, "text", "s", big);
	expect_ok(read_it(message, &error), &error);
	assert_int_equal(strlen(text), 4096);
	sd_bus_message_unref(message);
	big[4096] = 'x';
	big[4097] = '\0';
	message = message_begin(bus);
	sd_bus_message_append(message, "a{sv}", 1, "text", "s", big);
	expect_refusal(message, "too long");

	for (size_t i = 0; i < 65; i++)
		many[i] = (char *)"x";
	many[65] = NULL;
	message = message_begin(bus);
	sd_bus_message_open_container(message, 'a', "{sv}");
	sd_bus_message_open_container(message, 'e', "sv");
	sd_bus_message_append(message, "s", "list");
	sd_bus_message_open_container(message, 'v', "as");
	sd_bus_message_append_strv(message, many);
	for (int i = 0; i < 3; i++)
		sd_bus_message_close_container(message);
	expect_refusal(message, "\"list\"");
	sd_bus_unref(bus);
}

/* Another type than a dictionary: sd-bus has refused it before, mostly. */
static void no_dictionary_at_all(void **state)
{
	sd_bus *bus = bus_for_messages();
	sd_bus_message *message = message_begin(bus);
	struct fr_error error = { 0 };

	sd_bus_message_append(message, "s", "x");
	assert_true(read_it(message, &error) < 0);
	assert_int_equal(error.failure, FR_USAGE);
	assert_non_null(strstr(error.text, "not as expected"));
	sd_bus_message_unref(message);
	sd_bus_unref(bus);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(reads_each_type),
	UNIT_TEST(none_and_twice),
	UNIT_TEST(the_next_argument_follows),
	UNIT_TEST(names_what_is_wrong),
	UNIT_TEST(limits),
	UNIT_TEST(no_dictionary_at_all),
};
FILES_UNIT_MAIN(tests)
