// SPDX-License-Identifier: GPL-2.0-or-later
/* Boot loader entries, and the files that they name. */
#include "payload-fixture.h"

#include <errno.h>
#include <stdio.h>

static void entries(void **state)
{
	char path[256];
	char *names[] = { (char *)"e", path };
	_cleanup_config_ struct fr_config config = { 0 };

	put_entry_files();
	snprintf(path, sizeof(path), "%s",
		 file_write_text(ENTRY_PATH, "title An OS\nversion 6.12.2\n"
					     "architecture AA64\n"
					     "linux /e/linux\n"
					     "initrd /e/initrd\n"
					     "initrd e/initrd\n"
					     "devicetree /e/dtb\n"
					     "options root=1\n"
					     "options ro\n"));
	prepare_config(&config);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct fr_payload_request request = { .entry = names[i] };
		_cleanup_(fr_payload_closep) struct fr_payload *payload =
			open_well(&config, &request);
		_cleanup_catcher_ struct catcher catcher = { 0 };

		catch_well(payload, &catcher);
		expect_segment(payload, &catcher, FR_SEGMENT_KERNEL,
			       kernel_image.data, KERNEL_SIZE);
		expect_segment(payload, &catcher, FR_SEGMENT_INITRD,
			       "five!\0\0\0five!\0\0\0", 16);
		assert_int_equal(fr_payload_size(payload, FR_SEGMENT_DTB),
				 DTB_SIZE);
		assert_string_equal(fr_payload_cmdline(payload), "root=1 ro");
		assert_string_equal(fr_payload_title(payload),
				    "An OS (6.12.2)");
	}
}

static void entries_with_less_and_with_a_uki(void **state)
{
	struct fr_payload_request request = { .entry = (char *)"e" };
	_cleanup_config_ struct fr_config config = { 0 };
	struct fr_payload *payload;

	put_entry_files();
	prepare_config(&config);
	file_write_text(ENTRY_PATH, "linux /e/linux\n");
	payload = open_well(&config, &request);
	assert_string_equal(fr_payload_cmdline(payload), "");
	assert_string_equal(fr_payload_title(payload), "e");
	fr_payload_close(payload);

	request.cmdline = (char *)"mine";
	payload = open_well(&config, &request);
	assert_string_equal(fr_payload_cmdline(payload), "mine");
	fr_payload_close(payload);

	request.cmdline = NULL;
	put_uki("boot/uki", KERNEL_SIZE);
	file_write_text(ENTRY_PATH, "title T\nuki /uki\n");
	payload = open_well(&config, &request);
	assert_string_equal(fr_payload_cmdline(payload), "root=/dev/vda quiet");
	assert_string_equal(fr_payload_title(payload), "T");
	fr_payload_close(payload);
}

/* What an entry adds to a UKI, as a boot loader would. */
static void entries_that_add_to_a_uki(void **state)
{
	struct fr_payload_request request = { .entry = (char *)"e" };
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	_cleanup_catcher_ struct catcher catcher = { 0 };
	struct blob dtb = make_dtb(2 * DTB_SIZE);

	put_entry_files();
	put_uki("boot/uki", KERNEL_SIZE);
	file_write_blob("boot/e/dtb", &dtb);
	file_write_text(ENTRY_PATH, "uki /uki\nprofile 0\noptions other=1\n"
				    "initrd /e/initrd\ndevicetree /e/dtb\n");
	prepare_config(&config);
	payload = open_well(&config, &request);
	catch_well(payload, &catcher);
	assert_string_equal(fr_payload_cmdline(payload), "other=1");
	expect_segment(payload, &catcher, FR_SEGMENT_INITRD,
		       "five!\0\0\0five!\0\0\0", 16);
	expect_segment(payload, &catcher, FR_SEGMENT_DTB, dtb.data, dtb.size);
	blob_free(&dtb);
	/* The manifest is about the UKI's own. */
	sign_manifest(&(struct fr_payload_request){ .uki = (char *)file_path(
							    "boot/uki") },
		      NULL);
	file_write_text(ENTRY_PATH, "uki /uki\noptions other=1\n");
	expect_refused(true, &request, -EPERM, FR_REFUSED,
		       "command line of a signed UKI");
	file_write_text(ENTRY_PATH, "uki /uki\ninitrd /e/initrd\n");
	expect_refused(true, &request, -ENOKEY, FR_SIGNATURE,
		       "uki.manifest names no such initrd");
	file_write_text(ENTRY_PATH, "uki /uki\nprofile 1\n");
	expect_refused(false, &request, -EINVAL, FR_INVALID_PAYLOAD,
		       "\"profile\" of the UKI");
}

