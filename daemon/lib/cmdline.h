/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel command lines, as the kernel reads them: words that blanks separate,
 * in which quotes keep blanks together, up to a word "--", behind which all is
 * init's.
 */
#ifndef FR_CMDLINE_H
#define FR_CMDLINE_H

#include <stdbool.h>

/* The root device that a root image is. */
#define FR_ROOT_DEVICE "/dev/fastreboot"

/**
 * fr_cmdline_value() - the value of a parameter
 * @cmdline: command line
 * @name: parameter, without "="
 * @ret: the value without quotes, of several the last one, to be freed by the
 *	caller; NULL if the kernel is not given the parameter with a value
 *
 * Return: 0; -ENOMEM.
 */
int fr_cmdline_value(const char *cmdline, const char *name, char **ret);

/**
 * fr_cmdline_add_root() - have the root image mounted
 * @cmdline: command line
 * @type: file system type of the root image; NULL if it is not known
 * @replace: another root device in it is not meant for this payload: it is
 *	replaced, with the parameters that say how to mount it
 * @ret: the command line, to be freed by the caller
 *
 * A command line with a root device of its own is left as it is, unless it is
 * to be replaced. Where a root image is the root device already and @replace is
 * set, only rootfstype= is made that of this root image; its rootflags= stay.
 *
 * Return: 0; -ENOMEM.
 */
int fr_cmdline_add_root(const char *cmdline, const char *type, bool replace,
			char **ret);

#endif
