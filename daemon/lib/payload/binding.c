// SPDX-License-Identifier: GPL-2.0-or-later
#include "binding.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "cleanup.h"
#include "io.h"
#include "pe-signature.h"
#include "strv.h"

static const char *const kinds[] = {
	[FILE_KERNEL] = "kernel",	  [FILE_UKI] = "uki",
	[FILE_INITRD] = "initrd",	  [FILE_ROOT_IMAGE] = "root_image",
	[FILE_DEVICETREE] = "devicetree",
};

void binding_done(struct binding *binding)
{
	free(binding->path);
	free(binding->version);
	fr_manifest_done(&binding->manifest);
	*binding = (struct binding){ 0 };
}

static struct fr_trust trust_of(const struct fr_payload *payload)
{
	return (struct fr_trust){
		.certificates = payload->certificates,
		.revocation_lists = payload->revocation_lists,
	};
}

static int join(const char *path, const char *suffix, char **ret,
		struct fr_error *error)
{
	if (asprintf(ret, "%s%s", path, suffix) >= 0)
		return 0;
	*ret = NULL;
	return fr_fail_memory(error);
}

static int open_signature(const struct fr_payload *payload, int *ret_fd,
			  struct fr_error *error)
{
	const char *manifest = payload->binding.path;
	_cleanup_free_ char *beside = NULL;
	const char *path = payload->request.signature;
	int fd;

	if (!path) {
		if (join(manifest, FR_SIGNATURE_SUFFIX, &beside, error) < 0)
			return -ENOMEM;
		path = beside;
	}
	fd = fr_open_file(AT_FDCWD, path);
	if (fd == -ENOENT)
		return fr_fail(
			error, FR_SIGNATURE, -ENOKEY,
			"%s: this machine wants a signature, but there is no %s",
			manifest, path);
	if (fd < 0)
		return fr_fail(error, FR_SIGNATURE, fd,
			       "can't read the signature %s: %s", path,
			       fr_file_error(fd));
	*ret_fd = fd;
	return 0;
}

/* The text of the manifest has to be what the signature was checked with. */
static int check_manifest(const struct fr_payload *payload, int fd,
			  const char *text, size_t size, struct fr_error *error)
{
	const struct fr_trust trust = trust_of(payload);
	const char *name = payload->binding.path;
	uint8_t signed_hash[FR_SHA256_SIZE], hash[EVP_MAX_MD_SIZE];
	_cleanup_close_ int signature_fd = -1;
	int err;

	err = open_signature(payload, &signature_fd, error);
	if (err < 0)
		return err;
	err = fr_signature_check(fd, signature_fd, &trust, name, signed_hash,
				 error);
	if (err < 0)
		return err;
	if (EVP_Digest(text, size, hash, NULL, EVP_sha256(), NULL) != 1)
		return fr_fail_memory(error);
	if (!memcmp(hash, signed_hash, sizeof(signed_hash)))
		return 0;
	return fr_fail(error, FR_SOURCE_CHANGED, -ESTALE,
		       "%s: has changed while it was checked; stage again",
		       name);
}

static int load_manifest(struct fr_payload *payload, int fd,
			 struct fr_error *error)
{
	struct binding *binding = &payload->binding;
	_cleanup_free_ char *text = NULL;
	size_t size;
	int err;

	err = fr_read_fd(fd, FR_MANIFEST_SIZE_MAX, &text, &size);
	if (err < 0)
		return fr_fail(error, FR_INVALID_PAYLOAD, err,
			       "can't read the manifest %s: %s", binding->path,
			       err == -EFBIG ? "it is larger than 64 KiB" :
					       strerror(-err));
	err = check_manifest(payload, fd, text, size, error);
	if (!err)
		err = fr_manifest_parse(text, size, binding->path,
					&binding->manifest, error);
	if (!err)
		err = fr_manifest_check_machine(&binding->manifest,
						binding->path, error);
	if (err < 0)
		return err;
	binding->version = strdup(binding->manifest.version);
	return binding->version ? 0 : fr_fail_memory(error);
}

static int fail_open(const struct fr_payload *payload, int err,
		     const char *kernel, struct fr_error *error)
{
	const char *path = payload->binding.path;

	if (err == -ENOENT && !payload->request.manifest)
		return fr_fail(
			error, FR_SIGNATURE, -ENOKEY,
			"%s: this machine wants a signed manifest, but there is no %s; 'fastreboot manifest create' makes one",
			kernel, path);
	return fr_fail(error, err == -ENOENT ? FR_NOT_FOUND : FR_FAILED, err,
		       "can't read the manifest %s: %s", path,
		       fr_file_error(err));
}

int binding_open(struct fr_payload *payload, const char *path,
		 enum file_kind kind, struct fr_error *error)
{
	const char *asked = payload->request.manifest;
	struct binding *binding = &payload->binding;
	_cleanup_close_ int fd = -1;
	int err;

