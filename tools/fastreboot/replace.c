// SPDX-License-Identifier: GPL-2.0-or-later
#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

char *cli_temporary_name(const char *file)
{
	const char *slash = strrchr(file, '/');
	int folder = slash ? (int)(slash - file) + 1 : 0;
	char *name;

	if (asprintf(&name, "%.*s.fastreboot.XXXXXX", folder, file) < 0)
		return NULL;
	return name;
}

int cli_sync_folder(const char *file)
{
	const char *slash = strrchr(file, '/');
	_cleanup_free_ char *folder =
		slash ? strndup(file, (size_t)(slash - file) + 1) : strdup(".");
	_cleanup_close_ int fd = -1;

	if (!folder)
		return -ENOMEM;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}
