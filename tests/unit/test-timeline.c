// SPDX-License-Identifier: GPL-2.0-or-later
#include "files-fixture.h"

#include <errno.h>

#include "timeline.h"

static const char kernel_text[] = "reboot 0\n"
				  "devices_down 157000\n"
				  "cpus_down 166000\n"
				  "jump 174000\n"
				  "kernel_entry 177000\n"
				  "init 54920000\n"
				  "relocated_bytes 4096\n"
				  "relocated_ranges 1";

static void parses_what_the_kernel_writes(void **state)
{
	struct fr_timeline timeline;
	struct fr_error error = { 0 };
	uint64_t ns = 0;

	expect_ok(fr_timeline_parse(kernel_text, &timeline, &error), &error);
	assert_int_equal(timeline.n_phases, 6);
	assert_string_equal(timeline.phases[5].name, "init");
	assert_int_equal(timeline.relocated_bytes, 4096);
	assert_int_equal(timeline.relocated_ranges, 1);
	assert_int_equal(timeline.shutdown_ns, FR_DURATION_UNKNOWN);
	assert_true(fr_timeline_blackout(&timeline, &ns));
	assert_int_equal(ns, 54920000);
	assert_true(fr_timeline_phase(&timeline, "jump", &ns));
	assert_int_equal(ns, 174000);
}

static void no_kexec_no_timeline(void **state)
{
	struct fr_timeline timeline;
	struct fr_error error = { 0 };
	uint64_t ns = 77;

	expect_ok(fr_timeline_parse("", &timeline, &error), &error);
	assert_int_equal(timeline.n_phases, 0);
	assert_false(fr_timeline_blackout(&timeline, &ns));
	assert_int_equal(ns, 77);
}

static void phases_may_be_missing_and_names_new(void **state)
{
	struct fr_timeline timeline;
	struct fr_error error = { 0 };
	uint64_t ns = 0;

	expect_ok(fr_timeline_parse("reboot 0\nfirmware 12\njump 5\n",
				    &timeline, &error),
		  &error);
	assert_int_equal(timeline.n_phases, 2);
	assert_false(fr_timeline_blackout(&timeline, &ns));
}

static void nonsense_is_refused(void **state)
{
	static const char *const texts[] = {
		"reboot",    "reboot ",	  "reboot x",
		"reboot -1", "reboot 1x", "reboot 99999999999999999999",
		"reboot  1", " 1x",
	};
	struct fr_timeline timeline = { .n_phases = 7 };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct fr_error error = { 0 };

		expect_error(fr_timeline_parse(texts[i], &timeline, &error),
			     -EBADMSG, &error, FR_UNSUPPORTED, "timeline");
		assert_int_equal(timeline.n_phases, 7);
	}
}

static void more_phases_than_there_is_room_for(void **state)
{
	struct fr_timeline timeline;
	struct fr_error error = { 0 };
	char text[1024] = "";

	for (int i = 0; i < FR_PHASES_MAX; i++)
		strcat(text, "jump 1\n");
	expect_ok(fr_timeline_parse(text, &timeline, &error), &error);
	strcat(text, "jump 1\n");
	expect_error(fr_timeline_parse(text, &timeline, &error), -EBADMSG,
		     &error, FR_UNSUPPORTED, "jump");
}

static void as_json(void **state)
{
	struct fr_timeline timeline;
	struct fr_error error = { 0 };
	struct json_object *object;

	expect_ok(fr_timeline_parse("reboot 0\ninit 7\n", &timeline, &error),
		  &error);
	timeline.start_ns = 5;
	object = fr_timeline_to_json(&timeline);
	assert_string_equal(
		json_object_to_json_string_ext(
			object, JSON_C_TO_STRING_PLAIN |
					JSON_C_TO_STRING_NOSLASHESCAPE),
		"{\"schema\":\"org.fastreboot.timeline/1\",\"phases\":["
		"{\"name\":\"reboot\",\"at_ns\":0},{\"name\":\"init\",\"at_ns\":7}],"
		"\"blackout_ns\":7,\"relocated_bytes\":0,\"relocated_ranges\":0,"
		"\"userspace\":{\"shutdown_ns\":null,\"start_ns\":5}}");
	json_object_put(object);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(parses_what_the_kernel_writes),
	UNIT_TEST(no_kexec_no_timeline),
	UNIT_TEST(phases_may_be_missing_and_names_new),
	UNIT_TEST(nonsense_is_refused),
	UNIT_TEST(more_phases_than_there_is_room_for),
	UNIT_TEST(as_json),
};
UNIT_MAIN(tests)
