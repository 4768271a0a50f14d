/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests, see payload.h. Only the files of this folder include this.
 */
#ifndef FR_PAYLOAD_REQUEST_H
#define FR_PAYLOAD_REQUEST_H

#include "payload.h"

/* What to say of a payload with initrds and a root image. */
#define ONE_OF_BOTH "a payload has either initrds or a root image, not both"

/**
 * request_copy() - copy a request and its strings
 * @from: request
 * @ret: to be given to fr_payload_request_done()
 *
 * Return: 0; -ENOMEM.
 */
int request_copy(const struct fr_payload_request *from,
		 struct fr_payload_request *ret);

/**
 * request_check() - is it one that makes sense by itself?
 * @request: request; no file of it is looked at
 * @error: why not
 *
 * Return: 0; -EINVAL with FR_USAGE.
 */
int request_check(const struct fr_payload_request *request,
		  struct fr_error *error);

#endif
