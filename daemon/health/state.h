/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How well a system is: which units run, which have failed, whether there is a
 * network. It is asked of systemd, and kept on disk as the baseline of an update.
 */
#ifndef FASTREBOOT_HEALTH_STATE_H
#define FASTREBOOT_HEALTH_STATE_H

#include <stdbool.h>

#include <systemd/sd-bus.h>

#include "error.h"

/**
 * struct health_state - what is known of a system
 * @active: names of all units that are active
 * @expected: those of them that a boot starts again: wanted or required by another
 *	unit, and neither made at run time nor started on demand
 * @failed: names of the units that have failed
 * @network: there is a default route
 *
 * The lists are owned and end with NULL; NULL is an empty list.
 */
struct health_state {
	char **active;
	char **expected;
	char **failed;
	bool network;
};

/* Free what a state owns; it is all zero afterwards. */
void health_state_done(struct health_state *state);

#define _cleanup_health_state_ _cleanup_(health_state_done)

/**
 * health_state_read() - ask systemd and the kernel
 * @bus: to the system's systemd; each call on it has a timeout
 * @root: folder that stands for /, "" for / itself
 * @with_expected: tell also which units a boot starts, with a call for each
 * @ret: filled in
 *
 * Return: 0; a negative errno of the bus, -ENOMEM.
 */
int health_state_read(sd_bus *bus, const char *root, bool with_expected,
		      struct health_state *ret);

/**
 * health_has_network() - is there a default route, by IPv4 or IPv6?
 * @root: as of health_state_read()
 */
bool health_has_network(const char *root);

#endif
