/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot loader entries, and kernels that are named without one. Only the files of
 * this folder include this.
 */
#ifndef FR_PAYLOAD_ENTRY_H
#define FR_PAYLOAD_ENTRY_H

#include "internal.h"

/**
 * payload_open_kernel() - open a kernel and what goes with it
 * @payload: payload without inputs; its title wins, if there is one
 * @path: absolute name of the kernel
 * @initrds: absolute names; NULL for none
 * @root_image: absolute name, instead of initrds; NULL for none
 * @devicetree: absolute name; NULL for none
 * @error: why not
 *
 * Return: 0; a negative errno.
 */
int payload_open_kernel(struct fr_payload *payload, const char *path,
			char *const *initrds, const char *root_image,
			const char *devicetree, struct fr_error *error);

/**
 * payload_open_entry() - find the request's entry and open what it names
 * @payload: payload without inputs; its command line wins, if there is one
 * @boot_roots: where to search
 * @error: why not
 *
 * Return: 0; a negative errno.
 */
int payload_open_entry(struct fr_payload *payload, char *const *boot_roots,
		       struct fr_error *error);

#endif
