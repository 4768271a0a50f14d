// SPDX-License-Identifier: GPL-2.0-or-later
#include "payload-fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

FR_DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);

const char kernel_files[4][8] = { "Image", "gz", "zst", "xz" };

struct signer *root_signer;
struct signer *stranger_signer;
struct blob kernel_image;

int payload_begin(void **state)
{
	struct blob dtb = make_dtb(DTB_SIZE);

	if (files_begin(state))
		return -1;
	root_signer = signer_make("root", NULL, 1);
	stranger_signer = signer_make("stranger", NULL, 1);
	signer_certificate(root_signer);
	kernel_image = make_image(KERNEL_SIZE, 1);
	file_write_blob(kernel_files[0], &kernel_image);
	file_write_text("initrd5", "five!");
	file_write_text("initrd8", "eight...");
	file_write_blob("dtb", &dtb);
	blob_free(&dtb);
	return 0;
}

int payload_begin_packed(void **state)
{
	static const enum fr_stream_kind kinds[] = {
		FR_STREAM_RAW, FR_STREAM_GZIP, FR_STREAM_ZSTD, FR_STREAM_XZ
	};

	if (payload_begin(state))
		return -1;
	for (size_t i = 1; i < ARRAY_SIZE(kinds); i++) {
		struct blob packed = make_compressed(
			kinds[i], kernel_image.data, KERNEL_SIZE);

		file_write_blob(kernel_files[i], &packed);
		blob_free(&packed);
	}
	return 0;
}

int payload_end(void **state)
{
	signer_free(root_signer);
	signer_free(stranger_signer);
	blob_free(&kernel_image);
	return files_end(state);
}

void prepare_config(struct fr_config *config)
{
	assert_int_equal(fr_config_default(config), 0);
	fr_strv_free(config->boot_roots);
	config->boot_roots = calloc(2, sizeof(char *));
	config->boot_roots[0] = strdup(file_path("boot"));
}

void trust_root(struct fr_config *config)
{
	free(config->trusted_certificates);
	config->trusted_certificates = calloc(2, sizeof(char *));
	config->trusted_certificates[0] = strdup(file_path("root.pem"));
}

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

int catch_payload(struct fr_payload *payload, struct catcher *catcher,
		  struct fr_error *error)
{
	const struct fr_sink sink = { catch, catch_progress, catcher };

	return fr_payload_write(payload, &sink, error);
}

void catcher_done(struct catcher *catcher)
{
	for (int i = 0; i < FR_SEGMENTS; i++)
		blob_free(&catcher->segments[i]);
}

void expect_segment(const struct fr_payload *payload,
		    const struct catcher *catcher, enum fr_segment segment,
		    const void *data, size_t size)
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

struct fr_payload *open_well(const struct fr_config *config,
			     const struct fr_payload_request *request)
{
	struct fr_payload *payload = NULL;
	struct fr_error error = { 0 };
	int r = fr_payload_open(config, request, &payload, &error);

	expect_ok(r, &error);
	return payload;
}

void catch_well(struct fr_payload *payload, struct catcher *catcher)
{
	struct fr_error error = { 0 };
	int r = catch_payload(payload, catcher, &error);

	expect_ok(r, &error);
	assert_int_equal(catcher->done, catcher->total);
}

void expect_refused(bool trust, const struct fr_payload_request *request,
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

void put_uki(const char *name, size_t kernel_size)
{
	struct blob dtb = make_dtb(DTB_SIZE);
	const struct section sections[] = {
		{ ".osrel", "ID=x\nPRETTY_NAME=\"Some OS\"\n", 27 },
		{ ".cmdline", "root=/dev/vda\nquiet \n\0\0", 23 },
		{ ".uname", "6.12.1", 6 },
		{ ".dtb", dtb.data, dtb.size },
		{ ".linux", kernel_image.data, kernel_size },
		{ ".initrd", "five!", 5 },
	};
	struct blob uki = make_pe(sections, ARRAY_SIZE(sections));

	file_write_blob(name, &uki);
	blob_free(&uki);
	blob_free(&dtb);
}

void put_entry_files(void)
{
	struct blob dtb = make_dtb(DTB_SIZE);

	file_write_blob("boot/e/linux", &kernel_image);
	file_write_text("boot/e/initrd", "five!");
	file_write_blob("boot/e/dtb", &dtb);
	blob_free(&dtb);
}

const char *put_root_image(const char *name)
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

void sign_file(const char *name)
{
	char signature[256];

	snprintf(signature, sizeof(signature), "%s.p7s", name);
	signer_sign(root_signer, name, signature, SIGNATURE_DER);
}

/* "key=SHA256 of the file"; nothing for no file. */
static void add_hash(FILE *out, const char *key, const char *path)
{
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *digest = EVP_MD_CTX_new();
	u8 buffer[4096], sha256[32];
	FILE *file = path ? fopen(path, "re") : NULL;
	size_t size;

	if (!path)
		return;
	assert_non_null(file);
	EVP_DigestInit_ex(digest, EVP_sha256(), NULL);
	while ((size = fread(buffer, 1, sizeof(buffer), file)))
		EVP_DigestUpdate(digest, buffer, size);
	fclose(file);
	EVP_DigestFinal_ex(digest, sha256, NULL);
	fprintf(out, "%s=", key);
	for (size_t i = 0; i < sizeof(sha256); i++)
		fprintf(out, "%02x", sha256[i]);
	fputc('\n', out);
}

void sign_manifest(const struct fr_payload_request *request, const char *more)
{
	const char *path = request->kernel ?: request->uki;
	char *const *initrd = request->initrds;
	char name[128], *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputs("format=1\nversion=1\n", out);
	add_hash(out, "kernel", request->kernel);
	add_hash(out, "uki", request->uki);
	for (; initrd && *initrd; initrd++)
		add_hash(out, "initrd", *initrd);
	add_hash(out, "root_image", request->root_image);
	add_hash(out, "devicetree", request->devicetree);
	if (request->kernel && (!more || !strstr(more, "cmdline")))
		fputs("cmdline_words=*\n", out);
	fputs(more ?: "", out);
	fclose(out);
	snprintf(name, sizeof(name), "%s.manifest",
		 path + strlen(file_path("")));
	file_write_text(name, text);
	sign_file(name);
	free(text);
}

struct fr_payload_request signed_request(void)
{
	static char *initrds[2];
	struct fr_payload_request request;

	initrds[0] = (char *)file_path("s-initrd");
	file_write_blob("s-kernel", &kernel_image);
	file_write_text("s-initrd", "five!");
	request = (struct fr_payload_request){
		.kernel = (char *)file_path("s-kernel"),
		.initrds = initrds,
	};
	sign_manifest(&request, NULL);
	return request;
}
