// SPDX-License-Identifier: GPL-2.0-or-later
/* What binds the files of a payload: manifests, and UKIs that are signed themselves. */
#include "payload-fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void expect_taken(const struct fr_payload_request *request,
			 const char *cmdline, const char *version)
{
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	_cleanup_catcher_ struct catcher catcher = { 0 };

	prepare_config(&config);
	trust_root(&config);
	payload = open_well(&config, request);
	catch_well(payload, &catcher);
	expect_segment(payload, &catcher, FR_SEGMENT_KERNEL, kernel_image.data,
		       KERNEL_SIZE);
	if (cmdline)
		assert_string_equal(fr_payload_cmdline(payload), cmdline);
	else
		assert_null(fr_payload_cmdline(payload));
	assert_string_equal(fr_payload_version(payload), version);
}

static void signed_payloads(void **state)
{
	struct fr_payload_request request = signed_request();

	expect_taken(&request, NULL, "1");
	/* Both may be elsewhere. */
	rename(file_path("s-kernel.manifest.p7s"), file_path("elsewhere"));
	expect_refused(true, &request, -ENOKEY, FR_SIGNATURE, "there is no ");
	request.signature = (char *)file_path("elsewhere");
	expect_taken(&request, NULL, "1");
	rename(file_path("s-kernel.manifest"), file_path("m"));
	expect_refused(true, &request, -ENOKEY, FR_SIGNATURE,
		       "wants a signed manifest, but there is no ");
	request.manifest = (char *)file_path("m");
	expect_taken(&request, NULL, "1");
	request.manifest = (char *)file_path("missing");
	expect_refused(true, &request, -ENOENT, FR_NOT_FOUND, "missing");
}

static void signature_of_the_manifest(void **state)
{
	static const char name[] = "s-kernel.manifest";
	static const char signature[] = "s-kernel.manifest.p7s";
	struct fr_payload_request request = signed_request();

	signer_sign(stranger_signer, name, signature, SIGNATURE_DER);
	expect_refused(true, &request, -EKEYREJECTED, FR_SIGNATURE,
		       "not trusted");
	signer_sign(root_signer, "dtb", signature, SIGNATURE_DER);
	expect_refused(true, &request, -EKEYREJECTED, FR_SIGNATURE,
		       "does not belong");
	/* The signature of the kernel itself means nothing any more. */
	file_remove(name);
	sign_file("s-kernel");
	expect_refused(true, &request, -ENOKEY, FR_SIGNATURE, "no ");
}

/* An attacker pairs files that were signed, each with others. */
static void files_belong_together(void **state)
{
	struct fr_payload_request request = signed_request();
	char *more[] = { request.initrds[0], (char *)file_path("initrd8"),
			 NULL };
	char *none[] = { NULL };

	request.devicetree = (char *)file_path("dtb");
	expect_refused(true, &request, -ENOKEY, FR_SIGNATURE,
		       "names no such devicetree");
	request.devicetree = NULL;
	request.initrds = more;
	expect_refused(true, &request, -ENOKEY, FR_SIGNATURE,
		       "initrd8: the manifest");
	request.initrds = none;
	expect_refused(true, &request, -EKEYREJECTED, FR_SIGNATURE,
		       "names another initrd");
	more[0] = (char *)file_path("initrd8");
	more[1] = NULL;
	request.initrds = more;
	expect_refused(true, &request, -EKEYREJECTED, FR_SIGNATURE,
		       "initrd8: is not the initrd that");
	request = signed_request();
	file_write_blob("s-kernel", &kernel_image);
	truncate(request.kernel, KERNEL_SIZE - 1);
	expect_refused(true, &request, -EKEYREJECTED, FR_SIGNATURE,
		       "is not the kernel that");
}

static void root_images_are_bound(void **state)
{
	struct fr_payload_request request = {
		.kernel = (char *)file_path("Image"),
		.root_image = (char *)put_root_image("root"),
	};

	sign_manifest(&request, "cmdline=quiet\n");
	expect_taken(&request, "quiet " OUR_ROOT, "1");
	file_write_text("root", "something else");
	expect_refused(true, &request, -EKEYREJECTED, FR_SIGNATURE, "root");
	request.root_image = NULL;
	expect_refused(true, &request, -EKEYREJECTED, FR_SIGNATURE,
		       "names another root_image");
	file_remove("Image.manifest");
}

