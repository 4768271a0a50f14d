/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hooks: executables of the administrator's in
 * {etc,run,usr/lib}/fastreboot/<kind>.d, run in the order of their names, each
 * with all that it starts below a process of its own (base/process-tree.h), and
 * with the default signals. Of two with the same name the one in the folder
 * that comes first counts; a link to /dev/null or an empty file masks.
 */
#ifndef FASTREBOOTD_HOOKS_H
#define FASTREBOOTD_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct job;

/**
 * struct hooks_environment - what a hook is told, in its environment
 * @slot: FASTREBOOT_SLOT
 * @release: FASTREBOOT_RELEASE
 * @rollback: FASTREBOOT_ROLLBACK=1
 * @timeout_usec: of each hook
 * @stop_on_failure: the first hook that fails is the last
 */
struct hooks_environment {
	int slot;
	const char *release;
	bool rollback;
	uint64_t timeout_usec;
	bool stop_on_failure;
};

/**
 * hooks_run() - run all hooks of a kind
 * @root: folder that stands for /; "" for / itself
 * @kind: "preflight", "quiesce" or "unfreeze"
 * @environment: what they are told
 * @job: that is cancelled or not; NULL if it does not matter
 * @ret_count: how many there were
 * @error: which one has failed, and the last line that it said
 *
 * Blocks: not for the main thread.
 *
 * Return: 0; -EPERM with FR_REFUSED if one has failed; -ETIMEDOUT with
 * FR_REFUSED if one took too long; -ECANCELED; another negative errno.
 */
int hooks_run(const char *root, const char *kind,
	      const struct hooks_environment *environment, struct job *job,
	      unsigned int *ret_count, struct fr_error *error);

/**
 * hooks_run_program() - run a program as if it were a hook
 * @path: of the program
 * @environment: what it is told
 * @job: that is cancelled or not; NULL if it does not matter
 * @error: as for hooks_run()
 *
 * Return: as hooks_run().
 */
int hooks_run_program(const char *path,
		      const struct hooks_environment *environment,
		      struct job *job, struct fr_error *error);

#endif