	if (!binding->wanted)
		return 0;
	err = asked ? join(asked, "", &binding->path, error) :
		      fr_manifest_path(path, &binding->path);
	if (err < 0)
		return fr_fail_memory(error);
	fd = fr_open_file(AT_FDCWD, binding->path);
	if (fd == -ENOENT && kind == FILE_UKI && !asked) {
		binding->by_itself = true;
		free(fr_steal_pointer(binding->path));
		return 0;
	}
	if (fd < 0)
		return fail_open(payload, fd, path, error);
	return load_manifest(payload, fd, error);
}

static int add_self_signed(struct fr_payload *payload, struct input *input,
			   enum file_kind kind, struct fr_error *error)
{
	const struct fr_trust trust = trust_of(payload);
	uint64_t size = (uint64_t)input->stat.st_size;
	size_t head_size = size < HEAD_SIZE ? (size_t)size : HEAD_SIZE;
	const char *head;
	int err;

	if (kind != FILE_UKI)
		return fr_fail(
			error, FR_SIGNATURE, -ENOKEY,
			"%s: nothing signed says that it belongs to the UKI; sign a manifest that names both",
			input->path);
	err = input_look(input, 0, head_size, &head, error);
	if (err < 0)
		return err;
	err = fr_pe_signature_check(input->fd, head, head_size, size, &trust,
				    input->path, input->sha256, error);
	if (err == -ENODATA)
		return fr_fail(
			error, FR_SIGNATURE, -ENOKEY,
			"%s: this machine wants a signature, but the UKI has none, nor a manifest beside it; sign one of them",
			input->path);
	if (err < 0)
		return err;
	input->is_bound = true;
	return 0;
}

/* What the manifest says of the file that comes now; NULL: nothing. */
static const char *expected_hash(struct binding *binding, enum file_kind kind)
{
	const struct fr_manifest *manifest = &binding->manifest;

	switch (kind) {
	case FILE_KERNEL:
		return manifest->kernel;
	case FILE_UKI:
		return manifest->uki;
	case FILE_ROOT_IMAGE:
		return manifest->root_image;
	case FILE_DEVICETREE:
		return manifest->devicetree;
	case FILE_INITRD:
		if (binding->initrds < fr_strv_length(manifest->initrds))
			return manifest->initrds[binding->initrds++];
	}
	return NULL;
}

int binding_add(struct fr_payload *payload, struct input *input,
		enum file_kind kind, struct fr_error *error)
{
	struct binding *binding = &payload->binding;
	char text[FR_SHA256_TEXT_SIZE];
	const char *expected;
	int err;

	if (!binding->wanted)
		return 0;
	if (binding->by_itself)
		return add_self_signed(payload, input, kind, error);
	expected = expected_hash(binding, kind);
	if (!expected)
		return fr_fail(
			error, FR_SIGNATURE, -ENOKEY,
			"%s: the manifest %s names no such %s; sign one that does",
			input->path, binding->path, kinds[kind]);
	err = input_hash(input, error);
	if (err < 0)
		return err;
	fr_sha256_text(input->sha256, text);
	if (strcmp(text, expected))
		return fr_fail(
			error, FR_SIGNATURE, -EKEYREJECTED,
			"%s: is not the %s that the manifest %s names; get both again",
			input->path, kinds[kind], binding->path);
	input->is_bound = true;
	binding->added |= 1U << kind;
	return 0;
}

static int missing(const struct binding *binding, enum file_kind kind,
		   struct fr_error *error)
{
	return fr_fail(
		error, FR_SIGNATURE, -EKEYREJECTED,
		"the manifest %s names another %s, which has to be staged with the kernel",
		binding->path, kinds[kind]);
}

/* A kernel without the initrd that it was signed with is another payload. */
static int check_complete(const struct fr_payload *payload,
			  struct fr_error *error)
{
	const struct binding *binding = &payload->binding;
	const struct fr_manifest *manifest = &binding->manifest;
	unsigned int added = binding->added;

	if (binding->initrds < fr_strv_length(manifest->initrds))
		return missing(binding, FILE_INITRD, error);
	if (manifest->root_image && !(added & 1U << FILE_ROOT_IMAGE))
		return missing(binding, FILE_ROOT_IMAGE, error);
	if (manifest->devicetree && !(added & 1U << FILE_DEVICETREE))
		return missing(binding, FILE_DEVICETREE, error);
	return 0;
}

int binding_check_cmdline(const struct fr_payload *payload, const char *cmdline,
			  struct fr_error *error)
{
	const struct binding *binding = &payload->binding;

	if (!binding->path)
		return 0;
	return fr_manifest_check_cmdline(&binding->manifest, cmdline,
					 binding->path, error);
}

int binding_close(struct fr_payload *payload, struct fr_error *error)
{
	const struct fr_manifest *manifest = &payload->binding.manifest;
	int err;

	if (!payload->binding.path)
		return 0;
	err = check_complete(payload, error);
	if (err < 0)
		return err;
	if (payload->cmdline)
		return binding_check_cmdline(payload, payload->cmdline, error);
	if (!manifest->cmdline)
		return 0;
	payload->cmdline = strdup(manifest->cmdline);
	return payload->cmdline ? 0 : fr_fail_memory(error);
}
