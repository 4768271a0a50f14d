// SPDX-License-Identifier: GPL-2.0-or-later
/* Making a manifest of files, and comparing files with one. */
#include "manifest-cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "config.h"
#include "io.h"
#include "replace.h"
#include "signature.h"
#include "strv.h"

static int add(char ***list, const char *text, struct fr_error *error)
{
	char *copy = strdup(text);

	if (!copy || fr_strv_add(list, copy) < 0)
		return fr_fail_memory(error);
	return 0;
}

static int copy_text(const char *text, char **ret, struct fr_error *error)
{
	if (!text)
		return 0;
	*ret = strdup(text);
	return *ret ? 0 : fr_fail_memory(error);
}

static int copy_list(const char *const *list, char ***ret,
		     struct fr_error *error)
{
	int err = 0;

	for (; !err && *list; list++)
		err = add(ret, *list, error);
	return err;
}

static int hash_of(const char *path, char **ret, struct fr_error *error)
{
	char text[FR_SHA256_TEXT_SIZE];
	int err;

	if (!path)
		return 0;
	err = fr_manifest_hash(path, text, error);
	return err < 0 ? err : copy_text(text, ret, error);
}

static int hash_files(const struct manifest_request *request,
		      struct fr_manifest *manifest, struct fr_error *error)
{
	int err = hash_of(request->kernel, &manifest->kernel, error);

	if (!err)
		err = hash_of(request->uki, &manifest->uki, error);
	if (!err)
		err = hash_of(request->root_image, &manifest->root_image,
			      error);
	if (!err)
		err = hash_of(request->devicetree, &manifest->devicetree,
			      error);
	for (const char *const *file = request->initrds; !err && *file;
	     file++) {
		_cleanup_free_ char *hash = NULL;

		err = hash_of(*file, &hash, error);
		if (!err)
			err = add(&manifest->initrds, hash, error);
	}
	return err;
}

static int write_into(const char *path, const void *data, size_t size)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : fr_write_all(fd, data, size);
}

static int write_file(const char *path, const void *data, size_t size,
		      struct fr_error *error)
{
	_cleanup_free_ char *file = NULL;
	int err = cli_file_to_replace(path, &file);

	if (!err)
		err = file ? cli_replace_file(file, data, size) :
			     write_into(path, data, size);
	if (!err)
		return 0;
	return fr_fail(error, FR_FAILED, err, "can't write %s: %s", path,
		       strerror(-err));
}

static int sign(const struct manifest_request *request, const char *path,
		const char *text, struct fr_error *error)
{
	_cleanup_free_ char *signature = NULL;
	_cleanup_free_ uint8_t *data = NULL;
	size_t size;
	int err;

	if (asprintf(&signature, "%s" FR_SIGNATURE_SUFFIX, path) < 0) {
		signature = NULL;
		return fr_fail_memory(error);
	}
	err = fr_signature_make(text, strlen(text), request->key,
				request->certificate, &data, &size, error);
	if (err < 0)
		return err;
	return write_file(signature, data, size, error);
}

static int make_text(const struct manifest_request *request, const char *path,
		     char **ret, struct fr_error *error)
{
	_cleanup_manifest_ struct fr_manifest manifest = { 0 };
	_cleanup_manifest_ struct fr_manifest again = { 0 };
	_cleanup_free_ char *text = NULL;
	int err;

	err = hash_files(request, &manifest, error);
	if (!err)
		err = copy_text(request->payload_version, &manifest.version,
				error);
	if (!err)
		err = copy_text(request->cmdline, &manifest.cmdline, error);
	if (!err)
		err = copy_list(request->cmdline_words, &manifest.cmdline_words,
				error);
	if (!err)
		err = copy_list(request->compatible, &manifest.compatible,
				error);
	if (!err && fr_manifest_format(&manifest, &text) < 0)
		err = fr_fail_memory(error);
	/* What a machine would not read is not written. */
	if (!err)
		err = fr_manifest_parse(text, strlen(text), path, &again,
					error);
	if (err < 0)
		return err;
	*ret = fr_steal_pointer(text);
	return 0;
}

int manifest_create(const struct manifest_request *request, char **ret_message,
		    struct fr_error *error)
{
	const char *kernel = request->kernel ? request->kernel : request->uki;
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *text = NULL;
	int err;

	err = request->output ? copy_text(request->output, &path, error) :
				fr_manifest_path(kernel, &path);
	if (err < 0)
		return fr_fail_memory(error);
	err = make_text(request, path, &text, error);
	if (!err)
		err = write_file(path, text, strlen(text), error);
	if (!err && request->key)
		err = sign(request, path, text, error);
	if (err < 0)
		return err;
	if (asprintf(ret_message, "%s is written%s", path,
		     request->key ? " and signed" :
				    "; it still has to be signed") < 0)
		return fr_fail_memory(error);
	return 0;
}

