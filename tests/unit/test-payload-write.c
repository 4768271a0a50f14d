// SPDX-License-Identifier: GPL-2.0-or-later
/* Handing over, and sinks that fail. */
#include "payload-fixture.h"

#include <errno.h>

static void written_twice(void **state)
{
	struct fr_payload_request request = {
		.kernel = (char *)file_path("gz"),
	};
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;

	prepare_config(&config);
	payload = open_well(&config, &request);
	for (int i = 0; i < 2; i++) {
		_cleanup_catcher_ struct catcher catcher = { 0 };

		catch_well(payload, &catcher);
		expect_segment(payload, &catcher, FR_SEGMENT_KERNEL,
			       kernel_image.data, KERNEL_SIZE);
	}
}

static void sink_fails(void **state)
{
	char *initrds[] = { (char *)file_path("initrd5"), NULL };
	struct fr_payload_request request = {
		.kernel = (char *)file_path("gz"),
		.initrds = initrds,
	};
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;

	prepare_config(&config);
	payload = open_well(&config, &request);
	/* The kernel, the initrd, its padding. */
	for (unsigned int at = 1; at <= 5; at++) {
		_cleanup_catcher_ struct catcher catcher = {
			.fail_at = at, .fail_with = -ENOSPC
		};
		struct fr_error error = { 0 };

		expect_error(catch_payload(payload, &catcher, &error), -ENOSPC,
			     &error, FR_FAILED, "can't be written: No space");
		assert_int_equal(catcher.writes, at);
	}
}

static void cancelled(void **state)
{
	static const char *const names[] = { "s-kernel", "gz" };
	struct fr_payload_request request = signed_request();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_config_ struct fr_config config = { 0 };
		_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;

		request.kernel = (char *)file_path(names[i]);
		sign_manifest(&request, NULL);
		prepare_config(&config);
		trust_root(&config);
		payload = open_well(&config, &request);
		for (unsigned int at = 1; at <= 4; at++) {
			_cleanup_catcher_ struct catcher catcher = {
				.cancel_at = at
			};
			struct fr_error error = { 0 };

			expect_error(catch_payload(payload, &catcher, &error),
				     -ECANCELED, &error, FR_CANCELLED,
				     "staging was cancelled");
			assert_int_equal(catcher.reports, at);
		}
	}
}

static struct fr_error *sinks_error;

static int fill_error(void *userdata, enum fr_segment segment, const void *data,
		      size_t size)
{
	return fr_fail(sinks_error, FR_TOO_LARGE, -EFBIG, "text of the sink");
}

static void sink_has_its_own_error(void **state)
{
	struct fr_payload_request request = {
		.kernel = (char *)file_path("gz"),
	};
	const struct fr_sink sink = { fill_error, NULL, NULL };
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	struct fr_error error = { 0 };

	prepare_config(&config);
	payload = open_well(&config, &request);
	sinks_error = &error;
	expect_error(fr_payload_write(payload, &sink, &error), -EFBIG, &error,
		     FR_TOO_LARGE, "text of the sink");
	assert_string_equal(error.text, "text of the sink");
}

static void names_of_segments(void **state)
{
	assert_string_equal(fr_segment_name(FR_SEGMENT_KERNEL), "kernel");
	assert_string_equal(fr_segment_name(FR_SEGMENT_INITRD), "initrd");
	assert_string_equal(fr_segment_name(FR_SEGMENT_ROOT), "root");
	assert_string_equal(fr_segment_name(FR_SEGMENT_DTB), "dtb");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(written_twice),     UNIT_TEST(sink_fails),
	UNIT_TEST(cancelled),	      UNIT_TEST(sink_has_its_own_error),
	UNIT_TEST(names_of_segments),
};
PAYLOAD_UNIT_MAIN(tests, payload_begin_packed)
