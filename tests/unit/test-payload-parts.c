// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernels, initrds, device trees and root images of every kind, and those that are none. */
#include "payload-fixture.h"

#include <errno.h>
#include <unistd.h>

static void kernels_of_every_kind(void **state)
{
	_cleanup_config_ struct fr_config config = { 0 };

	prepare_config(&config);
	for (size_t i = 0; i < ARRAY_SIZE(kernel_files); i++) {
		struct fr_payload_request request = {
			.kernel = (char *)file_path(kernel_files[i]),
		};
		_cleanup_(fr_payload_closep) struct fr_payload *payload =
			open_well(&config, &request);
		_cleanup_catcher_ struct catcher catcher = { 0 };

		assert_null(fr_payload_sha256(payload, FR_SEGMENT_KERNEL));
		catch_well(payload, &catcher);
		expect_segment(payload, &catcher, FR_SEGMENT_KERNEL,
			       kernel_image.data, KERNEL_SIZE);
		expect_segment(payload, &catcher, FR_SEGMENT_INITRD, NULL, 0);
		expect_segment(payload, &catcher, FR_SEGMENT_DTB, NULL, 0);
		assert_null(fr_payload_cmdline(payload));
		assert_string_equal(fr_payload_title(payload), kernel_files[i]);
	}
}

static void zboot_kernels(void **state)
{
	static const struct {
		const char *compression;
		bool size_appended;
	} variants[] = { { "gzip", false },
			 { "zstd22", false },
			 { "zstd22", true },
			 { "xzkern", false },
			 { "xzkern", true } };
	_cleanup_config_ struct fr_config config = { 0 };

	prepare_config(&config);
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		struct blob zboot = make_zboot(variants[i].compression,
					       kernel_image.data, KERNEL_SIZE,
					       variants[i].size_appended);
		struct fr_payload_request request = {
			.kernel = (char *)file_write_blob("zboot", &zboot),
		};
		_cleanup_(fr_payload_closep) struct fr_payload *payload =
			open_well(&config, &request);
		_cleanup_catcher_ struct catcher catcher = { 0 };

		catch_well(payload, &catcher);
		expect_segment(payload, &catcher, FR_SEGMENT_KERNEL,
			       kernel_image.data, KERNEL_SIZE);
		blob_free(&zboot);
	}
}

static void initrds_are_joined_and_padded(void **state)
{
	char *initrds[] = { (char *)file_path("initrd5"),
			    (char *)file_path("initrd8"),
			    (char *)file_path("initrd5"), NULL };
	struct fr_payload_request request = {
		.kernel = (char *)file_path("Image"),
		.initrds = initrds,
		.devicetree = (char *)file_path("dtb"),
		.cmdline = (char *)"root=/dev/vda quiet",
	};
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	_cleanup_catcher_ struct catcher catcher = { 0 };
	struct blob dtb = make_dtb(DTB_SIZE);

	prepare_config(&config);
	payload = open_well(&config, &request);
	catch_well(payload, &catcher);
	expect_segment(payload, &catcher, FR_SEGMENT_INITRD,
		       "five!\0\0\0eight...five!\0\0\0", 24);
	expect_segment(payload, &catcher, FR_SEGMENT_DTB, dtb.data, DTB_SIZE);
	assert_string_equal(fr_payload_cmdline(payload), "root=/dev/vda quiet");
	assert_int_equal(catcher.total, KERNEL_SIZE + 5 + 8 + 5 + DTB_SIZE);
	blob_free(&dtb);
}

static void kernels_that_are_none(void **state)
{
	struct fr_payload_request request = { 0 };
	struct blob wrong;

	request.kernel = (char *)file_path("missing");
	expect_refused(false, &request, -ENOENT, FR_NOT_FOUND, "no such file");
	request.kernel = (char *)file_write_text("k", "");
	expect_refused(false, &request, -ENODATA, FR_INVALID_PAYLOAD, "empty");
	request.kernel = (char *)file_write_text("k", "#!/bin/sh\n");
	expect_refused(false, &request, -ENOEXEC, FR_INVALID_PAYLOAD,
		       "a script");
	request.kernel = (char *)file_path("");
	expect_refused(false, &request, -EISDIR, FR_INVALID_PAYLOAD,
		       "not a regular file");
	request.kernel = (char *)"/dev/zero";
	expect_refused(false, &request, -EINVAL, FR_INVALID_PAYLOAD,
		       "not a regular file");
	/* Compressed, but not a kernel: seen before anything is written. */
	wrong = make_compressed(FR_STREAM_GZIP,
				"\x7f"
				"ELF",
				4);
	request.kernel = (char *)file_write_blob("k", &wrong);
	expect_refused(false, &request, -ENOEXEC, FR_INVALID_PAYLOAD, "ELF");
	wrong.size = 12;
	file_write_blob("k", &wrong);
	expect_refused(false, &request, -ENODATA, FR_INVALID_PAYLOAD,
		       "/k: the gzip data end too early");
	blob_free(&wrong);
}

