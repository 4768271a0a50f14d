/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is looked at before a commit. All checks are made, also when one has
 * failed, so that an operator sees everything at once.
 */
#ifndef FASTREBOOTD_PREFLIGHT_H
#define FASTREBOOTD_PREFLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "jobs/job.h"
#include "pool.h"

/**
 * struct preflight_facts - what is to be committed
 * @pool: as the kernel tells it
 * @slot: sealed
 * @max_blackout_usec: 0 for no limit
 * @now: the way without systemd
 * @ignore_inhibitors: what logind's clients ask for does not count
 * @unconfirmed: the running kernel need not be confirmed
 * @rollback: it has to work when tries are used up or a hook has an objection:
 *	those checks, and that of the blackout, are left out
 */
struct preflight_facts {
	const struct fr_pool_status *pool;
	const struct fr_slot *slot;
	uint64_t max_blackout_usec;
	bool now;
	bool ignore_inhibitors;
	bool unconfirmed;
	bool rollback;
};

/**
 * preflight_run() - make all checks
 * @job: running; in its thread
 * @facts: what is to be committed
 * @checks: array that each check is added to: name, ok, message
 * @error: the first check that failed
 *
 * Return: 0 or a negative errno.
 */
int preflight_run(struct job *job, const struct preflight_facts *facts,
		  struct json_object *checks, struct fr_error *error);

/* What a payload has beside the kernel. */
enum preflight_has {
	PREFLIGHT_KERNEL_ONLY,
	PREFLIGHT_INITRD,
	PREFLIGHT_ROOT_IMAGE,
};

/**
 * preflight_root() - will the next kernel find its root device?
 * @cmdline: of the payload
 * @has: what it has beside the kernel
 * @root: folder that stands for /
 * @error: why not
 * @note: filled with what was found
 * @size: bytes of it
 *
 * Return: 0; -ENODEV with FR_REFUSED; -ENOMEM.
 */
int preflight_root(const char *cmdline, enum preflight_has has,
		   const char *root, char *note, size_t size,
		   struct fr_error *error);

#endif
