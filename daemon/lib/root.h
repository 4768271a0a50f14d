/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the system's files are. */
#ifndef FR_ROOT_H
#define FR_ROOT_H

/**
 * fr_root() - folder that stands for /
 *
 * From any thread.
 *
 * Return: ""; a test's build takes $FASTREBOOT_ROOT.
 */
const char *fr_root(void);

#endif
