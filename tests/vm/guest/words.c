// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of a command line, and the numbers and options among them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"

/* Move the word at *@at to its own start, without quotes; step behind it. */
static int take_word(char **at)
{
	char *from = *at, *to = *at;
	bool quoted = false;

	for (; *from && (quoted || *from != ' '); from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	}
	if (quoted)
		return -EINVAL;
	*at = *from ? from + 1 : from;
	*to = '\0';
	return 0;
}

/**
 * split_words - split a line at its blanks
 * @line: changed; the words stay in it. Double quotes keep blanks together
 * @ret_words: the words, and NULL; room for @max + 1
 * @max: number of words
 *
 * Return: the number of words, or -EINVAL or -E2BIG; the first word, if there
 * is one, is set in any case.
 */
int split_words(char *line, char **ret_words, int max)
{
	int count = 0;

	for (;;) {
		while (*line == ' ')
			line++;
		if (!*line)
			break;
		if (count == max)
			return -E2BIG;
		ret_words[count++] = line;
		if (take_word(&line))
			return -EINVAL;
	}
	ret_words[count] = NULL;
	return count;
}

/**
 * unescape - replace \n by a line feed and \\ by a backslash, in place
 * @text: to change
 *
 * Return: the new length in bytes.
 */
size_t unescape(char *text)
{
	char *from = text, *to = text;

	while (*from) {
		if (from[0] == '\\' && from[1]) {
			from++;
			*to++ = *from == 'n' ? '\n' : *from;
			from++;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	return to - text;
}

/**
 * option - find an argument of the form name=value
 *
 * Return: the value, or NULL.
 */
const char *option(char **args, const char *name)
{
	size_t length = strlen(name);

	for (; *args; args++) {
		if (!strncmp(*args, name, length) && (*args)[length] == '=')
			return *args + length + 1;
	}
	return NULL;
}

/**
 * option_number - the value of an argument of the form name=number
 * @args: NULL-terminated
 * @name: of the option
 * @value: unchanged if there is no such argument
 *
 * Return: 0 or -EINVAL.
 */
int option_number(char **args, const char *name, uint64_t *value)
{
	const char *text = option(args, name);

	return text ? parse_number(text, value) : 0;
}

/**
 * parse_number - read a number
 * @text: decimal or 0x..., with K, M or G behind it if need be
 * @ret_value: unchanged on failure
 *
 * Return: 0 or -EINVAL; fail() has been called.
 */
int parse_number(const char *text, uint64_t *ret_value)
{
	static const char units[] = "KMG";
	const char *unit;
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	unit = *end ? strchr(units, *end) : NULL;
	if (unit && end != text) {
		value <<= 10 * (unit - units + 1);
		end++;
	}
	if (errno || end == text || *end)
		return fail(-EINVAL, "read the number %s", text);
	*ret_value = value;
	return 0;
}
