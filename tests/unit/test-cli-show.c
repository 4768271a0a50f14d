// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What people get to see of the daemon's JSON, compared with golden/cli-*.txt.
 * After a change that is meant: make UNIT_GOLDEN=write, and look at the diff.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli-fixture.h"

#include "../../tools/fastreboot/json.h"
#include "../../tools/fastreboot/show.h"

/* Two hours after the time that is in most of the files. */
#define NOW 1795284000

typedef void (*show_function)(FILE *out, struct json_object *object);

static void show_status_now(FILE *out, struct json_object *status)
{
	show_status(out, status, NOW);
}

static char *shown(show_function show, struct json_object *object)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	show(out, object);
	assert_int_equal(fclose(out), 0);
	return text;
}

static struct json_object *load(const char *name, const char *schema)
{
	struct fr_error error = { 0 };
	struct json_object *object;
	char path[96], *text;

	snprintf(path, sizeof(path), "golden/%s.json", name);
	text = cli_file(UNIT_SOURCE, path);
	if (cli_json_parse(text, schema, &object, &error) < 0)
		fail_msg("%s: %s", path, error.text);
	free(text);
	return object;
}

static void expect(const char *name, const char *schema, show_function show)
{
	struct json_object *object = load(name, schema);
	char *text = shown(show, object);
	char golden[96];

	snprintf(golden, sizeof(golden), "%s.txt", name);
	cli_expect_golden(UNIT_SOURCE, golden, text);
	free(text);
	json_object_put(object);
}

static void expect_status(const char *name)
{
	setenv("TZ", "UTC", 1);
	expect(name, "org.fastreboot.status/1", show_status_now);
}

static void status_of_a_fresh_machine(void **state)
{
	expect_status("cli-status-cold");
}

static void status_with_a_payload(void **state)
{
	expect_status("cli-status-staged");
}

static void status_after_a_jump(void **state)
{
	expect_status("cli-status-unconfirmed");
}

static void status_after_a_rollback(void **state)
{
	expect_status("cli-status-rolled-back");
}

static void status_during_a_job(void **state)
{
	expect_status("cli-status-job");
}

static void status_with_a_stale_payload(void **state)
{
	expect_status("cli-status-stale");
}

static void status_without_a_pool(void **state)
{
	expect_status("cli-status-no-pool");
}

static void status_without_support(void **state)
{
	expect_status("cli-status-unsupported");
}

/* Words, states and types that this version does not know, and escapes. */
static void status_of_another_version(void **state)
{
	expect_status("cli-status-strange");
}

static void timeline(void **state)
{
	expect("cli-timeline", "org.fastreboot.timeline/1", show_timeline);
}

static void timeline_with_overflow(void **state)
{
	expect("cli-timeline-overflow", "org.fastreboot.timeline/1",
	       show_timeline);
}

static void timeline_of_a_cold_boot(void **state)
{
	expect("cli-timeline-cold", "org.fastreboot.timeline/1", show_timeline);
}

static void checks_of_a_commit(void **state)
{
	expect("cli-checks", "org.fastreboot.commit/1", show_checks);
}

/* No part of the JSON is so necessary that its lack would be a crash. */
static void members_may_be_missing(void **state)
{
	struct json_object *object = load("cli-status-staged", NULL);
	struct json_object *copy = NULL;

	json_object_object_foreach(object, name, value)
	{
		json_object_deep_copy(object, &copy, NULL);
		json_object_object_del(copy, name);
		free(shown(show_status_now, copy));
		json_object_object_add(copy, name, json_object_new_int(-1));
		free(shown(show_status_now, copy));
		json_object_put(copy);
		copy = NULL;
	}
	json_object_put(object);
}

static void expect_bad_json(const char *text, int err, const char *message)
{
	struct fr_error error = { 0 };
	struct json_object *object;

	assert_int_equal(cli_json_parse(text, "org.fastreboot.status/1",
					&object, &error),
			 err);
	assert_non_null(strstr(error.text, message));
}

static void bad_json_is_refused(void **state)
{
	char *large = malloc(2 << 20);

	expect_bad_json("", -EPROTO, "not valid");
	expect_bad_json("{", -EPROTO, "not valid");
	expect_bad_json("[]", -EPROTO, "not valid");
	expect_bad_json("{}x", -EPROTO, "not valid");
	expect_bad_json("{\"schema\":\"org.fastreboot.status/2\"}", -EPROTO,
			"install fastreboot and fastrebootd of the same");
	memset(large, ' ', 2 << 20);
	large[(2 << 20) - 1] = '\0';
	expect_bad_json(large, -EPROTO, "more than 1024 KiB");
	memset(large, '[', 100);
	large[100] = '\0';
	expect_bad_json(large, -EPROTO, "not valid");
	free(large);
}

static void show_json(FILE *out, struct json_object *object)
{
	cli_json_print(out, object, false);
}

static void printed_json_is_harmless(void **state)
{
	struct json_object *object = json_object_new_object();
	char *text;

	json_object_object_add(object, "a",
			       json_object_new_string("/\033\177\302\233x"));
	text = shown(show_json, object);
	assert_string_equal(text, "{\"a\":\"/\\u001b\\u007f\\u009bx\"}\n");
	free(text);
	json_object_put(object);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(status_of_a_fresh_machine),
	UNIT_TEST(status_with_a_payload),
	UNIT_TEST(status_after_a_jump),
	UNIT_TEST(status_after_a_rollback),
	UNIT_TEST(status_during_a_job),
	UNIT_TEST(status_with_a_stale_payload),
	UNIT_TEST(status_without_a_pool),
	UNIT_TEST(status_without_support),
	UNIT_TEST(status_of_another_version),
	UNIT_TEST(timeline),
	UNIT_TEST(timeline_with_overflow),
	UNIT_TEST(timeline_of_a_cold_boot),
	UNIT_TEST(checks_of_a_commit),
	UNIT_TEST(members_may_be_missing),
	UNIT_TEST(bad_json_is_refused),
	UNIT_TEST(printed_json_is_harmless),
};
UNIT_MAIN(tests)
