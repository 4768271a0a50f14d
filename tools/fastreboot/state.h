/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fastreboot state: the objects of the state volume, and the volume itself.
 *
 * Unlike the other verbs these do their work here, without the daemon: what is on
 * the mounted volume is a matter of its files, and of the users that may read
 * and write them. Objects are read and written by libfastreboot-state alone.
 */
#ifndef STATE_H
#define STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "error.h"
#include "fastreboot-state.h"
#include "options.h"
#include "report.h"

enum state_verb_id {
	STATE_LIST,
	STATE_SAVE,
	STATE_RESTORE,
	STATE_CREATE,
	STATE_REMOVE,
	STATE_VERIFY,
	STATE_CHECK,
	STATE_MAKE,
};

/* Both end with an entry whose name is NULL. */
extern const struct cli_verb state_verbs[];
extern const struct cli_option state_options[];

/**
 * struct state_request - a parsed command line
 * @verb: what to do
 * @verb_given: @verb was named and is not the default
 * @help: --help
 * @json: JSON instead of text for people
 * @force: --force
 * @in_place: --in-place
 * @root: where the state volume is mounted; NULL: where it always is
 * @device: the volume's device
 * @schema: name of a schema; NULL: not given
 * @schema_version: its version; 0: not given
 * @size: bytes; 0: not given
 * @uid: owner; (uid_t)-1: not given
 * @gid: group; (gid_t)-1: not given
 * @mode: permissions; 0: not given
 * @name: first argument: object or file; NULL: not given
 * @file: second argument; "-" if it was not given
 */
struct state_request {
	const struct cli_verb *verb;
	bool verb_given;
	bool help;
	bool json;
	bool force;
	bool in_place;
	const char *root;
	const char *device;
	const char *schema;
	uint32_t schema_version;
	uint64_t size;
	uid_t uid;
	gid_t gid;
	mode_t mode;
	const char *name;
	const char *file;
};

/**
 * state_parse() - parse what stands behind "fastreboot state"
 * @argc: number of words, with one that is not looked at
 * @argv: the words, which are put into another order
 * @ret: what is asked for; on failure what was understood of it
 * @error: says what is wrong and where to look
 *
 * Return: 0, or -EINVAL with FR_USAGE, -ENOENT for owners that don't exist.
 */
int state_parse(int argc, char **argv, struct state_request *ret,
		struct fr_error *error);

/* Print the help text: of one verb, or of all if that is NULL. */
void state_print_help(FILE *out, const struct cli_verb *verb);

/**
 * state_main() - do what is asked for
 * @argc: number of words
 * @argv: the words
 * @at: index of the word "state"
 *
 * Return: the exit status.
 */
int state_main(int argc, char **argv, int at);

/**
 * state_report() - print what a verb has come to
 * @request: what was asked for
 * @message: one line for people
 * @details: more of it, or NULL
 *
 * Return: the exit status, 0.
 */
int state_report(const struct state_request *request, const char *message,
		 struct json_object *details);

/* The same for an error; and for one of the library, with its errno. */
int state_report_error(const struct state_request *request,
		       const struct fr_error *error);
int state_report_failure(const struct state_request *request, int err,
			 const struct fr_state_error *error);

/* The kind of failure that an errno of libfastreboot-state is. */
enum fr_failure state_failure(int err);

/* The verbs that print more than a line; they return the exit status. */
int state_list(const struct state_request *request);
int state_verify(const struct state_request *request);

/* What the status of an object is called. */
const char *state_status_name(const struct fr_state_info *info);

#endif
