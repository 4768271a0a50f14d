/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the time of a reboot went: the blackout by phase, from the kernel, and
 * what userspace took before and after it.
 */
#ifndef FR_TIMELINE_H
#define FR_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "error.h"

#define FR_TIMELINE_SCHEMA "org.fastreboot.timeline/1"

/* The kernel's phases, and room for more. */
#define FR_PHASES_MAX 15

/* A duration that is not known. */
#define FR_DURATION_UNKNOWN (-1)

/**
 * struct fr_phase - when a phase began
 * @name: the kernel's word
 * @at_ns: nanoseconds since reboot(2) was entered in the old kernel
 */
struct fr_phase {
	char name[24];
	uint64_t at_ns;
};

/**
 * struct fr_timeline - one reboot
 * @n_phases: phases in @phases; 0 if the kernel was not started by kexec
 * @phases: in order of time
 * @relocated_bytes: bytes that the jump copied
 * @relocated_ranges: contiguous pieces that it copied them in
 * @shutdown_ns: from the commit to reboot(2), or FR_DURATION_UNKNOWN
 * @start_ns: from init to the end of the start, or FR_DURATION_UNKNOWN
 */
struct fr_timeline {
	size_t n_phases;
	struct fr_phase phases[FR_PHASES_MAX];
	uint64_t relocated_bytes;
	uint64_t relocated_ranges;
	int64_t shutdown_ns;
	int64_t start_ns;
};

/**
 * fr_timeline_parse() - read the text of the kernel's file
 * @text: lines of name, blank and number; names that are not known don't count
 * @ret_timeline: userspace's parts are unknown; untouched on failure
 * @error: what went wrong
 *
 * Return: 0, or -EBADMSG with FR_UNSUPPORTED.
 */
int fr_timeline_parse(const char *text, struct fr_timeline *ret_timeline,
		      struct fr_error *error);

/**
 * fr_timeline_phase() - when a phase began
 * @timeline: parsed
 * @name: the kernel's word
 * @ret_at_ns: nanoseconds since reboot(2)
 *
 * Return: false, with @ret_at_ns untouched, if it was not recorded.
 */
bool fr_timeline_phase(const struct fr_timeline *timeline, const char *name,
		       uint64_t *ret_at_ns);

/**
 * fr_timeline_blackout() - from reboot(2) to the next kernel's init
 * @timeline: parsed
 * @ret_ns: nanoseconds
 *
 * Return: false, with @ret_ns untouched, if it is not known.
 */
bool fr_timeline_blackout(const struct fr_timeline *timeline, uint64_t *ret_ns);

/**
 * fr_timeline_to_json() - schema org.fastreboot.timeline/1
 * @timeline: parsed
 *
 * Return: an object that the caller puts, or NULL without memory.
 */
struct json_object *fr_timeline_to_json(const struct fr_timeline *timeline);

#endif
