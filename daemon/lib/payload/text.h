/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command line and title. Only the files of this folder include this.
 */
#ifndef FR_PAYLOAD_TEXT_H
#define FR_PAYLOAD_TEXT_H

#include "internal.h"

/**
 * payload_set_cmdline() - check and copy a command line
 * @payload: payload without one
 * @cmdline: command line
 * @from: what has it, for the error; NULL if it was given
 * @error: why not
 *
 * Return: 0; -E2BIG with FR_TOO_LARGE, -EINVAL with FR_INVALID_PAYLOAD, -ENOMEM.
 */
int payload_set_cmdline(struct fr_payload *payload, const char *cmdline,
			const char *from, struct fr_error *error);

/* Have the root image mounted by a command line that was given. */
int payload_complete_cmdline(struct fr_payload *payload,
			     struct fr_error *error);

/* Take @title, of which NULL stands for a lack of memory. Return: 0; -ENOMEM. */
int payload_set_title(struct fr_payload *payload, char *title,
		      struct fr_error *error);

/* The last part of a file's name as title. Return: 0; -ENOMEM. */
int payload_set_title_from_path(struct fr_payload *payload, const char *path,
				struct fr_error *error);

#endif
