// SPDX-License-Identifier: GPL-2.0-or-later
#include "files-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "cleanup.h"
#include "payload.h"

#define KERNEL_SIZE 600000
#define DTB_SIZE 1000

FR_DEFINE_CLEANUP(struct fr_payload *, fr_payload_close);

static const char kernels[][8] = { "Image", "gz", "zst", "xz" };

/* Who signs, and who does not count. */
static struct signer *root;
static struct signer *stranger;
static struct blob kernel;

/* The files that the tests use; they make those anew that they change. */
static int begin(void **state)
{
	static const enum fr_stream_kind kinds[] = {
		FR_STREAM_RAW, FR_STREAM_GZIP, FR_STREAM_ZSTD, FR_STREAM_XZ
	};
	struct blob dtb = make_dtb(DTB_SIZE);

	if (files_begin(state))
		return -1;
	root = signer_make("root", NULL, 1);
	stranger = signer_make("stranger", NULL, 1);
	signer_certificate(root);
	kernel = make_image(KERNEL_SIZE, 1);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct blob packed =
			make_compressed(kinds[i], kernel.data, KERNEL_SIZE);

		file_write_blob(kernels[i], &packed);
		blob_free(&packed);
	}
	file_write_text("initrd5", "five!");
	file_write_text("initrd8", "eight...");
	file_write_blob("dtb", &dtb);
	blob_free(&dtb);
	return 0;
}

static int end(void **state)
{
	signer_free(root);
	signer_free(stranger);
	blob_free(&kernel);
	return files_end(state);
}

static void prepare_config(struct fr_config *config)
{
	assert_int_equal(fr_config_default(config), 0);
	fr_strv_free(config->boot_roots);
	config->boot_roots = calloc(2, sizeof(char *));
	config->boot_roots[0] = strdup(file_path("boot"));
}

static void trust_root(struct fr_config *config)
{
	free(config->trusted_certificates);
	config->trusted_certificates = calloc(2, sizeof(char *));
	config->trusted_certificates[0] = strdup(file_path("root.pem"));
}

/* A sink that keeps what it gets, and does something at a certain moment. */
struct catcher {
	struct blob segments[FR_SEGMENTS];
	enum fr_segment last;
	u64 done;
	u64 total;
	unsigned int writes;
	unsigned int fail_at; /* which write fails */
	int fail_with;
	unsigned int cancel_at; /* which report of progress cancels */
	unsigned int reports;
	void (*meanwhile)(void); /* what happens at the first write */
};

static int catch (void *userdata, enum fr_segment segment, const void *data,
		  size_t size)
{
	struct catcher *catcher = userdata;

	assert_true(size > 0 && size <= 1 << 20);
	assert_true(segment >= catcher->last);
	catcher->last = segment;
	blob_add(&catcher->segments[segment], data, size);
	if (!catcher->writes++ && catcher->meanwhile)
		catcher->meanwhile();
	return catcher->writes == catcher->fail_at ? catcher->fail_with : 0;
}

static int catch_progress(void *userdata, uint64_t done, uint64_t total)
{
	struct catcher *catcher = userdata;

	assert_true(done > catcher->done && done <= total);
	assert_true(!catcher->total || catcher->total == total);
	catcher->done = done;
	catcher->total = total;
	return ++catcher->reports == catcher->cancel_at ? -ECANCELED : 0;
}

static int catch_payload(struct fr_payload *payload, struct catcher *catcher,
			 struct fr_error *error)
{
	const struct fr_sink sink = { catch, catch_progress, catcher };

	return fr_payload_write(payload, &sink, error);
}

static void catcher_done(struct catcher *catcher)
{
	for (int i = 0; i < FR_SEGMENTS; i++)
		blob_free(&catcher->segments[i]);
}

#define _cleanup_catcher_ __attribute__((__cleanup__(catcher_done)))

