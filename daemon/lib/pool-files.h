/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of the kernel's files, for pool-read.c and pool-write.c alone. */
#ifndef FR_POOL_FILES_H
#define FR_POOL_FILES_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "cleanup.h"
#include "pool.h"

/* "slot7/placement" and what else the kernel has. */
#define NAME_MAX_LENGTH 64

/* Of a file below fr_pool_root(); to be freed. */
static inline char *file_path(const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", fr_pool_root(), name) < 0 ? NULL : path;
}

static inline int open_file(const char *name, int flags)
{
	_cleanup_free_ char *path = file_path(name);
	int fd;

	if (!path)
		return -ENOMEM;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The name of a slot's file. */
static inline void slot_file(char name[NAME_MAX_LENGTH], unsigned int slot,
			     const char *file)
{
	snprintf(name, NAME_MAX_LENGTH, "slot%u/%s", slot, file);
}

#endif
