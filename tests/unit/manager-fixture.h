/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd's manager in a thread, for the tests of what waits for its answers. It
 * has the units that a test gives it, and a unit's start ends at once.
 */
#ifndef MANAGER_FIXTURE_H
#define MANAGER_FIXTURE_H

#include "daemon-fixture.h"

/**
 * struct manager_unit - a unit
 * @name: of it
 * @load_state: LoadState; NULL for "loaded"
 * @active_state: ActiveState; changes when it is started
 * @required_by: name of a unit that needs it, NULL for none
 * @result: how the job of its start ends; NULL for "done", "" for not at all
 * @refused: StartUnit() fails
 * @starts: how often it was started
 */
struct manager_unit {
	const char *name;
	const char *load_state;
	const char *active_state;
	const char *required_by;
	const char *result;
	bool refused;
	unsigned int starts;
};

/**
 * manager_begin() - start it
 * @units: what it has, NULL as the last name; not to be touched
 *	while it is asked something
 * @system_state: SystemState
 */
void manager_begin(struct manager_unit *units, const char *system_state);

/* End it; from now on no systemd is there. */
void manager_end(void);

#endif
