// SPDX-License-Identifier: GPL-2.0-or-later
/* What a caller asks for: copied, and checked before any file is opened. */
#include "request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "strv.h"

void fr_payload_request_done(struct fr_payload_request *request)
{
	free(request->entry);
	free(request->uki);
	free(request->kernel);
	fr_strv_free(request->initrds);
	free(request->root_image);
	free(request->devicetree);
	free(request->cmdline);
	free(request->manifest);
	free(request->signature);
	*request = (struct fr_payload_request){ 0 };
}

static int copy_string(const char *from, char **ret)
{
	if (!from)
		return 0;
	*ret = strdup(from);
	return *ret ? 0 : -ENOMEM;
}

int request_copy(const struct fr_payload_request *from,
		 struct fr_payload_request *ret)
{
	_cleanup_payload_request_ struct fr_payload_request copy = {
		.wipe_state = from->wipe_state,
		.verified = from->verified,
	};

	if (copy_string(from->entry, &copy.entry) < 0 ||
	    copy_string(from->uki, &copy.uki) < 0 ||
	    copy_string(from->kernel, &copy.kernel) < 0 ||
	    fr_strv_copy(from->initrds, &copy.initrds) < 0 ||
	    copy_string(from->root_image, &copy.root_image) < 0 ||
	    copy_string(from->devicetree, &copy.devicetree) < 0 ||
	    copy_string(from->cmdline, &copy.cmdline) < 0 ||
	    copy_string(from->manifest, &copy.manifest) < 0 ||
	    copy_string(from->signature, &copy.signature) < 0)
		return -ENOMEM;
	*ret = copy;
	copy = (struct fr_payload_request){ 0 };
	return 0;
}

static int check_absolute(const char *what, const char *path,
			  struct fr_error *error)
{
	if (!path || *path == '/')
		return 0;
	return fr_fail(error, FR_USAGE, -EINVAL,
		       "the path of the %s has to be absolute: '%s'", what,
		       path);
}

static int check_paths(const struct fr_payload_request *request,
		       struct fr_error *error)
{
	int err = 0;

	for (size_t i = 0; !err && i < fr_strv_length(request->initrds); i++)
		err = check_absolute("initrd", request->initrds[i], error);
	if (!err)
		err = check_absolute("kernel", request->kernel, error);
	if (!err)
		err = check_absolute("UKI", request->uki, error);
	if (!err)
		err = check_absolute("root image", request->root_image, error);
	if (!err)
		err = check_absolute("device tree", request->devicetree, error);
	if (!err)
		err = check_absolute("manifest", request->manifest, error);
	if (!err)
		err = check_absolute("signature", request->signature, error);
	return err;
}

int request_check(const struct fr_payload_request *request,
		  struct fr_error *error)
{
	int given = !!request->entry + !!request->uki + !!request->kernel;

	if (given != 1)
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"exactly one of a boot loader entry, a UKI and a kernel has to be named; this names %s",
			given ? "several" : "none");
	if (request->entry &&
	    (fr_strv_length(request->initrds) || request->devicetree))
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"a boot loader entry names its initrds and device tree itself; name the kernel instead of the entry to use others");
	if (request->root_image && request->uki)
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"a root image does not go with a UKI; name the kernel instead of the UKI");
	if (request->root_image && fr_strv_length(request->initrds))
		return fr_fail(error, FR_USAGE, -EINVAL, "%s", ONE_OF_BOTH);
	return check_paths(request, error);
}
