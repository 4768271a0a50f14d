/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replacing a file as a whole: a new one is written beside it, and renamed. */
#ifndef REPLACE_H
#define REPLACE_H

#include <stddef.h>

/**
 * cli_temporary_name() - a name for the new file
 * @file: the one that it will replace, whose own name may be as long as a name can
 *	be
 *
 * Return: a template for mkostemp(3), in the same folder, to be freed; NULL without
 * memory.
 */
char *cli_temporary_name(const char *file);

/**
 * cli_sync_folder() - have a name that is new on the disk
 * @file: name of the file
 *
 * Return: 0 or a negative errno.
 */
int cli_sync_folder(const char *file);

/**
 * cli_file_to_replace() - the file that a name stands for
 * @file: name
 * @ret: name of the file that is to be replaced, to be freed: that which a symbolic
 *	link leads to, also if there is none yet. NULL if it is none that can be
 *	replaced, as a device or a pipe: it is written to
 *
 * Return: 0 or a negative errno.
 */
int cli_file_to_replace(const char *file, char **ret);

/**
 * cli_replace_file() - replace a file, or make it
 * @path: name of the file, in a folder that is there; no symbolic link
 * @data: content
 * @size: bytes of @data
 *
 * It gets the old one's permissions; a new one is readable for all. Whatever happens, there is the old one or the new one.
 *
 * Return: 0 or a negative errno.
 */
int cli_replace_file(const char *path, const void *data, size_t size);

#endif
