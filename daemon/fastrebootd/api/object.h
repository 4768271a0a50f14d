/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's D-Bus objects: org.fastreboot1(5). */
#ifndef FASTREBOOTD_OBJECT_H
#define FASTREBOOTD_OBJECT_H

#include <systemd/sd-bus.h>

/**
 * object_register() - put the objects onto a connection
 * @daemon: struct daemon, whose they are
 * @bus: connection
 *
 * Return: 0 or a negative errno.
 */
int object_register(void *daemon, sd_bus *bus);

#endif
