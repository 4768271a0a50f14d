/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line. Verbs and options are two tables, from which come parsing,
 * --help and a test that compares man page and completions with them.
 *
 * An option belongs to one meaning and to the verbs that have a use for it; with
 * another verb it is an error rather than ignored. What exists here is never
 * renamed.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "option-table.h"

enum cli_verb_id {
	CLI_STATUS,
	CLI_STAGE,
	CLI_VERIFY,
	CLI_COMMIT,
	CLI_CONFIRM,
	CLI_ROLLBACK,
	CLI_UNSTAGE,
	CLI_TIMELINE,
	CLI_MONITOR,
	CLI_LIST,
	CLI_HISTORY,
	CLI_CANCEL,
	CLI_DISARM,
	CLI_CHECK,
	CLI_SETUP,
	CLI_STATE,
	CLI_MANIFEST,
};

/* Both end with an entry whose name is NULL. */
extern const struct cli_verb cli_verbs[];
extern const struct cli_option cli_options[];

extern const struct cli_option_table cli_table;

/* As many as the daemon takes. */
#define CLI_INITRDS_MAX 32

/**
 * struct cli_request - a parsed command line
 * @verb: what to do
 * @help: --help: with the verb's own help if it was @verb_given
 * @version: --version
 * @verb_given: @verb was named and is not the default
 * @json: JSON instead of text for people
 * @no_progress: no progress bar
 * @quiet: that it went well is not reported: something follows
 * @private_socket: don't try the system bus
 * @replace: give up a sealed slot if no other is free
 * @dry_run: check, change nothing
 * @wipe_state: the payload must not see the state volume's content
 * @last_log: what the kernel before has said last
 * @now: reboot without systemd
 * @ignore_inhibitors: also while a program inhibits a shutdown
 * @unconfirmed: also from a kernel that is not confirmed
 * @entry, @uki, @kernel: the payload; at most one of them, file names as given
 * @initrds: file names, NULL-terminated
 * @root_image, @devicetree, @cmdline, @manifest, @signature: as given; NULL: not given
 * @reason: why to roll back; NULL: not given
 * @max_blackout_usec: limit in microseconds, not 0; UINT64_MAX: not given
 * @delay_usec: when to commit, in microseconds from now; 0: at once
 * @message: for the terminals of all who are logged in; NULL: not given
 * @slot: number of a slot; -1: the staged one
 * @count: how many updates, at least 1
 * @undo: take back what setup has done
 * @size: of the pool in bytes; 0: not given
 * @state_size: of the state volume in bytes; 0: not given
 *
 * All strings are borrowed from the command line.
 */
struct cli_request {
	const struct cli_verb *verb;
	bool help;
	bool version;
	bool verb_given;
	bool json;
	bool no_progress;
	bool quiet;
	bool private_socket;
	bool replace;
	bool dry_run;
	bool wipe_state;
	bool last_log;
	bool now;
	bool ignore_inhibitors;
	bool unconfirmed;
	const char *entry;
	const char *uki;
	const char *kernel;
	const char *initrds[CLI_INITRDS_MAX + 1];
	const char *root_image;
	const char *devicetree;
	const char *cmdline;
	const char *manifest;
	const char *signature;
	const char *reason;
	uint64_t max_blackout_usec;
	uint64_t delay_usec;
	const char *message;
	int32_t slot;
	unsigned int count;
	bool undo;
	uint64_t size;
	uint64_t state_size;
};

/**
 * cli_is_asked() - is this command line about a verb that has one of its own?
 * @argc: number of words
 * @argv: the words
 * @verb: the verb
 *
 * Return: the index of the word, if that is the first one which is no option and
 * no option's argument; 0 otherwise.
 */
int cli_is_asked(int argc, char **argv, const char *verb);

/**
 * cli_without_word() - a command line without one of its words
 * @argc: number of words
 * @argv: the words
 * @at: index of the one that is left out
 *
 * Return: argc - 1 words and NULL, of which the array alone is to be freed; NULL
 * without memory.
 */
char **cli_without_word(int argc, char **argv, int at);

/**
 * cli_parse() - parse a command line
 * @argc: number of words, with the program's name
 * @argv: the words, which are put into another order
 * @ret: what is asked for. On failure it has what was understood, so that the
 *	failure is reported in the form that was asked for
 * @error: says what is wrong and where to look
 *
 * Return: 0, or -EINVAL with FR_USAGE.
 */
int cli_parse(int argc, char **argv, struct cli_request *ret,
	      struct fr_error *error);

/**
 * cli_print_help() - print the help text
 * @out: where to
 * @verb: the verb that it is about; NULL: about all of them
 */
void cli_print_help(FILE *out, const struct cli_verb *verb);

#endif
