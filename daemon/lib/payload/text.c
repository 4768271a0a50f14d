// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line and the title. */
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "cleanup.h"
#include "cmdline.h"

int payload_set_cmdline(struct fr_payload *payload, const char *cmdline,
			const char *from, struct fr_error *error)
{
	size_t size = strlen(cmdline);

	if (size > FR_CMDLINE_MAX)
		return fr_fail(
			error, FR_TOO_LARGE, -E2BIG,
			"the command line%s%s has %zu bytes, but the kernel takes %d",
			from ? " of " : "", from ?: "", size, FR_CMDLINE_MAX);
	for (const char *c = cmdline; *c; c++)
		if ((unsigned char)*c < ' ' && *c != '\t')
			return fr_fail(
				error, FR_INVALID_PAYLOAD, -EINVAL,
				"the command line%s%s is not one line of text",
				from ? " of " : "", from ?: "");
	payload->cmdline = strdup(cmdline);
	return payload->cmdline ? 0 : fr_fail_memory(error);
}

int payload_set_title(struct fr_payload *payload, char *title,
		      struct fr_error *error)
{
	if (!title)
		return fr_fail_memory(error);
	for (char *c = title; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
	payload->title = title;
	return 0;
}

int payload_set_title_from_path(struct fr_payload *payload, const char *path,
				struct fr_error *error)
{
	const char *slash = strrchr(path, '/');

	return payload_set_title(payload, strdup(slash ? slash + 1 : path),
				 error);
}

int payload_complete_cmdline(struct fr_payload *payload, struct fr_error *error)
{
	_cleanup_free_ char *given = NULL;
	_cleanup_free_ char *cmdline = NULL;

	if (!payload->has_root || !payload->cmdline)
		return 0;
	if (fr_cmdline_add_root(payload->cmdline, payload->root_type, false,
				&cmdline) < 0)
		return fr_fail_memory(error);
	given = fr_steal_pointer(payload->cmdline);
	return payload_set_cmdline(payload, cmdline,
				   "the payload, with root=", error);
}

int fr_payload_inherit_cmdline(const struct fr_payload *payload,
			       const char *running, char **ret,
			       struct fr_error *error)
{
	_cleanup_free_ char *cmdline = NULL;
	int err;

	err = binding_check_cmdline(payload, running, error);
	if (err < 0)
		return err;
	if (payload->has_root)
		err = fr_cmdline_add_root(running, payload->root_type, true,
					  &cmdline);
	else
		cmdline = strdup(running);
	if (err < 0 || !cmdline)
		return fr_fail_memory(error);
	if (strlen(cmdline) > FR_CMDLINE_MAX)
		return fr_fail(
			error, FR_TOO_LARGE, -E2BIG,
			"the running kernel's command line with root=" FR_ROOT_DEVICE
			" has %zu bytes, but the kernel takes %d; name a shorter one",
			strlen(cmdline), FR_CMDLINE_MAX);
	*ret = fr_steal_pointer(cmdline);
	return 0;
}
