/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of the system, below fr_root(). */
#ifndef FILES_H
#define FILES_H

#include <stdbool.h>
#include <stddef.h>

/**
 * files_exist() - is there such a file?
 * @path: absolute
 */
bool files_exist(const char *path);

/**
 * files_read_line() - the first line of a small file
 * @path: absolute
 * @ret: the line, cut to the buffer; empty if it can't be read
 * @size: bytes of @ret
 */
void files_read_line(const char *path, char *ret, size_t size);

#endif
