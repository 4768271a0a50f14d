// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests that make no sense. */
#include "payload-fixture.h"

#include <errno.h>

static void requests_in_disorder(void **state)
{
	static char *none[] = { NULL };
	static char *relative[] = { (char *)"initrd", NULL };
	static char *absolute[] = { (char *)"/initrd", NULL };
	const struct {
		struct fr_payload_request request;
		const char *part;
	} bad[] = {
		{ { 0 }, "this names none" },
		{ { .entry = "e", .kernel = "/k" }, "this names several" },
		{ { .uki = "/u", .kernel = "/k" }, "this names several" },
		{ { .kernel = "k" }, "path of the kernel has to be absolute" },
		{ { .uki = "u" }, "path of the UKI has to be absolute" },
		{ { .kernel = "/k", .initrds = relative }, "of the initrd" },
		{ { .kernel = "/k", .devicetree = "d" }, "of the device tree" },
		{ { .kernel = "/k", .manifest = "m" }, "of the manifest" },
		{ { .kernel = "/k", .signature = "s" }, "of the signature" },
		{ { .entry = "e", .initrds = absolute }, "names its initrds" },
		{ { .entry = "e", .devicetree = "/d" }, "names its initrds" },
		{ { .kernel = "/k", .root_image = "r" }, "of the root image" },
		{ { .kernel = "/k", .root_image = "/r", .initrds = absolute },
		  "not both" },
		{ { .uki = "/u", .root_image = "/r" }, "with a UKI" },
	};
	const struct fr_payload_request empty = { .entry = (char *)"nothing",
						  .initrds = none };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect_refused(false, &bad[i].request, -EINVAL, FR_USAGE,
			       bad[i].part);
	expect_refused(false, &empty, -ENOENT, FR_NOT_FOUND, "nothing");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(requests_in_disorder),
};
PAYLOAD_UNIT_MAIN(tests, payload_begin)