static void damaged_device_trees(void **state)
{
	struct fr_payload_request request = {
		.kernel = (char *)file_path("Image"),
	};
	struct blob dtb = make_dtb(DTB_SIZE);

	dtb.size--;
	request.devicetree = (char *)file_write_blob("bad", &dtb);
	expect_refused(false, &request, -EINVAL, FR_INVALID_PAYLOAD, "cut off");
	dtb.size = 4;
	file_write_blob("bad", &dtb);
	expect_refused(false, &request, -EINVAL, FR_INVALID_PAYLOAD,
		       "not a compiled device tree");
	file_write_text("bad", "/dts-v1/;\n/ { };\n");
	expect_refused(false, &request, -EINVAL, FR_INVALID_PAYLOAD,
		       "not a compiled device tree");
	blob_free(&dtb);
	/* Whole as far as the header says, but the root does not end. */
	dtb = make_dtb(DTB_SIZE);
	dtb.data[87] = 4;
	file_write_blob("bad", &dtb);
	expect_refused(false, &request, -EINVAL, FR_INVALID_PAYLOAD,
		       "damaged: it ends within a node");
	blob_free(&dtb);
	dtb = make_dtb((2 << 20) + 1);
	file_write_blob("bad", &dtb);
	expect_refused(false, &request, -EFBIG, FR_TOO_LARGE, "2097152 are");
	blob_free(&dtb);
}

static void sizes_are_limited(void **state)
{
	char *initrds[] = { (char *)file_path("initrd5"),
			    (char *)file_path("initrd8"), NULL };
	_cleanup_config_ struct fr_config config = { 0 };

	prepare_config(&config);
	config.max_initrd_size = 16;
	for (size_t i = 0; i < ARRAY_SIZE(kernel_files); i++) {
		struct fr_payload_request request = {
			.kernel = (char *)file_path(kernel_files[i]),
			.initrds = initrds,
		};
		struct fr_payload *payload = NULL;
		struct catcher catcher = { 0 };
		struct fr_error error = { 0 };
		int r;

		config.max_kernel_size = KERNEL_SIZE;
		payload = open_well(&config, &request);
		catch_well(payload, &catcher);
		catcher_done(&catcher);
		payload = fr_payload_close(payload);

		/* Where the size shows only when it is decompressed, later. */
		config.max_kernel_size = KERNEL_SIZE - 1;
		r = fr_payload_open(&config, &request, &payload, &error);
		if (!r) {
			catcher = (struct catcher){ 0 };
			r = catch_payload(payload, &catcher, &error);
			catcher_done(&catcher);
		}
		expect_error(r, -EFBIG, &error, FR_TOO_LARGE, kernel_files[i]);
		fr_payload_close(payload);
	}
}

static void initrds_are_limited_together(void **state)
{
	char *initrds[] = { (char *)file_path("initrd5"),
			    (char *)file_path("initrd8"), NULL };
	char *many[34] = { 0 };
	struct fr_payload_request request = {
		.kernel = (char *)file_path("Image"),
		.initrds = initrds,
	};
	_cleanup_config_ struct fr_config config = { 0 };
	struct fr_payload *payload = NULL;
	struct fr_error error = { 0 };

	prepare_config(&config);
	config.max_initrd_size = 15;
	expect_error(fr_payload_open(&config, &request, &payload, &error),
		     -EFBIG, &error, FR_TOO_LARGE, "16 bytes together");
	config.max_initrd_size = 7;
	expect_error(fr_payload_open(&config, &request, &payload, &error),
		     -EFBIG, &error, FR_TOO_LARGE, "initrd8: has 8 bytes");
	config.max_initrd_size = 1000;
	request.initrds = many;
	for (int i = 0; i < 32; i++)
		many[i] = (char *)initrds[0];
	fr_payload_close(open_well(&config, &request));
	many[32] = initrds[0];
	expect_error(fr_payload_open(&config, &request, &payload, &error),
		     -E2BIG, &error, FR_USAGE, "more than 32");
	file_write_text("empty", "");
	many[0] = (char *)file_path("empty");
	many[1] = NULL;
	expect_error(fr_payload_open(&config, &request, &payload, &error),
		     -ENODATA, &error, FR_INVALID_PAYLOAD, "is empty");
}

