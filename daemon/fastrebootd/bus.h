/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ways to the daemon: its name on the system bus, and its private socket,
 * which works without a bus and is for root alone. Both carry the same objects
 * (object.c).
 *
 * The system bus may come late, go away and come back; the daemon waits for it
 * and works without it.
 */
#ifndef FASTREBOOTD_BUS_H
#define FASTREBOOTD_BUS_H

#include <stdbool.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "error.h"

#define BUS_NAME "org.fastreboot1"
#define BUS_OBJECT "/org/fastreboot1"
#define BUS_MANAGER "org.fastreboot1.Manager"
#define BUS_JOB "org.fastreboot1.Job"

struct daemon;
struct job;
struct job_view;

/**
 * struct bus_peer - a connection to the private socket
 * @next: the next one
 * @daemon: whose it is
 * @bus: the connection
 */
struct bus_peer {
	struct bus_peer *next;
	struct daemon *daemon;
	sd_bus *bus;
};

/**
 * struct bus - all connections
 * @system: to the system bus; NULL while there is none
 * @retry: timer that connects to it again
 * @listen: source of the private socket
 * @socket_path: to be removed at the end; NULL if systemd has made it
 * @peers: connections to the private socket
 */
struct bus {
	sd_bus *system;
	sd_event_source *retry;
	sd_event_source *listen;
	char *socket_path;
	struct bus_peer *peers;
};

/**
 * bus_listen() - open the private socket
 * @daemon: with an event loop
 * @error: what went wrong
 *
 * Takes the one that systemd passes by the name "private", if there is one.
 *
 * Return: 0 or a negative errno.
 */
int bus_listen(struct daemon *daemon, struct fr_error *error);

/* Connect to the system bus, and go on trying. */
void bus_connect(struct daemon *daemon);

/* Send what is left, and close everything. */
void bus_done(struct daemon *daemon);

/* Send what is left, before the machine is gone. */
void bus_flush(struct daemon *daemon);

/* Signals of the interface; see org.fastreboot1(5). */
void bus_job_new(struct daemon *daemon, struct job *job);
void bus_job_removed(struct daemon *daemon, struct job *job, const char *result,
		     const char *message);
void bus_job_progress(struct daemon *daemon, struct job *job,
		      const struct job_view *view);
void bus_properties_changed(struct daemon *daemon);

/**
 * bus_text() - make a text fit for D-Bus, which takes UTF-8 only
 * @text: any
 *
 * Return: a copy with '?' for what is not, to be freed; NULL without memory.
 */
char *bus_text(const char *text);

#endif