/* As GRUB of Fedora has them, and its values. */
static void variables_of_a_boot_loader(void **state)
{
	static const char *const texts[] = {
		"linux /e/linux\noptions $kernelopts $tuned_params\n",
		"linux /e/linux\noptions root=1\noptions\t$kernelopts\n",
		"uki /uki\noptions ro $kernelopts\n",
	};
	struct fr_payload_request request = { .entry = (char *)"e" };
	_cleanup_config_ struct fr_config config = { 0 };

	put_entry_files();
	put_uki("boot/uki", KERNEL_SIZE);
	prepare_config(&config);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		file_write_text(ENTRY_PATH, texts[i]);
		request.cmdline = NULL;
		expect_refused(false, &request, -EINVAL, FR_INVALID_PAYLOAD,
			       "entry e have $kernelopts in them");
		request.cmdline = (char *)"root=1";
		fr_payload_close(open_well(&config, &request));
	}
	request.cmdline = NULL;
	file_write_text(ENTRY_PATH, "linux /e/linux\ninitrd $tuned_initrd\n");
	expect_refused(false, &request, -EINVAL, FR_INVALID_PAYLOAD,
		       "e.conf:2: initrd: $tuned_initrd is a variable");
	file_write_text(ENTRY_PATH, "linux /e/linux\noptions a=$b c$d\n");
	fr_payload_close(open_well(&config, &request));
}

static void bad_entries(void **state)
{
	const struct fr_payload_request request = { .entry = (char *)"e" };
	const struct fr_payload_request missing = { .entry = (char *)"x" };

	put_entry_files();
	expect_refused(false, &missing, -ENOENT, FR_NOT_FOUND, "entry 'x'");
	file_write_text(ENTRY_PATH, "linux /e/linux\narchitecture x64\n");
	expect_refused(false, &request, -ENOEXEC, FR_INVALID_PAYLOAD,
		       "is for x64, not for arm64");
	file_write_text(ENTRY_PATH, "linux /e/missing\n");
	expect_refused(false, &request, -ENOENT, FR_NOT_FOUND,
		       "boot/e/missing: there is no such file");
	file_write_text(ENTRY_PATH, "linux /e/linux\ninitrd /e/missing\n");
	expect_refused(false, &request, -ENOENT, FR_NOT_FOUND,
		       "boot/e/missing: there is no such file");
	file_write_text(ENTRY_PATH, "linux /../e/linux\n");
	expect_refused(false, &request, -EINVAL, FR_INVALID_PAYLOAD, "\"..\"");
}

static void root_images_of_entries(void **state)
{
	struct fr_payload_request request = { .entry = (char *)"e" };
	_cleanup_config_ struct fr_config config = { 0 };
	struct fr_payload *payload;

	put_entry_files();
	put_root_image("boot/e/root");
	prepare_config(&config);
	file_write_text(ENTRY_PATH, "linux /e/linux\noptions quiet\n"
				    "x-fastreboot-root-image /e/root\n");
	payload = open_well(&config, &request);
	assert_string_equal(fr_payload_cmdline(payload), "quiet " OUR_ROOT);
	fr_payload_close(payload);
	/* Another one in its place, which is not there. */
	request.root_image = (char *)file_path("missing");
	expect_refused(false, &request, -ENOENT, FR_NOT_FOUND, "missing");
	request.root_image = (char *)put_root_image("root");
	file_write_text(ENTRY_PATH, "linux /e/linux\ninitrd /e/initrd\n");
	expect_refused(false, &request, -EINVAL, FR_INVALID_PAYLOAD,
		       "not both");
	put_uki("boot/uki", KERNEL_SIZE);
	file_write_text(ENTRY_PATH, "uki /uki\n");
	expect_refused(false, &request, -EINVAL, FR_USAGE, "about a UKI");
}

static void files_of_an_entry_are_bound(void **state)
{
	char *initrds[] = { (char *)file_path("boot/e/initrd"), NULL };
	struct fr_payload_request files = {
		.kernel = (char *)file_path("boot/e/linux"),
	};
	const struct fr_payload_request request = { .entry = (char *)"e" };
	_cleanup_config_ struct fr_config config = { 0 };

	put_entry_files();
	file_write_text(ENTRY_PATH, "linux /e/linux\ninitrd /e/initrd\n"
				    "options quiet\n");
	file_remove("boot/e/linux.manifest");
	expect_refused(true, &request, -ENOKEY, FR_SIGNATURE, "there is no ");
	sign_manifest(&files, NULL);
	expect_refused(true, &request, -ENOKEY, FR_SIGNATURE,
		       "names no such initrd");
	files.initrds = initrds;
	sign_manifest(&files, "cmdline=verbose\n");
	expect_refused(true, &request, -EPERM, FR_REFUSED,
		       "is not that of the manifest");
	sign_manifest(&files, "cmdline_words=q* root=*\n");
	prepare_config(&config);
	trust_root(&config);
	fr_payload_close(open_well(&config, &request));
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(entries),
	UNIT_TEST(entries_with_less_and_with_a_uki),
	UNIT_TEST(entries_that_add_to_a_uki),
	UNIT_TEST(variables_of_a_boot_loader),
	UNIT_TEST(bad_entries),
	UNIT_TEST(root_images_of_entries),
	UNIT_TEST(files_of_an_entry_are_bound),
};
PAYLOAD_UNIT_MAIN(tests, payload_begin)
