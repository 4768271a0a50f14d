/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files that speak with systemd, for them alone. */
#ifndef FASTREBOOTD_SYSTEMD_BUS_H
#define FASTREBOOTD_SYSTEMD_BUS_H

#include <stdint.h>

#include <systemd/sd-bus.h>

#include "base/clock.h"
#include "cleanup.h"

#define SERVICE "org.freedesktop.systemd1"
#define OBJECT "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"
#define UNIT "org.freedesktop.systemd1.Unit"
#define PROPERTIES "org.freedesktop.DBus.Properties"

#define _cleanup_bus_ _cleanup_(sd_bus_flush_close_unrefp)
#define _cleanup_message_ _cleanup_(sd_bus_message_unrefp)

/* Reads the variant of one property, or skips it. */
typedef int (*systemd_property_reader)(sd_bus_message *reply, const char *name,
				       void *into);

/**
 * systemd_bus_connect() - a connection for the event loop
 * @ret_bus: with sd-bus's own limits
 *
 * Return: 0 or more; -ENOENT if there is no systemd; another negative errno.
 */
int systemd_bus_connect(sd_bus **ret_bus);

/**
 * systemd_bus_open() - a connection for a job's thread, or the start
 * @ret_bus: waits 5 seconds for an answer at most
 *
 * Return: 0; -ENOENT if there is no systemd; another negative errno.
 */
int systemd_bus_open(sd_bus **ret_bus);

/**
 * systemd_bus_process() - handle a message, or wait for one
 * @bus: open
 * @until: as of clock_usec(); how long to wait
 *
 * Return: 0, to be called again; -ETIMEDOUT; another negative errno.
 */
int systemd_bus_process(sd_bus *bus, uint64_t until);

/**
 * systemd_bus_watch_jobs() - hear of the end of systemd's jobs
 * @bus: open
 * @handler: of the signal JobRemoved
 * @userdata: of @handler; lives as long as @bus
 *
 * Return: 0 or more, or a negative errno.
 */
int systemd_bus_watch_jobs(sd_bus *bus, sd_bus_message_handler_t handler,
			   void *userdata);

/**
 * systemd_bus_read_properties() - read the answer to GetAll()
 * @reply: the answer
 * @read: called for each property
 * @into: for @read
 *
 * Return: 0, or a negative errno.
 */
int systemd_bus_read_properties(sd_bus_message *reply,
				systemd_property_reader read, void *into);

/**
 * systemd_bus_read_names() - read a property that is a list of names
 * @reply: at the property's variant
 * @take: called for each name, which lives as long as @reply
 * @into: for @take
 *
 * Return: 0 or more, or a negative errno.
 */
int systemd_bus_read_names(sd_bus_message *reply,
			   void (*take)(const char *name, void *into),
			   void *into);

#endif
