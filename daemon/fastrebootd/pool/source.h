/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The source of a payload: what the kernel keeps for us across the reboot.
 *
 * It is the line of JSON that fr_payload_source() makes, so that the payload
 * can be staged again, with more members that this daemon adds:
 *
 *	sequence		number that says what was staged last: one more than
 *				any source had that the kernel knew then
 *	staged_at		when, ISO 8601 in UTC: for people, as clocks are set back
 *	title			what to call it
 *	kernel_sha256,
 *	initrd_sha256,
 *	root_sha256		of what was read, to be compared with the seal's:
 *				one for each segment that was written
 *	payload_sha256		of all of it, as of fr_payload_pin(): a rollback is to
 *				these very bytes, or to nothing
 *	version			of the payload, as its maker has signed it; not there
 *				if nothing signed says it
 *	inherited_cmdline	what it got from the kernel that ran then, where
 *				nothing else gives it a command line
 *	schemas			what it declares to understand, as fr_schemas_format()
 *				has it; not there if it declares nothing
 *	rollback_from		release that it was rolled back from
 *	rollback_reason		why
 */
#ifndef FASTREBOOTD_SOURCE_H
#define FASTREBOOTD_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/**
 * struct source_notes - what is added; NULL, or 0, for what is not
 */
struct source_notes {
	uint64_t sequence;
	const char *staged_at;
	const char *title;
	const char *kernel_sha256;
	const char *initrd_sha256;
	const char *root_sha256;
	const char *payload_sha256;
	const char *version;
	const char *inherited_cmdline;
	const char *schemas;
	const char *rollback_from;
	const char *rollback_reason;
};

/**
 * source_annotate() - add to a source
 * @source: of fr_payload_source()
 * @notes: what to add
 * @ret_source: one line, at most FR_SLOT_SOURCE_MAX bytes; to be freed. What
 *	only informs is left out when there is no room
 * @error: what went wrong
 *
 * Return: 0, -E2BIG with FR_TOO_LARGE, -EINVAL, -ENOMEM.
 */
int source_annotate(const char *source, const struct source_notes *notes,
		    char **ret_source, struct fr_error *error);

/**
 * source_is_pinned() - do its hashes bind all of a payload?
 * @source: any text, also an empty one
 */
bool source_is_pinned(const char *source);

/**
 * source_check_pins() - are these the bytes that a source tells of?
 * @pinned: the source; what it has no hash of is not compared
 * @notes: hashes of what was read
 * @error: what differs
 *
 * Return: 0; -EBADMSG with FR_OTHER_PAYLOAD.
 */
int source_check_pins(const char *pinned, const struct source_notes *notes,
		      struct fr_error *error);

/**
 * source_sequence() - the sequence of a payload
 * @source: any text, also an empty one
 *
 * Return: from 1 to INT64_MAX - 1; 0 if it has none.
 */
uint64_t source_sequence(const char *source);

/**
 * source_member() - the text of a member
 * @source: any text, also an empty one
 * @name: member
 *
 * Return: to be freed; NULL if there is no such text.
 */
char *source_member(const char *source, const char *name);

#endif
