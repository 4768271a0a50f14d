/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The doctor: what stands between this machine and a good fast reboot.
 *
 * Each check looks at one thing and says a line about it, and what to do where it is
 * not as it should be. None needs another: what can't be looked at is unknown, and
 * the rest is said all the same. Nothing is changed.
 */
#ifndef CHECK_H
#define CHECK_H

#include <json-c/json.h>
#include <stdbool.h>

#include "client.h"
#include "config.h"
#include "error.h"
#include "pool.h"

/* How it stands with a thing; the words are an ABI. */
enum check_status {
	CHECK_OK, /* as it should be */
	CHECK_NOTE, /* a choice, which could be another one */
	CHECK_WARNING, /* a fast reboot works, but not as well as it could */
	CHECK_PROBLEM, /* a fast reboot does not work, or can't be trusted */
	CHECK_UNKNOWN, /* it can't be looked at */
};

/**
 * struct doctor - what the checks look at, and what they have said
 * @list: array of the checks of org.fastreboot.check/1
 * @problems: how many there are
 * @config: the configuration, or the defaults where it can't be read
 * @config_error: why it can't be
 * @supported: the kernel has fast reboot
 * @pool: as the kernel tells it; empty if it is not supported
 * @pool_error: why there is no pool
 * @status: org.fastreboot.status/1; NULL without a daemon
 * @daemon_error: why there is none
 * @err: -ENOMEM once there was no memory
 */
struct doctor {
	struct json_object *list;
	unsigned int problems;
	struct fr_config config;
	struct fr_error config_error;
	bool supported;
	struct fr_pool_status pool;
	struct fr_error pool_error;
	struct json_object *status;
	struct fr_error daemon_error;
	int err;
};

/**
 * check_say() - the line of a check
 * @doctor: the doctor
 * @name: of the check: an ABI
 * @status: how it stands
 * @advice: what to do; NULL: nothing
 * @format: as for printf(3): what was found
 */
void check_say(struct doctor *doctor, const char *name,
	       enum check_status status, const char *advice, const char *format,
	       ...) __attribute__((__format__(printf, 5, 6)));

/* The checks of the kernel and the machine below it; false: nothing else matters. */
bool check_place(struct doctor *doctor);
void check_kernel(struct doctor *doctor);
void check_pool(struct doctor *doctor);
void check_firmware(struct doctor *doctor);
void check_watchdog(struct doctor *doctor);

/* Those of the system: configuration, units, files. */
void check_configuration(struct doctor *doctor);
void check_units(struct doctor *doctor);
void check_signatures(struct doctor *doctor);
void check_state_volume(struct doctor *doctor);
void check_journal(struct doctor *doctor);
void check_payloads(struct doctor *doctor);

/* Those of what the daemon knows. */
void check_daemon(struct doctor *doctor);
void check_update(struct doctor *doctor);
void check_way_back(struct doctor *doctor);
void check_blackout(struct doctor *doctor);

/**
 * check_make() - make all checks
 * @client: connection; may have none
 * @ret: org.fastreboot.check/1, to be released by the caller
 * @ret_problems: how many checks have found a problem
 * @error: why not
 *
 * Return: 0; -ENOMEM.
 */
int check_make(struct client *client, struct json_object **ret,
	       unsigned int *ret_problems, struct fr_error *error);

#endif
