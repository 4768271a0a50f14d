/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the a{sv} arguments of calls. */
#ifndef FASTREBOOTD_OPTIONS_H
#define FASTREBOOTD_OPTIONS_H

#include <stddef.h>

#include <systemd/sd-bus.h>

#include "error.h"

/**
 * struct option - a member that may be there
 * @name: key
 * @type: 's' (char *, owned by the caller afterwards), 'S' (the same, but it may
 *	be empty), 'a' (char **, owned by the caller, of type as), 'b' (bool), 't' (uint64_t) or 'i' (int)
 * @value: where it goes
 */
struct option {
	const char *name;
	char type;
	void *value;
};

/**
 * options_read() - read a dictionary
 * @message: the call, at the dictionary
 * @options: what may be there; what is not keeps its value
 * @n_options: how many
 * @error: names the key that is wrong
 *
 * Texts must not be empty, but those of type 'S'.
 *
 * Return: 0; -EINVAL with FR_USAGE; another negative errno.
 */
int options_read(sd_bus_message *message, const struct option *options,
		 size_t n_options, struct fr_error *error);

#endif