/* Whom to trust: as asked for, or as this machine is configured. */
static int check_signature(const struct manifest_request *request, int fd,
			   const struct fr_trust *trust, struct fr_error *error)
{
	_cleanup_free_ char *beside = NULL;
	const char *path = request->signature;
	uint8_t sha256[FR_SHA256_SIZE];
	_cleanup_close_ int signature_fd = -1;

	if (!path &&
	    asprintf(&beside, "%s" FR_SIGNATURE_SUFFIX, request->file) < 0) {
		beside = NULL;
		return fr_fail_memory(error);
	}
	path = path ? path : beside;
	signature_fd = fr_open_file(AT_FDCWD, path);
	if (signature_fd < 0)
		return fr_fail(error, FR_SIGNATURE, signature_fd,
			       "can't read the signature %s: %s", path,
			       fr_file_error(signature_fd));
	return fr_signature_check(fd, signature_fd, trust, request->file,
				  sha256, error);
}

static int verify_signature(const struct manifest_request *request, int fd,
			    struct fr_error *error)
{
	_cleanup_config_ struct fr_config config = { 0 };
	char *none[] = { NULL };
	struct fr_trust trust = {
		.certificates = (char *const *)request->certificates,
		.revocation_lists = (char *const *)request->revocation_lists,
	};
	int err;

	if (*request->certificates)
		return check_signature(request, fd, &trust, error);
	err = fr_config_load(NULL, &config, error);
	if (err < 0)
		return err;
	trust.certificates = config.trusted_certificates;
	if (!*request->revocation_lists)
		trust.revocation_lists = config.revocation_lists ?: none;
	if (!*trust.certificates)
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"this machine trusts no certificate; name one with --trusted-certificates=PATH");
	return check_signature(request, fd, &trust, error);
}

static int compare(const char *file, const char *hash, const char *expected,
		   const struct manifest_request *request,
		   struct fr_error *error)
{
	if (!file || (hash && expected && !strcmp(hash, expected)))
		return 0;
	return fr_fail(error, FR_VERIFICATION_FAILED, -EBADMSG,
		       "%s: is not what the manifest %s names", file,
		       request->file);
}

static int compare_files(const struct manifest_request *request,
			 const struct fr_manifest *manifest,
			 struct fr_error *error)
{
	_cleanup_manifest_ struct fr_manifest found = { 0 };
	size_t named = fr_strv_length(manifest->initrds);
	int err = hash_files(request, &found, error);

	if (!err)
		err = compare(request->kernel, found.kernel, manifest->kernel,
			      request, error);
	if (!err)
		err = compare(request->uki, found.uki, manifest->uki, request,
			      error);
	if (!err)
		err = compare(request->root_image, found.root_image,
			      manifest->root_image, request, error);
	if (!err)
		err = compare(request->devicetree, found.devicetree,
			      manifest->devicetree, request, error);
	for (size_t i = 0; !err && request->initrds[i]; i++)
		err = compare(request->initrds[i], found.initrds[i],
			      i < named ? manifest->initrds[i] : NULL, request,
			      error);
	if (!err && request->cmdline)
		err = fr_manifest_check_cmdline(manifest, request->cmdline,
						request->file, error);
	return err;
}

int manifest_verify(const struct manifest_request *request, char **ret_message,
		    struct fr_error *error)
{
	_cleanup_manifest_ struct fr_manifest manifest = { 0 };
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = fr_open_file(AT_FDCWD, request->file);
	size_t size;
	int err;

	if (fd < 0)
		return fr_fail(error, fd == -ENOENT ? FR_NOT_FOUND : FR_FAILED,
			       fd, "can't read %s: %s", request->file,
			       fr_file_error(fd));
	err = verify_signature(request, fd, error);
	if (!err && fr_read_fd(fd, FR_MANIFEST_SIZE_MAX, &text, &size) < 0)
		err = fr_fail(error, FR_FAILED, -EIO, "can't read all of %s",
			      request->file);
	if (!err)
		err = fr_manifest_parse(text, size, request->file, &manifest,
					error);
	if (!err)
		err = compare_files(request, &manifest, error);
	if (err < 0)
		return err;
	if (asprintf(ret_message, "%s: version %s, its signature is good",
		     request->file, manifest.version) < 0)
		return fr_fail_memory(error);
	return 0;
}
