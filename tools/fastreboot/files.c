// SPDX-License-Identifier: GPL-2.0-or-later
#include "files.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"
#include "root.h"

/* Of the whole file, of which the first line is wanted. */
#define SIZE_MAX_BYTES 4096

bool files_exist(const char *path)
{
	_cleanup_free_ char *name = NULL;

	if (asprintf(&name, "%s%s", fr_root(), path) < 0) {
		name = NULL;
		return false;
	}
	return !access(name, F_OK);
}

void files_read_line(const char *path, char *ret, size_t size)
{
	_cleanup_free_ char *name = NULL;
	_cleanup_free_ char *text = NULL;

	ret[0] = '\0';
	if (asprintf(&name, "%s%s", fr_root(), path) < 0) {
		name = NULL;
		return;
	}
	if (fr_read_file(AT_FDCWD, name, SIZE_MAX_BYTES, &text, NULL))
		return;
	text[strcspn(text, "\n")] = '\0';
	snprintf(ret, size, "%s", text);
}
