/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The units that systemd stops together with another one, and how they are
 * started again: systemd itself starts none of them when that one is back.
 *
 * Everything here waits for systemd: it is for a job's thread.
 */
#ifndef FASTREBOOTD_DEPENDENTS_H
#define FASTREBOOTD_DEPENDENTS_H

#include <stdint.h>

#include "cleanup.h"
#include "error.h"

struct dependents;

/**
 * dependents_find() - what runs, and would be stopped with a unit?
 * @unit: name
 *
 * Return: to be freed; NULL without systemd, or without memory. What systemd
 * does not tell is missing, and dependents_start() says so.
 */
struct dependents *dependents_find(const char *unit);

/**
 * dependents_start() - start those that do not run any more
 * @dependents: the result of dependents_find(); used once
 * @timeout_usec: how long to wait for their start
 * @error: why there may be others
 *
 * The journal gets a line for each that is started, or is not, and why. One that
 * does not start keeps no other from it; one that takes longer goes on starting.
 *
 * Return: 0 if all were asked to start that have to be; else a negative errno.
 */
int dependents_start(struct dependents *dependents, uint64_t timeout_usec,
		     struct fr_error *error);

/* Free the list; it may be NULL. */
void dependents_free(struct dependents *dependents);

FR_DEFINE_CLEANUP(struct dependents *, dependents_free);

#endif