static void expect_segment(const struct fr_payload *payload,
			   const struct catcher *catcher,
			   enum fr_segment segment, const void *data,
			   size_t size)
{
	const struct blob *got = &catcher->segments[segment];
	u8 sha256[32];

	assert_int_equal(got->size, size);
	assert_int_equal(fr_payload_size(payload, segment), size);
	if (!size) {
		assert_null(fr_payload_sha256(payload, segment));
		return;
	}
	assert_memory_equal(got->data, data, size);
	EVP_Digest(data, size, sha256, NULL, EVP_sha256(), NULL);
	assert_non_null(fr_payload_sha256(payload, segment));
	assert_memory_equal(fr_payload_sha256(payload, segment), sha256, 32);
}

static struct fr_payload *open_well(const struct fr_config *config,
				    const struct fr_payload_request *request)
{
	struct fr_payload *payload = NULL;
	struct fr_error error = { 0 };
	int r = fr_payload_open(config, request, &payload, &error);

	expect_success(r, &error);
	return payload;
}

static void catch_well(struct fr_payload *payload, struct catcher *catcher)
{
	struct fr_error error = { 0 };
	int r = catch_payload(payload, catcher, &error);

	expect_success(r, &error);
	assert_int_equal(catcher->done, catcher->total);
}

/* With the defaults, or where all has to be signed by the root. */
static void expect_refused(bool trust, const struct fr_payload_request *request,
			   int err, enum fr_failure failure, const char *part)
{
	_cleanup_config_ struct fr_config config = { 0 };
	struct fr_payload *payload = NULL;
	struct fr_error error = { 0 };

	prepare_config(&config);
	if (trust)
		trust_root(&config);
	expect_error(fr_payload_open(&config, request, &payload, &error), err,
		     &error, failure, part);
	assert_null(payload);
}

static void kernels_of_every_kind(void **state)
{
	_cleanup_config_ struct fr_config config = { 0 };

	prepare_config(&config);
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		struct fr_payload_request request = {
			.kernel = (char *)file_path(kernels[i]),
		};
		_cleanup_(fr_payload_closep) struct fr_payload *payload =
			open_well(&config, &request);
		_cleanup_catcher_ struct catcher catcher = { 0 };

		assert_null(fr_payload_sha256(payload, FR_SEGMENT_KERNEL));
		catch_well(payload, &catcher);
		expect_segment(payload, &catcher, FR_SEGMENT_KERNEL,
			       kernel.data, KERNEL_SIZE);
		expect_segment(payload, &catcher, FR_SEGMENT_INITRD, NULL, 0);
		expect_segment(payload, &catcher, FR_SEGMENT_DTB, NULL, 0);
		assert_null(fr_payload_cmdline(payload));
		assert_string_equal(fr_payload_title(payload), kernels[i]);
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
					       kernel.data, KERNEL_SIZE,
					       variants[i].size_appended);
		struct fr_payload_request request = {
			.kernel = (char *)file_write_blob("zboot", &zboot),
		};
		_cleanup_(fr_payload_closep) struct fr_payload *payload =
			open_well(&config, &request);
		_cleanup_catcher_ struct catcher catcher = { 0 };

		catch_well(payload, &catcher);
		expect_segment(payload, &catcher, FR_SEGMENT_KERNEL,
			       kernel.data, KERNEL_SIZE);
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
			       kernel.data, KERNEL_SIZE);
	}
}

static void put_uki(const char *name, size_t kernel_size)
{
	struct blob dtb = make_dtb(DTB_SIZE);
	const struct section sections[] = {
		{ ".osrel", "ID=x\nPRETTY_NAME=\"Some OS\"\n", 27 },
		{ ".cmdline", "root=/dev/vda\nquiet \n\0\0", 23 },
		{ ".uname", "6.12.1", 6 },
		{ ".dtb", dtb.data, dtb.size },
		{ ".linux", kernel.data, kernel_size },
		{ ".initrd", "five!", 5 },
	};
	struct blob uki = make_pe(sections, ARRAY_SIZE(sections));

	file_write_blob(name, &uki);
	blob_free(&uki);
	blob_free(&dtb);
}

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
	expect_segment(payload, &catcher, FR_SEGMENT_KERNEL, kernel.data,
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
							     kernel.data,
							     KERNEL_SIZE) :
					     make_zboot("gzip", kernel.data,
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
			       kernel.data, KERNEL_SIZE);
		assert_null(fr_payload_cmdline(payload));
		assert_string_equal(fr_payload_title(payload), "uki");
		blob_free(&uki);
		blob_free(&inner);
	}
}

