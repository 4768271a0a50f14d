/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two files of the health gate, both JSON, written as a whole and readable by
 * all. Both are ABI: docs/abi-json.md.
 *
 *	/var/lib/fastreboot/baseline.json	how well the system was before it was
 *		committed to another payload, schema org.fastreboot.baseline/1
 *	/run/fastreboot-health/verdict.json	what the gate says of the running
 *		kernel, schema org.fastreboot.health/1; fastrebootd shows it
 */
#ifndef FASTREBOOT_HEALTH_BASELINE_H
#define FASTREBOOT_HEALTH_BASELINE_H

#include "error.h"
#include "state.h"

/**
 * baseline_load() - read the baseline
 * @root: folder that stands for /, "" for / itself
 * @ret: @expected, @failed and @network are filled in; untouched on failure
 * @error: what went wrong
 *
 * Return: 0; -ENOENT if there is none; another negative errno with FR_FAILED.
 */
int baseline_load(const char *root, struct health_state *ret,
		  struct fr_error *error);

/**
 * baseline_store() - write it, so that it survives a loss of power
 * @root: as of baseline_load()
 * @state: what to write
 * @error: what went wrong
 *
 * Return: 0; a negative errno with FR_FAILED or FR_NO_MEMORY, and the file as it
 * was.
 */
int baseline_store(const char *root, const struct health_state *state,
		   struct fr_error *error);

/**
 * verdict_store() - write the verdict
 * @root: as of baseline_load()
 * @verdict: "waiting", "passed" or "failed"
 * @problems: a line for people each; may be NULL
 * @error: what went wrong
 *
 * Return: as of baseline_store().
 */
int verdict_store(const char *root, const char *verdict, char *const *problems,
		  struct fr_error *error);

#endif