static void command_lines_are_bound(void **state)
{
	struct fr_payload_request request = signed_request();

	sign_manifest(&request, "cmdline=root=/dev/vda quiet\n");
	expect_taken(&request, "root=/dev/vda quiet", "1");
	request.cmdline = (char *)"root=/dev/vda quiet";
	expect_taken(&request, "root=/dev/vda quiet", "1");
	request.cmdline = (char *)"root=/dev/vda quiet init=/bin/sh";
	expect_refused(true, &request, -EPERM, FR_REFUSED,
		       "is not that of the manifest");
	request.cmdline = NULL;
	sign_manifest(&request, "cmdline_words=root=UUID=* quiet\n"
				"cmdline_words=console=*\n");
	request.cmdline = (char *)"console=ttyAMA0  root=UUID=1-2";
	expect_taken(&request, request.cmdline, "1");
	request.cmdline = (char *)"root=UUID=1-2 init=/bin/sh";
	expect_refused(true, &request, -EPERM, FR_REFUSED,
		       "does not allow 'init=/bin/sh'");
	request.cmdline = NULL;
}

/* What the running kernel has is checked as well, before it is inherited. */
static void inherited_command_lines_are_bound(void **state)
{
	struct fr_payload_request request = signed_request();
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	struct fr_error error = { 0 };
	char *cmdline = NULL;

	sign_manifest(&request, "cmdline_words=quiet\n");
	prepare_config(&config);
	trust_root(&config);
	payload = open_well(&config, &request);
	expect_error(fr_payload_inherit_cmdline(payload, "quiet init=/x",
						&cmdline, &error),
		     -EPERM, &error, FR_REFUSED, "does not allow 'init=/x'");
	assert_null(cmdline);
	assert_int_equal(fr_payload_inherit_cmdline(payload, "quiet", &cmdline,
						    &error),
			 0);
	assert_string_equal(cmdline, "quiet");
	free(cmdline);
}

static void machines(void **state)
{
	static const char compatible[] = "vendor,board\0vendor,chip";
	struct fr_payload_request request = signed_request();

	file_write("compatible", compatible, sizeof(compatible));
	setenv("FASTREBOOT_COMPATIBLE", file_path("compatible"), 1);
	sign_manifest(&request, "compatible=other\ncompatible=vendor,chip\n");
	expect_taken(&request, NULL, "1");
	sign_manifest(&request, "compatible=vendor,ch\n");
	expect_refused(true, &request, -ENODEV, FR_REFUSED,
		       "is for vendor,ch, and this machine is vendor,board");
	setenv("FASTREBOOT_COMPATIBLE", file_path("missing"), 1);
	expect_refused(true, &request, -ENODEV, FR_REFUSED,
		       "not described by a device tree");
	unsetenv("FASTREBOOT_COMPATIBLE");
}

static void manifest_without_certificates(void **state)
{
	struct fr_payload_request request = signed_request();

	request.manifest = (char *)file_path("s-kernel.manifest");
	expect_refused(false, &request, -ENOKEY, FR_SIGNATURE,
		       "TrustedCertificates= in fastreboot.conf names no");
}

/* What was verified before is taken without, whatever day it is. */
static void verified_before(void **state)
{
	struct fr_payload_request request = signed_request();
	_cleanup_config_ struct fr_config config = { 0 };

	file_remove("s-kernel.manifest");
	request.verified = true;
	prepare_config(&config);
	trust_root(&config);
	fr_payload_close(open_well(&config, &request));
}

/* A UKI as sbsign(1) takes it: with data directories. */
static void put_uki_to_sign(const char *name, bool with_cmdline)
{
	const struct section sections[] = {
		{ ".osrel", "IMAGE_VERSION=7.2\nID=x\n", 23 },
		{ ".uname", "6.12.1", 6 },
		{ ".linux", kernel_image.data, KERNEL_SIZE },
		{ ".initrd", "five!", 5 },
		{ ".cmdline", "root=/dev/vda", 13 },
	};
	struct blob uki = make_signable_pe(sections, with_cmdline ? 5 : 4);

	file_write_blob(name, &uki);
	blob_free(&uki);
}

