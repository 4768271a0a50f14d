// SPDX-License-Identifier: GPL-2.0-or-later
#include "option-table.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

/* getopt_long(3) returns the option's number plus this, so that it is never
 * mistaken for a letter.
 */
#define OPTION_BASE 0x100

/**
 * struct getopt_words - a table as getopt_long(3) takes it
 * @letters: what stands before them, and of each option a letter and a colon
 * @options: all of them, and the end
 */
struct getopt_words {
	char letters[2 * CLI_OPTIONS_MAX + 4];
	struct option options[CLI_OPTIONS_MAX + 1];
};

int cli_usage(const struct cli_option_table *table, const char *what,
	      const char *about, struct fr_error *error)
{
	return fr_fail(error, FR_USAGE, -EINVAL,
		       "%s '%s'; '%s --help' shows how to use it", what, about,
		       table->command);
}

/* @first: what getopt_long(3) has to know before the first letter. */
static void fill_words(const struct cli_option_table *table, const char *first,
		       struct getopt_words *ret)
{
	char *letter = ret->letters + strlen(first);

	memset(ret, 0, sizeof(*ret));
	strcpy(ret->letters, first);
	for (int i = 0; table->options[i].name; i++) {
		const struct cli_option *option = &table->options[i];

		ret->options[i].name = option->name;
		ret->options[i].has_arg = option->argument ? required_argument :
							     no_argument;
		ret->options[i].val = OPTION_BASE + i;
		if (!option->short_name)
			continue;
		*letter++ = option->short_name;
		if (option->argument)
			*letter++ = ':';
	}
}

static int option_from_getopt(const struct cli_option_table *table, int value)
{
	if (value >= OPTION_BASE)
		return value - OPTION_BASE;
	for (int i = 0; table->options[i].name; i++)
		if (table->options[i].short_name == value)
			return i;
	return -1;
}

static int bad_option(const struct cli_option_table *table, int value,
		      const char *word, struct fr_error *error)
{
	const char letter[] = { '-', optopt, '\0' };

	if (value == ':')
		return cli_usage(table, "an argument is missing to", word,
				 error);
	/* A letter may be one of several in its word; optopt is more than that
	 * for a long option with an argument that it does not take.
	 */
	if (optopt > 0 && optopt < OPTION_BASE)
		word = letter;
	return cli_usage(table, "there is no option", word, error);
}

/* Take note of what getopt_long(3) has just found. */
static int take_option(const struct cli_option_table *table, int value,
		       const char *word, void *request, unsigned int *seen,
		       struct fr_error *error)
{
	int option = option_from_getopt(table, value);

	if (value == ':' || option < 0)
		return bad_option(table, value, word, error);
	*seen |= 1U << option;
	return table->set(request, option, optarg, error);
}

int cli_parse_options(const struct cli_option_table *table, int argc,
		      char **argv, void *request, unsigned int *ret_seen,
		      struct fr_error *error)
{
	struct getopt_words words;
	int value, err = 0;

	fill_words(table, ":", &words);
	*ret_seen = 0;
	/* Not 1: this is what makes glibc start anew. */
	optind = 0;
	while ((value = getopt_long(argc, argv, words.letters, words.options,
				    NULL)) != -1) {
		int this = take_option(table, value, argv[optind - 1], request,
				       ret_seen, err < 0 ? NULL : error);

		err = err < 0 ? err : this;
	}
	return err < 0 ? err : optind;
}

int cli_find_word(const struct cli_option_table *table, int argc, char **argv)
{
	struct getopt_words words;

	/* With the "+" it stops there, and the words keep their order. */
	fill_words(table, "+:", &words);
	optind = 0;
	while (getopt_long(argc, argv, words.letters, words.options, NULL) !=
	       -1)
		continue;
	return optind;
}

int cli_find_verb(const struct cli_option_table *table, const char *name,
		  const struct cli_verb **ret, struct fr_error *error)
{
	for (const struct cli_verb *verb = table->verbs; verb->name; verb++) {
		if (!strcmp(verb->name, name)) {
			*ret = verb;
			return 0;
		}
	}
	return cli_usage(table, "there is no verb", name, error);
}

int cli_check_options(const struct cli_option_table *table,
		      const struct cli_verb *verb, unsigned int seen,
		      struct fr_error *error)
{
	for (int i = 0; table->options[i].name; i++) {
		const struct cli_option *option = &table->options[i];

		if (!(seen & 1U << i) || option->verbs & 1U << verb->id)
			continue;
		return fr_fail(error, FR_USAGE, -EINVAL,
			       "--%s does not go with '%s'; "
			       "'%s %s --help' shows what does",
			       option->name, verb->name, table->command,
			       verb->name);
	}
	return 0;
}

int cli_check_arguments(const struct cli_option_table *table,
			const struct cli_verb *verb, int argc, char **argv,
			struct fr_error *error)
{
	if (argc < verb->min)
		return fr_fail(error, FR_USAGE, -EINVAL,
			       "%s needs %s; '%s --help' shows how to use it",
			       verb->name, verb->arguments, table->command);
	if (argc > verb->max)
		return cli_usage(table,
				 "one argument too many:", argv[verb->max],
				 error);
	return 0;
}

void cli_print_option(FILE *out, const struct cli_option *option)
{
	char name[32];

	snprintf(name, sizeof(name), "--%s%s%s", option->name,
		 option->argument ? "=" : "", option->argument ?: "");
	if (option->short_name)
		fprintf(out, "  -%c, %-20s %s\n", option->short_name, name,
			option->summary);
	else
		fprintf(out, "      %-20s %s\n", name, option->summary);
}
