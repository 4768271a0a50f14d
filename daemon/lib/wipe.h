/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wiping the state volume, for a payload that must not see what is in it.
 */
#ifndef FR_WIPE_H
#define FR_WIPE_H

#include <signal.h>

#include "error.h"

/* What fastreboot-wipe-state(8) is; below a root. */
#define FR_WIPE_PROGRAM "/usr/libexec/fastreboot-wipe-state"

/* What runs it before a jump without a shutdown. */
#define FR_WIPE_UNIT "fastreboot-wipe-state.service"

/**
 * fr_wipe_find() - find the state volume's block device
 * @root: folder that stands for /; "" for / itself
 * @ret_device: name of the device, to be freed by the caller; NULL if the pool
 *	has no state volume
 * @error: why not
 *
 * By the provider of its nvdimm bus, "fastreboot". A volume that has no device
 * is an error: what can't be written to can't be wiped.
 *
 * Return: 0; -ENODEV or -EBADMSG with FR_FAILED, -ENOMEM.
 */
int fr_wipe_find(const char *root, char **ret_device, struct fr_error *error);

/**
 * fr_wipe_unmount() - unmount what is mounted from a device
 * @root: folder that stands for /
 * @device: name of the device
 * @error: what is still in use
 *
 * Return: 0; -EBUSY or another negative errno with FR_REFUSED, -ENOMEM.
 */
int fr_wipe_unmount(const char *root, const char *device,
		    struct fr_error *error);

/**
 * fr_wipe_device() - overwrite a device with zeros, and read them back
 * @device: name of a block device that is not in use, or of a file
 * @stop: ends it when it is not 0, but the number of a signal; may be NULL
 * @error: what went wrong; some of the device is overwritten then
 *
 * All of it is overwritten, whatever its size; it has to be that of the state
 * volume.
 *
 * Return: 0; -EBUSY with FR_REFUSED if the device is in use; -EBADMSG with
 * FR_VERIFICATION_FAILED if it has something else afterwards; -EINTR with
 * FR_CANCELLED; -ENOMEM; another negative errno with FR_FAILED.
 */
int fr_wipe_device(const char *device, const volatile sig_atomic_t *stop,
		   struct fr_error *error);

/**
 * fr_wipe_state() - all of it
 * @root: folder that stands for /
 * @stop: as for fr_wipe_device()
 * @error: why not
 *
 * Return: 0, also if there is no state volume; a negative errno.
 */
int fr_wipe_state(const char *root, const volatile sig_atomic_t *stop,
		  struct fr_error *error);

#endif
