/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unified kernel images. Only the files of this folder include this.
 */
#ifndef FR_PAYLOAD_UKI_H
#define FR_PAYLOAD_UKI_H

#include "internal.h"

/**
 * payload_open_uki() - open a UKI, and what is added to it
 * @payload: payload without inputs; its command line and title win, if there are
 * @path: absolute name
 * @initrds: absolute names, put behind the UKI's own; NULL for none
 * @devicetree: absolute name, in the place of the UKI's own; NULL for none
 * @error: why not
 *
 * Return: 0; a negative errno.
 */
int payload_open_uki(struct fr_payload *payload, const char *path,
		     char *const *initrds, const char *devicetree,
		     struct fr_error *error);

#endif
