/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ways to the daemon: its name on the system bus, and its private socket,
 * which works without a bus and is for root alone. Both carry the same objects,
 * which are put onto them by a function that main.c names: what is asked for and
 * what is answered is not known here.
 *
 * The system bus may come late, go away and come back; the daemon waits for it
 * and works without it.
 */
#ifndef FASTREBOOTD_BUS_H
#define FASTREBOOTD_BUS_H

#include <stdint.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "error.h"

/**
 * struct bus_peer - a connection to the private socket
 * @next: the next one
 * @owner: all connections
 * @bus: the connection
 */
struct bus_peer {
	struct bus_peer *next;
	struct bus *owner;
	sd_bus *bus;
};

/**
 * typedef bus_add_objects - put the objects onto a new connection
 * @userdata: as it was given to bus_init()
 * @bus: the connection
 *
 * Return: 0 or a negative errno.
 */
typedef int (*bus_add_objects)(void *userdata, sd_bus *bus);

/**
 * struct bus - all connections
 * @event: the loop
 * @add_objects: called for each
 * @userdata: of @add_objects
 * @system: to the system bus; NULL while there is none
 * @retry: timer that connects to it again
 * @listen: source of the private socket
 * @socket_path: to be removed at the end; NULL if systemd has made it
 * @peers: connections to the private socket
 */
struct bus {
	sd_event *event;
	bus_add_objects add_objects;
	void *userdata;
	sd_bus *system;
	sd_event_source *retry;
	sd_event_source *listen;
	char *socket_path;
	struct bus_peer *peers;
};

/**
 * bus_init() - no connection is there yet
 * @bus: filled
 * @event: the loop; as long as @bus lives
 * @add_objects: called for each connection
 * @userdata: of @add_objects
 */
void bus_init(struct bus *bus, sd_event *event, bus_add_objects add_objects,
	      void *userdata);

/**
 * bus_listen() - open the private socket
 * @bus: initialized
 * @error: what went wrong
 *
 * Takes the one that systemd passes by the name "private", if there is one.
 *
 * Return: 0 or a negative errno.
 */
int bus_listen(struct bus *bus, struct fr_error *error);

/* Connect to the system bus, and go on trying. */
void bus_connect(struct bus *bus);

/* How long clients may take for what is left, all of them together. */
#define BUS_FLUSH_USEC (1000 * 1000)

/*
 * Send what is left, for BUS_FLUSH_USEC at most, and close everything; also if
 * nothing was opened.
 */
void bus_done(struct bus *bus);

/**
 * bus_flush() - send what is left, before the machine is gone
 * @bus: initialized
 * @timeout_usec: for all connections together
 *
 * Calls that come meanwhile are answered. Not from within the handler of one.
 *
 * Return: how many clients have not taken what was for them.
 */
unsigned int bus_flush(struct bus *bus, uint64_t timeout_usec);

/* Signals of the interface; see org.fastreboot1(5). @path: of the job. */
void bus_job_new(struct bus *bus, const char *path, const char *kind);
void bus_job_progress(struct bus *bus, const char *path, const char *step,
		      uint64_t done, uint64_t total);
void bus_properties_changed(struct bus *bus);

/**
 * struct bus_job_end - how a job has ended
 * @path: of the job
 * @kind: of the job
 * @result: "done", or the name of a failure
 * @message: one line for people
 * @details: JSON, depends on the kind
 */
struct bus_job_end {
	const char *path;
	const char *kind;
	const char *result;
	const char *message;
	const char *details;
};

/* The signal JobRemoved. */
void bus_job_removed(struct bus *bus, const struct bus_job_end *end);

#endif
