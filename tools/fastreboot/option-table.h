/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How verbs and options are parsed and shown: the same for "fastreboot", "fastreboot
 * state" and "fastreboot manifest", which have a table of both each.
 */
#ifndef OPTION_TABLE_H
#define OPTION_TABLE_H

#include <stdio.h>

#include "error.h"

/**
 * struct cli_option - an option
 * @name: without the two hyphens
 * @argument: its argument as usage shows it; NULL: it takes none
 * @summary: half a sentence
 * @short_name: letter, or 0
 * @verbs: bit mask of 1 << the verb's number, CLI_ANY_VERB for all
 */
struct cli_option {
	const char *name;
	const char *argument;
	const char *summary;
	char short_name;
	unsigned int verbs;
};

#define CLI_ANY_VERB (~0U)

/**
 * struct cli_verb - what a command can be asked to do
 * @name: the word
 * @arguments: its arguments as usage shows them, "" for none
 * @summary: half a sentence
 * @min: least number of arguments
 * @max: most
 * @id: its number
 */
struct cli_verb {
	const char *name;
	const char *arguments;
	const char *summary;
	int min;
	int max;
	int id;
};

/* As many as a mask of them has bits. */
#define CLI_OPTIONS_MAX 32

/**
 * struct cli_option_table - the verbs and options of a command
 * @verbs: the last entry's name is NULL
 * @options: at most CLI_OPTIONS_MAX; the last entry's name is NULL
 * @command: what is typed to get at them, for errors
 * @set: takes note of an option, by its place in the table, with its argument;
 *	returns 0 or a negative errno, with @error filled, which may be NULL
 */
struct cli_option_table {
	const struct cli_verb *verbs;
	const struct cli_option *options;
	const char *command;
	int (*set)(void *request, int option, const char *text,
		   struct fr_error *error);
};

/**
 * cli_usage() - fail because of a word
 * @table: of the command that does not understand it
 * @what: what is wrong with it
 * @about: the word
 * @error: says so, and where to look
 *
 * Return: -EINVAL with FR_USAGE.
 */
int cli_usage(const struct cli_option_table *table, const char *what,
	      const char *about, struct fr_error *error);

/**
 * cli_parse_options() - take note of all options of a command line
 * @table: the options that there are
 * @argc: number of words, with the program's name
 * @argv: the words, which are put into another order: those that are no options
 *	are at its end afterwards
 * @request: for the table's set()
 * @ret_seen: bit mask of the options that were given
 * @error: the first failure. The rest is parsed all the same, for the sake of a
 *	--json behind it
 *
 * Return: the index of the first word that is no option, @argc if there is none;
 * -EINVAL with FR_USAGE, or the errno that set() has returned.
 */
int cli_parse_options(const struct cli_option_table *table, int argc,
		      char **argv, void *request, unsigned int *ret_seen,
		      struct fr_error *error);

/**
 * cli_find_word() - find the first word that is no option
 * @table: the options that there are
 * @argc: number of words, with the program's name
 * @argv: the words, which stay in their order
 *
 * Nor is it the argument of one, unless the option is not in the table: then it
 * is taken for one without an argument.
 *
 * Return: its index; @argc if there is none.
 */
int cli_find_word(const struct cli_option_table *table, int argc, char **argv);

/**
 * cli_check_options() - do all options go with the verb?
 * @table: the options that there are
 * @verb: the verb
 * @seen: bit mask of those that were given
 * @error: names an option that does not
 *
 * Return: 0, or -EINVAL with FR_USAGE.
 */
int cli_check_options(const struct cli_option_table *table,
		      const struct cli_verb *verb, unsigned int seen,
		      struct fr_error *error);

/**
 * cli_find_verb() - find a verb
 * @table: the verbs that there are
 * @name: word
 * @ret: the verb; untouched on failure
 * @error: says that there is none of that name
 *
 * Return: 0, or -EINVAL with FR_USAGE.
 */
int cli_find_verb(const struct cli_option_table *table, const char *name,
		  const struct cli_verb **ret, struct fr_error *error);

/**
 * cli_check_arguments() - is it the right number of arguments for a verb?
 * @table: of the command
 * @verb: the verb
 * @argc: number of arguments
 * @argv: the arguments
 * @error: names the one that is too many, or what is missing
 *
 * Return: 0, or -EINVAL with FR_USAGE.
 */
int cli_check_arguments(const struct cli_option_table *table,
			const struct cli_verb *verb, int argc, char **argv,
			struct fr_error *error);

/**
 * cli_print_option() - print a line of a help text
 * @out: where to
 * @option: what it is about
 */
void cli_print_option(FILE *out, const struct cli_option *option);

#endif
