// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that have to be signed. */
#include "payload-fixture.h"

#include <errno.h>
#include <stdio.h>

static void signed_files(void **state)
{
	struct fr_payload_request request = signed_request();
	_cleanup_config_ struct fr_config config = { 0 };
	struct fr_payload *payload;
	struct catcher catcher = { 0 };

	prepare_config(&config);
	trust_root(&config);
	payload = open_well(&config, &request);
	catch_well(payload, &catcher);
	expect_segment(payload, &catcher, FR_SEGMENT_KERNEL, kernel_image.data,
		       KERNEL_SIZE);
	expect_segment(payload, &catcher, FR_SEGMENT_INITRD, "five!\0\0\0", 8);
	catcher_done(&catcher);
	fr_payload_close(payload);

	/* The kernel's may be elsewhere. */
	rename(file_path("s-kernel.p7s"), file_path("elsewhere"));
	expect_refused(true, &request, -ENOKEY, FR_SIGNATURE, "there is no ");
	request.signature = (char *)file_path("elsewhere");
	fr_payload_close(open_well(&config, &request));
}

static void every_file_has_to_be_signed(void **state)
{
	static const char *const names[] = { "s-kernel.p7s", "s-initrd.p7s" };
	struct fr_payload_request request;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		request = signed_request();
		file_remove(names[i]);
		expect_refused(true, &request, -ENOKEY, FR_SIGNATURE, names[i]);
		signer_sign(stranger_signer, i ? "s-initrd" : "s-kernel",
			    names[i], SIGNATURE_DER);
		expect_refused(true, &request, -EKEYREJECTED, FR_SIGNATURE,
			       "not trusted");
		signer_sign(root_signer, "dtb", names[i], SIGNATURE_DER);
		expect_refused(true, &request, -EKEYREJECTED, FR_SIGNATURE,
			       "does not belong");
	}
	request = signed_request();
	request.devicetree = (char *)file_path("dtb");
	expect_refused(true, &request, -ENOKEY, FR_SIGNATURE, "dtb.p7s");
}

static void root_images_have_to_be_signed(void **state)
{
	struct fr_payload_request request = {
		.kernel = (char *)file_path("Image"),
		.root_image = (char *)put_root_image("root"),
	};
	_cleanup_config_ struct fr_config config = { 0 };

	sign_file("Image");
	file_remove("root.p7s");
	expect_refused(true, &request, -ENOKEY, FR_SIGNATURE, "root.p7s");
	sign_file("root");
	prepare_config(&config);
	trust_root(&config);
	fr_payload_close(open_well(&config, &request));
	file_write_text("root", "something else");
	expect_refused(true, &request, -EKEYREJECTED, FR_SIGNATURE, "root");
	file_remove("root.p7s");
}

static void signature_without_certificates(void **state)
{
	struct fr_payload_request request = signed_request();

	request.signature = (char *)file_path("s-kernel.p7s");
	expect_refused(false, &request, -ENOKEY, FR_SIGNATURE,
		       "TrustedCertificates= in fastreboot.conf names no");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(signed_files),
	UNIT_TEST(every_file_has_to_be_signed),
	UNIT_TEST(root_images_have_to_be_signed),
	UNIT_TEST(signature_without_certificates),
};
PAYLOAD_UNIT_MAIN(tests, payload_begin)