/* Damage behind the start shows when it is read, with the file's name. */
static void damaged_kernels(void **state)
{
	for (size_t i = 1; i < ARRAY_SIZE(kernel_files); i++) {
		_cleanup_config_ struct fr_config config = { 0 };
		struct fr_payload_request request = {
			.kernel = (char *)file_path("damaged"),
		};
		struct blob packed = make_compressed(
			FR_STREAM_GZIP + i - 1, kernel_image.data, KERNEL_SIZE);
		_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
		_cleanup_catcher_ struct catcher catcher = { 0 };
		struct fr_error error = { 0 };

		packed.size -= 3;
		file_write_blob("damaged", &packed);
		prepare_config(&config);
		payload = open_well(&config, &request);
		expect_error(catch_payload(payload, &catcher, &error), -ENODATA,
			     &error, FR_INVALID_PAYLOAD, "damaged: the ");
		assert_null(fr_payload_sha256(payload, FR_SEGMENT_KERNEL));
		blob_free(&packed);
	}
}

static void root_images(void **state)
{
	static const struct {
		const char *given;
		const char *expected;
	} cases[] = {
		{ "", OUR_ROOT },
		{ "quiet", "quiet " OUR_ROOT },
		{ "root=/dev/vda", "root=/dev/vda" },
	};
	struct fr_payload_request request = {
		.kernel = (char *)file_path("Image"),
		.root_image = (char *)put_root_image("root"),
		.devicetree = (char *)file_path("dtb"),
	};
	_cleanup_config_ struct fr_config config = { 0 };

	prepare_config(&config);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
		_cleanup_catcher_ struct catcher catcher = { 0 };

		request.cmdline = (char *)cases[i].given;
		payload = open_well(&config, &request);
		catch_well(payload, &catcher);
		assert_int_equal(fr_payload_size(payload, FR_SEGMENT_ROOT),
				 ROOT_SIZE);
		assert_int_equal(fr_payload_size(payload, FR_SEGMENT_INITRD),
				 0);
		assert_non_null(fr_payload_sha256(payload, FR_SEGMENT_ROOT));
		assert_string_equal(fr_payload_cmdline(payload),
				    cases[i].expected);
	}
}

static void root_images_that_are_none(void **state)
{
	struct fr_payload_request request = {
		.kernel = (char *)file_path("Image"),
		.root_image = (char *)file_path("gz"),
	};
	_cleanup_config_ struct fr_config config = { 0 };
	struct fr_payload *payload = NULL;
	struct fr_error error = { 0 };

	expect_refused(false, &request, -EINVAL, FR_INVALID_PAYLOAD, "gzip");
	request.root_image = (char *)file_write_text("empty", "");
	expect_refused(false, &request, -ENODATA, FR_INVALID_PAYLOAD, "empty");
	request.root_image = (char *)put_root_image("root");
	prepare_config(&config);
	config.max_root_image_size = ROOT_SIZE - 1;
	expect_error(fr_payload_open(&config, &request, &payload, &error),
		     -EFBIG, &error, FR_TOO_LARGE, "MaxRootImageSize=");
	assert_int_equal(truncate(request.root_image, ROOT_SIZE - 1), 0);
	expect_refused(false, &request, -ENODATA, FR_INVALID_PAYLOAD,
		       "cut off");
}

/* An erofs can be mounted by a kernel whose pages are as large as its blocks. */
static void blocks_and_pages(void **state)
{
	static const struct {
		u8 flags, bits;
		bool fits;
	} cases[] = {
		/* not said, and 4, 16 and 64 KiB */
		{ 0x8, 14, true },  { 0xa, 9, true },	{ 0xa, 12, true },
		{ 0xa, 13, false }, { 0xa, 14, false }, { 0xc, 14, true },
		{ 0xc, 16, false }, { 0xe, 16, true },
	};
	struct fr_payload_request request = {
		.kernel = (char *)file_path("pages"),
		.root_image = (char *)file_path("blocks"),
	};
	_cleanup_config_ struct fr_config config = { 0 };
	struct blob kernel = make_image(KERNEL_SIZE, 1);
	struct blob image = { 0 };

	prepare_config(&config);
	blob_add_zeros(&image, ROOT_SIZE);
	blob_put32(&image, 1024, 0xe0f5e1e2);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		kernel.data[24] = cases[i].flags;
		file_write_blob("pages", &kernel);
		image.data[1024 + 12] = cases[i].bits;
		file_write_blob("blocks", &image);
		if (cases[i].fits)
			fr_payload_close(open_well(&config, &request));
		else
			expect_refused(false, &request, -EINVAL,
				       FR_INVALID_PAYLOAD, "(mkfs.erofs -b");
	}
	blob_free(&kernel);
	blob_free(&image);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(kernels_of_every_kind),
	UNIT_TEST(zboot_kernels),
	UNIT_TEST(initrds_are_joined_and_padded),
	UNIT_TEST(kernels_that_are_none),
	UNIT_TEST(damaged_device_trees),
	UNIT_TEST(sizes_are_limited),
	UNIT_TEST(initrds_are_limited_together),
	UNIT_TEST(damaged_kernels),
	UNIT_TEST(root_images),
	UNIT_TEST(root_images_that_are_none),
	UNIT_TEST(blocks_and_pages),
};
PAYLOAD_UNIT_MAIN(tests, payload_begin_packed)
