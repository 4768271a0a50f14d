/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's D-Bus objects: org.fastreboot1(5). */
#ifndef FASTREBOOTD_OBJECT_H
#define FASTREBOOTD_OBJECT_H

#include <systemd/sd-bus.h>

#include "error.h"

struct daemon;

/**
 * object_register() - put the objects onto a connection
 * @daemon: whose they are
 * @bus: connection
 *
 * Return: 0 or a negative errno.
 */
int object_register(struct daemon *daemon, sd_bus *bus);

/**
 * object_fail() - answer a call with an error
 * @message: the call
 * @error: what went wrong
 *
 * Return: what a handler of sd-bus returns.
 */
int object_fail(sd_bus_message *message, const struct fr_error *error);

#endif
