/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unified kernel images. Only the files of this folder include this.
 */
#ifndef FR_PAYLOAD_UKI_H
#define FR_PAYLOAD_UKI_H

#include "internal.h"

/**
 * payload_open_uki() - open a UKI, and what the request adds to it
 * @payload: payload without inputs; its command line and title win, if there are
 * @path: absolute name
 * @error: why not
 *
 * Return: 0; a negative errno.
 */
int payload_open_uki(struct fr_payload *payload, const char *path,
		     struct fr_error *error);

#endif