static const char entry_path[] = "boot/loader/entries/e.conf";

static void put_entry_files(void)
{
	struct blob dtb = make_dtb(DTB_SIZE);

	file_write_blob("boot/e/linux", &kernel);
	file_write_text("boot/e/initrd", "five!");
	file_write_blob("boot/e/dtb", &dtb);
	blob_free(&dtb);
}

static void entries(void **state)
{
	char path[256];
	char *names[] = { (char *)"e", path };
	_cleanup_config_ struct fr_config config = { 0 };

	put_entry_files();
	snprintf(path, sizeof(path), "%s",
		 file_write_text(entry_path, "title An OS\nversion 6.12.2\n"
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
			       kernel.data, KERNEL_SIZE);
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
	file_write_text(entry_path, "linux /e/linux\n");
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
	file_write_text(entry_path, "title T\nuki /uki\n");
	payload = open_well(&config, &request);
	assert_string_equal(fr_payload_cmdline(payload), "root=/dev/vda quiet");
	assert_string_equal(fr_payload_title(payload), "T");
	fr_payload_close(payload);
}

#define ROOT_SIZE (2 * 4096)
#define OUR_ROOT "root=/dev/fastreboot ro rootfstype=erofs"

/* What begins as an erofs of two blocks. */
static const char *put_root_image(const char *name)
{
	struct blob image = { 0 };
	const char *path;

	blob_add_zeros(&image, ROOT_SIZE);
	blob_put32(&image, 1024, 0xe0f5e1e2);
	blob_put32(&image, 1024 + 12, 12);
	blob_put32(&image, 1024 + 36, 2);
	path = file_write_blob(name, &image);
	blob_free(&image);
	return path;
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

static void root_images_of_entries(void **state)
{
	struct fr_payload_request request = { .entry = (char *)"e" };
	_cleanup_config_ struct fr_config config = { 0 };
	struct fr_payload *payload;

	put_entry_files();
	put_root_image("boot/e/root");
	prepare_config(&config);
	file_write_text(entry_path, "linux /e/linux\noptions quiet\n"
				    "x-fastreboot-root-image /e/root\n");
	payload = open_well(&config, &request);
	assert_string_equal(fr_payload_cmdline(payload), "quiet " OUR_ROOT);
	fr_payload_close(payload);
	/* Another one in its place, which is not there. */
	request.root_image = (char *)file_path("missing");
	expect_refused(false, &request, -ENOENT, FR_NOT_FOUND, "missing");
	request.root_image = (char *)put_root_image("root");
	file_write_text(entry_path, "linux /e/linux\ninitrd /e/initrd\n");
	expect_refused(false, &request, -EINVAL, FR_INVALID_PAYLOAD,
		       "not both");
	put_uki("boot/uki", KERNEL_SIZE);
	file_write_text(entry_path, "uki /uki\n");
	expect_refused(false, &request, -EINVAL, FR_USAGE, "about a UKI");
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
	config.root_image_size_max = ROOT_SIZE - 1;
	expect_error(fr_payload_open(&config, &request, &payload, &error),
		     -EFBIG, &error, FR_TOO_LARGE, "RootImageSizeMax=");
	assert_int_equal(truncate(request.root_image, ROOT_SIZE - 1), 0);
	expect_refused(false, &request, -ENODATA, FR_INVALID_PAYLOAD,
		       "cut off");
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
		/* who can't tell assumes it */
		{ "{\"wipe_state\":1}", true },
		{ "wipe_state", true },
		{ "{\"kernel\":\"/k\",\"wipe_sta", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(fr_payload_source_wipes(cases[i].source),
				 cases[i].wipes);
}

static void bad_entries(void **state)
{
	const struct fr_payload_request request = { .entry = (char *)"e" };
	const struct fr_payload_request missing = { .entry = (char *)"x" };

	put_entry_files();
	expect_refused(false, &missing, -ENOENT, FR_NOT_FOUND, "entry 'x'");
	file_write_text(entry_path, "linux /e/linux\narchitecture x64\n");
	expect_refused(false, &request, -ENOEXEC, FR_INVALID_PAYLOAD,
		       "is for x64, not for arm64");
	file_write_text(entry_path, "linux /e/missing\n");
	expect_refused(false, &request, -ENOENT, FR_NOT_FOUND,
		       "boot/e/missing: there is no such file");
	file_write_text(entry_path, "linux /e/linux\ninitrd /e/missing\n");
	expect_refused(false, &request, -ENOENT, FR_NOT_FOUND,
		       "boot/e/missing: there is no such file");
	file_write_text(entry_path, "linux /../e/linux\n");
	expect_refused(false, &request, -EINVAL, FR_INVALID_PAYLOAD, "\"..\"");
}

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
	config.initrd_size_max = 16;
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		struct fr_payload_request request = {
			.kernel = (char *)file_path(kernels[i]),
			.initrds = initrds,
		};
		struct fr_payload *payload = NULL;
		struct catcher catcher = { 0 };
		struct fr_error error = { 0 };
		int r;

		config.kernel_size_max = KERNEL_SIZE;
		payload = open_well(&config, &request);
		catch_well(payload, &catcher);
		catcher_done(&catcher);
		payload = fr_payload_close(payload);

		/* Where the size shows only when it is decompressed, later. */
		config.kernel_size_max = KERNEL_SIZE - 1;
		r = fr_payload_open(&config, &request, &payload, &error);
		if (!r) {
			catcher = (struct catcher){ 0 };
			r = catch_payload(payload, &catcher, &error);
			catcher_done(&catcher);
		}
		expect_error(r, -EFBIG, &error, FR_TOO_LARGE, kernels[i]);
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
	config.initrd_size_max = 15;
	expect_error(fr_payload_open(&config, &request, &payload, &error),
		     -EFBIG, &error, FR_TOO_LARGE, "16 bytes together");
	config.initrd_size_max = 7;
	expect_error(fr_payload_open(&config, &request, &payload, &error),
		     -EFBIG, &error, FR_TOO_LARGE, "initrd8: has 8 bytes");
	config.initrd_size_max = 1000;
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
	for (size_t i = 1; i < ARRAY_SIZE(kernels); i++) {
		_cleanup_config_ struct fr_config config = { 0 };
		struct fr_payload_request request = {
			.kernel = (char *)file_path("damaged"),
		};
		struct blob packed = make_compressed(FR_STREAM_GZIP + i - 1,
						     kernel.data, KERNEL_SIZE);
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

/* Signatures */

static void sign(const char *name)
{
	char signature[128];

	snprintf(signature, sizeof(signature), "%s.p7s", name);
	signer_sign(root, name, signature, SIGNATURE_DER);
}

static struct fr_payload_request signed_request(void)
{
	static char *initrds[2];

	initrds[0] = (char *)file_path("s-initrd");
	file_write_blob("s-kernel", &kernel);
	file_write_text("s-initrd", "five!");
	sign("s-kernel");
	sign("s-initrd");
	return (struct fr_payload_request){
		.kernel = (char *)file_path("s-kernel"),
		.initrds = initrds,
	};
}

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
	expect_segment(payload, &catcher, FR_SEGMENT_KERNEL, kernel.data,
		       KERNEL_SIZE);
	expect_segment(payload, &catcher, FR_SEGMENT_INITRD, "five!\0\0\0", 8);
	catcher_done(&catcher);
	fr_payload_close(payload);

	/* The kernel's may be elsewhere. */
	rename(file_path("s-kernel.p7s"), file_path("elsewhere"));
	expect_refused(true, &request, -ENOKEY, FR_SIGNATURE,
		       "there is no /tmp");
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
		signer_sign(stranger, i ? "s-initrd" : "s-kernel", names[i],
			    SIGNATURE_DER);
		expect_refused(true, &request, -EKEYREJECTED, FR_SIGNATURE,
			       "not trusted");
		signer_sign(root, "dtb", names[i], SIGNATURE_DER);
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

	sign("Image");
	file_remove("root.p7s");
	expect_refused(true, &request, -ENOKEY, FR_SIGNATURE, "root.p7s");
	sign("root");
	prepare_config(&config);
	trust_root(&config);
	fr_payload_close(open_well(&config, &request));
	file_write_text("root", "something else");
	expect_refused(true, &request, -EKEYREJECTED, FR_SIGNATURE, "root");
	file_remove("root.p7s");
}

static void files_of_an_entry_have_to_be_signed(void **state)
{
	const struct fr_payload_request request = { .entry = (char *)"e" };
	_cleanup_config_ struct fr_config config = { 0 };

	put_entry_files();
	file_write_text(entry_path, "linux /e/linux\ninitrd /e/initrd\n");
	expect_refused(true, &request, -ENOKEY, FR_SIGNATURE, "e/linux.p7s");
	sign("boot/e/linux");
	expect_refused(true, &request, -ENOKEY, FR_SIGNATURE, "e/initrd.p7s");
	sign("boot/e/initrd");
	prepare_config(&config);
	trust_root(&config);
	fr_payload_close(open_well(&config, &request));
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
	sign("uki");
	prepare_config(&config);
	trust_root(&config);
	payload = open_well(&config, &request);
	catch_well(payload, &catcher);
	expect_segment(payload, &catcher, FR_SEGMENT_KERNEL, kernel.data,
		       KERNEL_SIZE);
	request.cmdline = (char *)"init=/bin/sh";
	expect_refused(true, &request, -EPERM, FR_REFUSED,
		       "command line of a signed UKI");
}

static void signature_without_certificates(void **state)
{
	struct fr_payload_request request = signed_request();

	request.signature = (char *)file_path("s-kernel.p7s");
	expect_refused(false, &request, -ENOKEY, FR_SIGNATURE,
		       "TrustedCertificates= in fastreboot.conf names no");
}

/* Files that change */

static void overwrite_byte(const char *name, off_t at, char with)
{
	int fd = open(file_path(name), O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &with, 1, at), 1);
	close(fd);
}

/* So that the times differ, however coarse the clock of the files is. */
static void touch(const char *name)
{
	const struct timespec times[] = { { 1, 0 }, { 1, 0 } };

	assert_int_equal(utimensat(AT_FDCWD, file_path(name), times, 0), 0);
}

static void change_end(void)
{
	overwrite_byte("s-kernel", KERNEL_SIZE - 1, 'x');
	touch("s-kernel");
}

static void change_initrd(void)
{
	overwrite_byte("s-initrd", 0, 'x');
	touch("s-initrd");
}

static void make_shorter(void)
{
	assert_int_equal(truncate(file_path("s-kernel"), KERNEL_SIZE - 1), 0);
}

static void make_longer(void)
{
	assert_int_equal(truncate(file_path("s-kernel"), KERNEL_SIZE + 1), 0);
}

static void touch_only(void)
{
	touch("s-kernel");
}

static void expect_changed(void (*meanwhile)(void), bool trust)
{
	struct fr_payload_request request = signed_request();
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	_cleanup_catcher_ struct catcher catcher = { .meanwhile = meanwhile };
	struct fr_error error = { 0 };

	prepare_config(&config);
	if (trust)
		trust_root(&config);
	payload = open_well(&config, &request);
	expect_error(catch_payload(payload, &catcher, &error), -ESTALE, &error,
		     FR_SOURCE_CHANGED, "has changed since it was checked");
	assert_null(fr_payload_sha256(payload, FR_SEGMENT_KERNEL));
}

static void changes_while_it_is_read(void **state)
{
	static void (*const changes[])(void) = { change_end, change_initrd,
						 make_shorter, make_longer,
						 touch_only };

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		expect_changed(changes[i], false);
		expect_changed(changes[i], true);
	}
}

/* A compressed file of which a part is new makes no sense: say why. */
static void change_of_compressed_data(void **state)
{
	struct fr_payload_request request = {
		.kernel = (char *)file_path("gz2"),
	};
	struct blob packed =
		make_compressed(FR_STREAM_GZIP, kernel.data, KERNEL_SIZE);
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	_cleanup_catcher_ struct catcher catcher = { 0 };
	struct fr_error error = { 0 };

	file_write_blob("gz2", &packed);
	prepare_config(&config);
	payload = open_well(&config, &request);
	overwrite_byte("gz2", packed.size / 2, 'x');
	overwrite_byte("gz2", packed.size / 2 + 1, 'y');
	touch("gz2");
	expect_error(catch_payload(payload, &catcher, &error), -ESTALE, &error,
		     FR_SOURCE_CHANGED, "gz2: has changed");
	blob_free(&packed);
}

/* The name leads to another file now: what was checked is not what is there. */
static void replaced_between_check_and_read(void **state)
{
	struct fr_payload_request request = signed_request();
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	_cleanup_catcher_ struct catcher catcher = { 0 };
	struct blob other = make_image(KERNEL_SIZE, 2);
	struct fr_error error = { 0 };
	int r;

	prepare_config(&config);
	trust_root(&config);
	payload = open_well(&config, &request);
	file_write_blob("other", &other);
	assert_int_equal(rename(file_path("other"), file_path("s-kernel")), 0);
	r = catch_payload(payload, &catcher, &error);
	/* Refused, or if the file system does not tell, the file of before. */
	if (!r)
		expect_segment(payload, &catcher, FR_SEGMENT_KERNEL,
			       kernel.data, KERNEL_SIZE);
	else
		expect_error(r, -ESTALE, &error, FR_SOURCE_CHANGED,
			     "has changed");
	blob_free(&other);
}

/* The digest tells at the end of the file, before the times are looked at. */
static void signed_bytes_are_read_again(void **state)
{
	struct fr_payload_request request = signed_request();
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	_cleanup_catcher_ struct catcher catcher = { 0 };
	struct fr_error error = { 0 };

	prepare_config(&config);
	trust_root(&config);
	payload = open_well(&config, &request);
	overwrite_byte("s-kernel", KERNEL_SIZE / 2, 'x');
	expect_error(catch_payload(payload, &catcher, &error), -ESTALE, &error,
		     FR_SOURCE_CHANGED, "has changed since it was checked");
	/* Noticed at the kernel's end, not behind the initrd's. */
	assert_int_equal(catcher.segments[FR_SEGMENT_INITRD].size, 0);
}

/*
 * Somebody exchanges bytes of a signed file for the moment at which its header
 * or command line is looked at, and makes it right again, times included. To
 * have that without a race, read calls of at most @size bytes see @byte at @at.
 */
static struct {
	size_t size;
	off_t at;
	char byte;
} lie;

ssize_t pread64(int fd, void *buffer, size_t size, off_t offset);

ssize_t pread64(int fd, void *buffer, size_t size, off_t offset)
{
	ssize_t n = syscall(SYS_pread64, fd, buffer, size, offset);

	if (n > 0 && size <= lie.size && offset <= lie.at &&
	    lie.at < offset + n)
		((char *)buffer)[lie.at - offset] = lie.byte;
	return n;
}

static off_t find_in_file(const char *name, const char *text)
{
	_cleanup_close_ int fd = file_open(name);
	char *content = calloc(1, 4096);
	char *found;
	off_t at;

	assert_int_equal(read(fd, content, 4096), 4096);
	found = memmem(content, 4096, text, strlen(text));
	assert_non_null(found);
	at = found - content;
	free(content);
	return at;
}

static void bytes_exchanged_for_a_look(void **state)
{
	struct fr_payload_request request = {
		.uki = (char *)file_path("uki"),
	};
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	_cleanup_catcher_ struct catcher catcher = { 0 };
	struct fr_error error = { 0 };

	put_uki("uki", KERNEL_SIZE);
	sign("uki");
	prepare_config(&config);
	trust_root(&config);
	lie.at = find_in_file("uki", "root=/dev/vda") + 12;
	lie.byte = 'b';
	lie.size = 64;
	payload = open_well(&config, &request);
	lie.size = 0;
	assert_string_equal(fr_payload_cmdline(payload), "root=/dev/vdb quiet");
	expect_error(catch_payload(payload, &catcher, &error), -ESTALE, &error,
		     FR_SOURCE_CHANGED, "uki: has changed");
}

/* Sinks that fail */

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
		sign(names[i]);
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

/* The source, as JSON */

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
	file_write_text(entry_path, "linux /e/linux\n");
	request = (struct fr_payload_request){ .entry = (char *)"e" };
	expect_there_and_back(&config, &request);

	put_uki("uki", KERNEL_SIZE);
	sign("uki");
	trust_root(&config);
	request = (struct fr_payload_request){
		.uki = (char *)file_path("uki"),
		.signature = (char *)file_path("uki.p7s"),
	};
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

static void names_of_segments(void **state)
{
	assert_string_equal(fr_segment_name(FR_SEGMENT_KERNEL), "kernel");
	assert_string_equal(fr_segment_name(FR_SEGMENT_INITRD), "initrd");
	assert_string_equal(fr_segment_name(FR_SEGMENT_ROOT), "root");
	assert_string_equal(fr_segment_name(FR_SEGMENT_DTB), "dtb");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(kernels_of_every_kind),
	UNIT_TEST(zboot_kernels),
	UNIT_TEST(initrds_are_joined_and_padded),
	UNIT_TEST(written_twice),
	UNIT_TEST(ukis),
	UNIT_TEST(ukis_with_more),
	UNIT_TEST(ukis_with_packed_kernels),
	UNIT_TEST(entries),
	UNIT_TEST(entries_with_less_and_with_a_uki),
	UNIT_TEST(bad_entries),
	UNIT_TEST(requests_in_disorder),
	UNIT_TEST(command_lines),
	UNIT_TEST(kernels_that_are_none),
	UNIT_TEST(kernel_and_uki_are_told_apart),
	UNIT_TEST(damaged_device_trees),
	UNIT_TEST(sizes_are_limited),
	UNIT_TEST(initrds_are_limited_together),
	UNIT_TEST(damaged_kernels),
	UNIT_TEST(signed_files),
	UNIT_TEST(every_file_has_to_be_signed),
	UNIT_TEST(files_of_an_entry_have_to_be_signed),
	UNIT_TEST(signed_ukis_keep_their_command_line),
	UNIT_TEST(signature_without_certificates),
	UNIT_TEST(changes_while_it_is_read),
	UNIT_TEST(change_of_compressed_data),
	UNIT_TEST(replaced_between_check_and_read),
	UNIT_TEST(signed_bytes_are_read_again),
	UNIT_TEST(bytes_exchanged_for_a_look),
	UNIT_TEST(sink_fails),
	UNIT_TEST(cancelled),
	UNIT_TEST(sink_has_its_own_error),
	UNIT_TEST(source_there_and_back),
	UNIT_TEST(source_is_limited),
	UNIT_TEST(members_of_the_daemon),
	UNIT_TEST(sources_in_disorder),
	UNIT_TEST(names_of_segments),
	UNIT_TEST(root_images),
	UNIT_TEST(root_images_of_entries),
	UNIT_TEST(root_images_that_are_none),
	UNIT_TEST(root_images_have_to_be_signed),
	UNIT_TEST(inherited_command_lines),
	UNIT_TEST(sources_that_wipe),
};

int main(void)
{
	unit_prepare();
	return cmocka_run_group_tests_name(UNIT_PROGRAM, tests, begin, end);
}
