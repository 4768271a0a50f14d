/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What could be staged. */
#ifndef LIST_H
#define LIST_H

#include <json-c/json.h>
#include <stdint.h>

#include "config.h"
#include "error.h"

/**
 * list_make() - look at all entries and UKIs, as staging them would
 * @config: boot roots, limits and certificates
 * @status: org.fastreboot.status/1, for what is staged and what runs; may be NULL
 * @ret: org.fastreboot.list/1, to be released by the caller
 * @error: why not
 *
 * An entry that can't be staged is in the list, and says why.
 *
 * Return: 0, or a negative errno.
 */
int list_make(const struct fr_config *config, struct json_object *status,
	      struct json_object **ret, struct fr_error *error);

/**
 * list_measure() - what an entry of the list takes in a slot
 * @config: as of list_make()
 * @entry: of org.fastreboot.list/1
 *
 * Reads all of it, which takes as long as staging it.
 *
 * Return: bytes, with some for what the kernel clears and for alignment; 0 for one
 * that can't be staged.
 */
uint64_t list_measure(const struct fr_config *config,
		      struct json_object *entry);

#endif
