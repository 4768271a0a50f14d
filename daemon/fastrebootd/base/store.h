/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's own files, which have to survive a loss of power. */
#ifndef FASTREBOOTD_STORE_H
#define FASTREBOOTD_STORE_H

/* How long a disk may take for such a file. */
#define STORE_USEC (3 * 1000 * 1000)

/**
 * store_file() - write a file as a whole
 * @path: absolute
 * @text: content
 *
 * A new file is written, synchronized and renamed: what a crash leaves is the old
 * one or the new one. The folder is made if it is not there. Blocks for STORE_USEC,
 * and a second for giving up, at most.
 *
 * Return: 0; -ETIMEDOUT if the disk does not answer, or another negative errno: the
 * file is the old one then, or, where only its folder could not be synchronized,
 * may be the new one.
 */
int store_file(const char *path, const char *text);

#endif