static bool sbsign(const struct signer *signer, const char *name)
{
	char command[1024];
	int status;

	snprintf(command, sizeof(command),
		 "sbsign --key %s --cert %s --output %s %s 2>/dev/null",
		 signer_key(signer), signer_certificate(signer),
		 file_path(name), file_path(name));
	status = system(command);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static void signed_ukis(void **state)
{
	struct fr_payload_request request = {
		.uki = (char *)file_path("signed.efi"),
	};
	char *initrds[] = { (char *)file_path("initrd5"), NULL };

	put_uki_to_sign("signed.efi", true);
	expect_refused(true, &request, -ENOKEY, FR_SIGNATURE,
		       "the UKI has none, nor a manifest");
	if (!sbsign(root_signer, "signed.efi"))
		skip();
	expect_taken(&request, "root=/dev/vda", "7.2");
	request.cmdline = (char *)"init=/bin/sh";
	expect_refused(true, &request, -EPERM, FR_REFUSED,
		       "command line of a signed UKI");
	request.cmdline = NULL;
	request.initrds = initrds;
	expect_refused(true, &request, -ENOKEY, FR_SIGNATURE,
		       "nothing signed says that it belongs");
	request.initrds = NULL;
	put_uki_to_sign("signed.efi", false);
	assert_true(sbsign(root_signer, "signed.efi"));
	expect_refused(true, &request, -EPERM, FR_REFUSED,
		       "has no command line");
	put_uki_to_sign("signed.efi", true);
	assert_true(sbsign(stranger_signer, "signed.efi"));
	expect_refused(true, &request, -EKEYREJECTED, FR_SIGNATURE,
		       "not trusted");
	/* One of several is enough. */
	assert_true(sbsign(root_signer, "signed.efi"));
	expect_taken(&request, "root=/dev/vda", "7.2");
}

/* A flipped bit anywhere but in the checksum is found. */
static void damaged_ukis(void **state)
{
	struct fr_payload_request request = {
		.uki = (char *)file_path("signed.efi"),
	};
	_cleanup_config_ struct fr_config config = { 0 };
	char *data;
	size_t size;
	FILE *file;

	put_uki_to_sign("signed.efi", true);
	if (!sbsign(root_signer, "signed.efi"))
		skip();
	prepare_config(&config);
	trust_root(&config);
	data = malloc(KERNEL_SIZE + 100000);
	file = fopen(request.uki, "re");
	size = fread(data, 1, KERNEL_SIZE + 100000, file);
	fclose(file);
	for (size_t at = 0; at < size; at += size / unit_rounds(200)) {
		struct fr_payload *payload = NULL;
		struct fr_error error = { 0 };
		int r;

		/* Behind what is hashed lies the signature. */
		if (at > size - 3000)
			break;
		data[at] ^= 0x10;
		file_write("signed.efi", data, size);
		data[at] ^= 0x10;
		r = fr_payload_open(&config, &request, &payload, &error);
		assert_true(r < 0);
	}
	for (size_t cut = 1; cut < 600; cut += 83) {
		file_write("signed.efi", data, size - cut);
		expect_refused(true, &request, -EBADMSG, FR_SIGNATURE,
			       "is damaged");
	}
	free(data);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(signed_payloads),
	UNIT_TEST(signature_of_the_manifest),
	UNIT_TEST(files_belong_together),
	UNIT_TEST(root_images_are_bound),
	UNIT_TEST(command_lines_are_bound),
	UNIT_TEST(inherited_command_lines_are_bound),
	UNIT_TEST(machines),
	UNIT_TEST(manifest_without_certificates),
	UNIT_TEST(verified_before),
	UNIT_TEST(signed_ukis),
	UNIT_TEST(damaged_ukis),
};
PAYLOAD_UNIT_MAIN(tests, payload_begin)
