// SPDX-License-Identifier: GPL-2.0-or-later
/* Command lines. */
#include "payload-fixture.h"

#include <errno.h>
#include <stdlib.h>

static void command_lines(void **state)
{
	static char text[2060];
	struct fr_payload_request request = {
		.kernel = (char *)file_path("Image"),
		.cmdline = text,
	};
	_cleanup_config_ struct fr_config config = { 0 };

	prepare_config(&config);
	memset(text, 'x', 2047);
	fr_payload_close(open_well(&config, &request));
	text[2047] = 'x';
	expect_refused(false, &request, -E2BIG, FR_TOO_LARGE, "takes 2047");
	strcpy(text, "a\nb");
	expect_refused(false, &request, -EINVAL, FR_INVALID_PAYLOAD,
		       "not one line");
}

static void inherited_command_lines(void **state)
{
	struct fr_payload_request request = {
		.kernel = (char *)file_path("Image"),
	};
	_cleanup_config_ struct fr_config config = { 0 };
	struct fr_error error = { 0 };
	struct fr_payload *payload;
	char long_one[2048];
	char *cmdline = NULL;

	prepare_config(&config);
	payload = open_well(&config, &request);
	assert_null(fr_payload_cmdline(payload));
	assert_int_equal(fr_payload_inherit_cmdline(payload, "root=a b",
						    &cmdline, &error),
			 0);
	assert_string_equal(cmdline, "root=a b");
	free(cmdline);
	fr_payload_close(payload);

	request.root_image = (char *)put_root_image("root");
	payload = open_well(&config, &request);
	assert_null(fr_payload_cmdline(payload));
	assert_int_equal(fr_payload_inherit_cmdline(payload, "root=a rw b",
						    &cmdline, &error),
			 0);
	assert_string_equal(cmdline, "b " OUR_ROOT);
	free(cmdline);
	memset(long_one, 'x', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = '\0';
	expect_error(fr_payload_inherit_cmdline(payload, long_one, &cmdline,
						&error),
		     -E2BIG, &error, FR_TOO_LARGE, "takes 2047");
	fr_payload_close(payload);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(command_lines),
	UNIT_TEST(inherited_command_lines),
};
PAYLOAD_UNIT_MAIN(tests, payload_begin)
