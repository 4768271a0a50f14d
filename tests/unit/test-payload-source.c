// SPDX-License-Identifier: GPL-2.0-or-later
/* The source: the request as JSON, there and back. */
#include "payload-fixture.h"

#include <errno.h>

static void expect_same_string(const char *a, const char *b)
{
	assert_int_equal(!a, !b);
	if (a)
		assert_string_equal(a, b);
}

static void expect_same_request(const struct fr_payload_request *a,
				const struct fr_payload_request *b)
{
	expect_same_string(a->entry, b->entry);
	expect_same_string(a->uki, b->uki);
	expect_same_string(a->kernel, b->kernel);
	expect_same_string(a->root_image, b->root_image);
	expect_same_string(a->devicetree, b->devicetree);
	assert_int_equal(a->wipe_state, b->wipe_state);
	expect_same_string(a->cmdline, b->cmdline);
	expect_same_string(a->manifest, b->manifest);
	expect_same_string(a->signature, b->signature);
	assert_int_equal(!a->initrds, !b->initrds);
	for (size_t i = 0; a->initrds && (a->initrds[i] || b->initrds[i]); i++)
		expect_same_string(a->initrds[i], b->initrds[i]);
}

static void expect_there_and_back(const struct fr_config *config,
				  const struct fr_payload_request *request)
{
	_cleanup_(fr_payload_closep) struct fr_payload *payload =
		open_well(config, request);
	_cleanup_payload_request_ struct fr_payload_request back = { 0 };
	_cleanup_free_ char *source = NULL;
	struct fr_error error = { 0 };

	assert_int_equal(fr_payload_source(payload, &source), 0);
	assert_null(strchr(source, '\n'));
	assert_int_equal(fr_payload_request_from_source(source, &back, &error),
			 0);
	expect_same_request(&back, request);
}

static void source_there_and_back(void **state)
{
	char *initrds[] = { (char *)file_path("initrd5"),
			    (char *)file_write_text("odd \"name\"\n\\", "x"),
			    NULL };
	char *none[] = { NULL };
	_cleanup_config_ struct fr_config config = { 0 };
	struct fr_payload_request request = {
		.kernel = (char *)file_path("Image"),
		.initrds = initrds,
		.devicetree = (char *)file_path("dtb"),
		.cmdline = (char *)"a=\"b c\"\tµ",
	};

	prepare_config(&config);
	expect_there_and_back(&config, &request);
	request.initrds = none;
	request.cmdline = (char *)"";
	expect_there_and_back(&config, &request);
	request.initrds = NULL;
	request.root_image = (char *)put_root_image("root");
	request.wipe_state = true;
	expect_there_and_back(&config, &request);

	put_entry_files();
	file_write_text(ENTRY_PATH, "linux /e/linux\n");
	request = (struct fr_payload_request){ .entry = (char *)"e" };
	expect_there_and_back(&config, &request);

	put_uki("uki", KERNEL_SIZE);
	trust_root(&config);
	request = (struct fr_payload_request){
		.uki = (char *)file_path("uki"),
	};
	sign_manifest(&request, NULL);
	request.manifest = (char *)file_path("uki.manifest");
	request.signature = (char *)file_path("uki.manifest.p7s");
	expect_there_and_back(&config, &request);
}

static void source_is_limited(void **state)
{
	char *initrds[33] = { 0 };
	struct fr_payload_request request = {
		.kernel = (char *)file_path("Image"),
		.initrds = initrds,
	};
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	char name[200];
	char *source = NULL;

	memset(name, 'x', 190);
	name[190] = '\0';
	file_write_text(name, "x");
	for (int i = 0; i < 32; i++)
		initrds[i] = (char *)file_path(name);
	prepare_config(&config);
	payload = open_well(&config, &request);
	assert_int_equal(fr_payload_source(payload, &source), -E2BIG);
	assert_null(source);
}

static void members_of_the_daemon(void **state)
{
	_cleanup_payload_request_ struct fr_payload_request request = { 0 };
	struct fr_error error = { 0 };

	assert_int_equal(
		fr_payload_request_from_source(
			"{\"kernel\":\"/k\",\"staged_at\":\"2026\","
			"\"rollback_from\":1,\"inherited_cmdline\":\"a b\"}",
			&request, &error),
		0);
	assert_string_equal(request.kernel, "/k");
	assert_string_equal(request.cmdline, "a b");
	fr_payload_request_done(&request);
	assert_int_equal(fr_payload_request_from_source(
				 "{\"kernel\":\"/k\",\"cmdline\":\"c\","
				 "\"inherited_cmdline\":\"a b\"}",
				 &request, &error),
			 0);
	assert_string_equal(request.cmdline, "c");
	assert_false(request.wipe_state);
}

static void sources_in_disorder(void **state)
{
	static const struct {
		const char *source;
		const char *part;
	} bad[] = {
		{ "", "not JSON" },
		{ "{", "not JSON" },
		{ "{} x", "not JSON" },
		{ "12", "not a JSON object" },
		{ "[]", "not a JSON object" },
		{ "{}", "names no kernel" },
		{ "{\"cmdline\":\"x\"}", "names no kernel" },
		{ "{\"kernel\":1}", "not a string" },
		{ "{\"kernel\":\"/a\\u0000b\"}", "NUL in it" },
		{ "{\"kernel\":\"/k\",\"initrds\":\"/i\"}", "not a list" },
		{ "{\"kernel\":\"/k\",\"initrds\":[1]}", "not a string" },
		{ "{\"kernel\":\"/k\",\"initrds\":[null]}", "is null" },
		{ "{\"a\":[[[[[[[[[]]]]]]]]]}", "not JSON" },
		{ "{\"kernel\":\"/k\",\"wipe_state\":1}", "neither true" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct fr_payload_request request = { 0 };
		struct fr_error error = { 0 };

		expect_error(fr_payload_request_from_source(bad[i].source,
							    &request, &error),
			     -EINVAL, &error, FR_FAILED, bad[i].part);
		assert_null(request.kernel);
	}
}

static void sources_that_wipe(void **state)
{
	static const struct {
		const char *source;
		bool wipes;
	} cases[] = {
		{ "{\"kernel\":\"/k\",\"wipe_state\":true}", true },
		{ "{\"kernel\":\"/k\",\"wipe_state\":false}", false },
		{ "{\"kernel\":\"/k\"}", false },
		{ "", false },
		/* can't be told, so it is assumed */
		{ "{\"wipe_state\":1}", true },
		{ "wipe_state", true },
		{ "{\"kernel\":\"/k\",\"wipe_sta", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(fr_payload_source_wipes(cases[i].source),
				 cases[i].wipes);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(source_there_and_back), UNIT_TEST(source_is_limited),
	UNIT_TEST(members_of_the_daemon), UNIT_TEST(sources_in_disorder),
	UNIT_TEST(sources_that_wipe),
};
PAYLOAD_UNIT_MAIN(tests, payload_begin)
