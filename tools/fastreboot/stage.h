/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of the daemon's Stage(). */
#ifndef CLI_STAGE_H
#define CLI_STAGE_H

#include <systemd/sd-bus.h>

#include "options.h"

/**
 * cli_stage_append() - add payload and options to a call of Stage()
 * @call: message
 * @request: what is asked for
 * @error: says what is wrong
 *
 * The daemon has another working folder: names of files are made absolute here.
 *
 * Return: 0, or a negative errno.
 */
int cli_stage_append(sd_bus_message *call, const struct cli_request *request,
		     struct fr_error *error);

/**
 * cli_stage_path() - make a file's name absolute
 * @name: name; symbolic links and ".." are left alone
 * @ret: the absolute name; the caller frees it
 *
 * Return: 0, or a negative errno.
 */
int cli_stage_path(const char *name, char **ret);

#endif
