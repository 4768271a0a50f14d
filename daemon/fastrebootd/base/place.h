/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the daemon's files are. From any thread. */
#ifndef FASTREBOOTD_BASE_PLACE_H
#define FASTREBOOTD_BASE_PLACE_H

/**
 * place_root() - folder that the configuration is looked for below
 *
 * Return: ""; a test's build takes $FASTREBOOT_ROOT.
 */
const char *place_root(void);

/**
 * place_runtime() - folder for socket and lock
 *
 * Return: "/run/fastreboot"; a test's build takes $FASTREBOOT_RUNTIME.
 */
const char *place_runtime(void);

#endif
