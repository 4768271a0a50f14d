// SPDX-License-Identifier: GPL-2.0-or-later
/* Unified kernel images. */
#include "payload-fixture.h"

#include <errno.h>

static void ukis(void **state)
{
	struct fr_payload_request request = {
		.uki = (char *)file_path("uki"),
	};
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	_cleanup_catcher_ struct catcher catcher = { 0 };
	struct blob dtb = make_dtb(DTB_SIZE);

	put_uki("uki", KERNEL_SIZE);
	prepare_config(&config);
	payload = open_well(&config, &request);
	catch_well(payload, &catcher);
	expect_segment(payload, &catcher, FR_SEGMENT_KERNEL, kernel_image.data,
		       KERNEL_SIZE);
	expect_segment(payload, &catcher, FR_SEGMENT_INITRD, "five!\0\0\0", 8);
	expect_segment(payload, &catcher, FR_SEGMENT_DTB, dtb.data, DTB_SIZE);
	assert_string_equal(fr_payload_cmdline(payload), "root=/dev/vda quiet");
	assert_string_equal(fr_payload_title(payload), "Some OS (6.12.1)");
	blob_free(&dtb);
}

static void ukis_with_more(void **state)
{
	char *initrds[] = { (char *)file_path("initrd8"), NULL };
	struct fr_payload_request request = {
		.uki = (char *)file_path("uki"),
		.initrds = initrds,
		.devicetree = (char *)file_path("dtb2"),
		.cmdline = (char *)"other",
	};
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	_cleanup_catcher_ struct catcher catcher = { 0 };
	struct blob dtb = make_dtb(2000);

	put_uki("uki", KERNEL_SIZE);
	file_write_blob("dtb2", &dtb);
	prepare_config(&config);
	payload = open_well(&config, &request);
	catch_well(payload, &catcher);
	expect_segment(payload, &catcher, FR_SEGMENT_INITRD,
		       "five!\0\0\0eight...", 16);
	expect_segment(payload, &catcher, FR_SEGMENT_DTB, dtb.data, 2000);
	assert_string_equal(fr_payload_cmdline(payload), "other");
	blob_free(&dtb);
}

/* The kernel in a UKI may be a zboot image, or compressed. */
static void ukis_with_packed_kernels(void **state)
{
	_cleanup_config_ struct fr_config config = { 0 };

	prepare_config(&config);
	for (int packed = 0; packed < 2; packed++) {
		struct blob inner = packed ? make_compressed(FR_STREAM_ZSTD,
							     kernel_image.data,
							     KERNEL_SIZE) :
					     make_zboot("gzip",
							kernel_image.data,
							KERNEL_SIZE, false);
		const struct section section = { ".linux", inner.data,
						 inner.size };
		struct blob uki = make_pe(&section, 1);
		struct fr_payload_request request = {
			.uki = (char *)file_write_blob("uki", &uki),
		};
		_cleanup_(fr_payload_closep) struct fr_payload *payload =
			open_well(&config, &request);
		_cleanup_catcher_ struct catcher catcher = { 0 };

		catch_well(payload, &catcher);
		expect_segment(payload, &catcher, FR_SEGMENT_KERNEL,
			       kernel_image.data, KERNEL_SIZE);
		assert_null(fr_payload_cmdline(payload));
		assert_string_equal(fr_payload_title(payload), "uki");
		blob_free(&uki);
		blob_free(&inner);
	}
}

static void kernel_and_uki_are_told_apart(void **state)
{
	struct fr_payload_request request = {
		.kernel = (char *)file_path("uki"),
	};
	const struct section section = { ".text", "code", 4 };
	struct blob program = make_pe(&section, 1);

	put_uki("uki", KERNEL_SIZE);
	expect_refused(false, &request, -ENOEXEC, FR_INVALID_PAYLOAD, "--uki");
	request = (struct fr_payload_request){
		.uki = (char *)file_path("Image"),
	};
	expect_refused(false, &request, -ENOEXEC, FR_INVALID_PAYLOAD,
		       "--kernel");
	request.uki = (char *)file_write_blob("program", &program);
	expect_refused(false, &request, -ENOEXEC, FR_INVALID_PAYLOAD,
		       "without a .linux section");
	blob_free(&program);
}

static void signed_ukis_keep_their_command_line(void **state)
{
	struct fr_payload_request request = {
		.uki = (char *)file_path("uki"),
	};
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	_cleanup_catcher_ struct catcher catcher = { 0 };

	put_uki("uki", KERNEL_SIZE);
	sign_manifest(&request, NULL);
	prepare_config(&config);
	trust_root(&config);
	payload = open_well(&config, &request);
	catch_well(payload, &catcher);
	expect_segment(payload, &catcher, FR_SEGMENT_KERNEL, kernel_image.data,
		       KERNEL_SIZE);
	request.cmdline = (char *)"init=/bin/sh";
	expect_refused(true, &request, -EPERM, FR_REFUSED,
		       "command line of a signed UKI");
}

static void ukis_that_were_renamed(void **state)
{
	struct fr_payload_request request = {
		.uki = (char *)file_path("efi/u+3.efi"),
	};
	_cleanup_config_ struct fr_config config = { 0 };
	struct fr_payload *payload;

	prepare_config(&config);
	put_uki("efi/u+2-1.efi", KERNEL_SIZE);
	payload = open_well(&config, &request);
	assert_string_equal(fr_payload_kernel_path(payload),
			    file_path("efi/u+2-1.efi"));
	fr_payload_close(payload);
	put_uki("efi/u.efi", KERNEL_SIZE);
	expect_refused(false, &request, -ENOENT, FR_NOT_FOUND, "u+3.efi");
	file_remove("efi");
}

/* What a stub would add is not lost without a word. */
static void ukis_with_addons(void **state)
{
	static const char *const addons[] = {
		"esp/EFI/Linux/u+3.efi.extra.d/a.addon.efi",
		"esp/EFI/Linux/u+3.efi.extra.d/a.cred",
		"esp/EFI/Linux/u.efi.extra.d/a.raw",
		"esp/loader/addons/a.addon.efi",
	};
	struct fr_payload_request request = {
		.uki = (char *)file_path("esp/EFI/Linux/u+3.efi"),
	};
	_cleanup_config_ struct fr_config config = { 0 };

	prepare_config(&config);
	for (size_t i = 0; i < ARRAY_SIZE(addons); i++) {
		put_uki("esp/EFI/Linux/u+3.efi", KERNEL_SIZE);
		file_write_text("esp/EFI/Linux/u+3.efi.extra.d/README", "x");
		file_write_text("esp/EFI/Linux/v.efi.extra.d/a.cred", "x");
		fr_payload_close(open_well(&config, &request));
		file_write_text(addons[i], "x");
		expect_refused(false, &request, -EOPNOTSUPP, FR_INVALID_PAYLOAD,
			       addons[i]);
		file_remove("esp");
	}
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(ukis),
	UNIT_TEST(ukis_with_more),
	UNIT_TEST(ukis_with_packed_kernels),
	UNIT_TEST(kernel_and_uki_are_told_apart),
	UNIT_TEST(signed_ukis_keep_their_command_line),
	UNIT_TEST(ukis_that_were_renamed),
	UNIT_TEST(ukis_with_addons),
};
PAYLOAD_UNIT_MAIN(tests, payload_begin)
