/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the daemon is at home. From any thread. */
#ifndef FASTREBOOTD_BASE_PLACE_H
#define FASTREBOOTD_BASE_PLACE_H

/**
 * place_runtime() - folder for socket and lock
 *
 * Return: "/run/fastreboot"; a test's build takes $FASTREBOOT_RUNTIME.
 */
const char *place_runtime(void);

/**
 * place_boot_id() - the kernel's name for this boot
 * @ret: 36 characters; empty if it can't be read
 *
 * A test's build takes $FASTREBOOT_BOOT_ID.
 */
void place_boot_id(char ret[37]);

#endif
