// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmdline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

static const char blanks[] = " \t\r\n\v\f";

/* A word of a command line, where it stands there. */
struct word {
	const char *text;
	size_t size;
};

/* Moves @at behind the word. Returns false if there is none any more. */
static bool next_word(const char **at, struct word *ret)
{
	const char *end;
	bool quoted = false;

	*at += strspn(*at, blanks);
	for (end = *at; *end && (quoted || !strchr(blanks, *end)); end++)
		if (*end == '"')
			quoted = !quoted;
	*ret = (struct word){ .text = *at, .size = (size_t)(end - *at) };
	*at = end;
	return ret->size > 0;
}

static bool is(const struct word *word, const char *text)
{
	return word->size == strlen(text) &&
	       !memcmp(word->text, text, word->size);
}

/* The next word that is the kernel's. */
static bool next_of_kernel(const char **at, struct word *ret)
{
	return next_word(at, ret) && !is(ret, "--");
}

/* To be freed; NULL without memory. */
static char *without_quotes(const struct word *word)
{
	char *copy = malloc(word->size + 1);
	char *to = copy;

	if (!copy)
		return NULL;
	for (size_t i = 0; i < word->size; i++)
		if (word->text[i] != '"')
			*to++ = word->text[i];
	*to = '\0';
	return copy;
}

int fr_cmdline_value(const char *cmdline, const char *name, char **ret)
{
	_cleanup_free_ char *value = NULL;
	size_t size = strlen(name);
	struct word word;

	while (next_of_kernel(&cmdline, &word)) {
		_cleanup_free_ char *plain = without_quotes(&word);

		if (!plain)
			return -ENOMEM;
		if (strncmp(plain, name, size) || plain[size] != '=')
			continue;
		free(value);
		value = strdup(plain + size + 1);
		if (!value)
			return -ENOMEM;
	}
	*ret = fr_steal_pointer(value);
	return 0;
}

/* All of a word may be quoted. */
static bool begins(const struct word *word, const char *start)
{
	size_t quote = word->size && *word->text == '"';

	return word->size - quote >= strlen(start) &&
	       !memcmp(word->text + quote, start, strlen(start));
}

/* Does a word say what the root device is, or how to mount it? */
static bool is_about_root(const struct word *word)
{
	static const char *const whole[] = { "ro", "rw", "rootwait" };
	static const char *const starts[] = {
		"root=", "rootfstype=", "rootflags=", "rootwait=", "rootdelay="
	};

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (is(word, whole[i]))
			return true;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (begins(word, starts[i]))
			return true;
	return false;
}

/* Quotes that are never closed are closed, so that more words can follow. */
static void put_word(FILE *out, const struct word *word)
{
	bool quoted = false;

	for (size_t i = 0; i < word->size; i++)
		quoted ^= word->text[i] == '"';
	fprintf(out, "%s%.*s%s", ftell(out) ? " " : "", (int)word->size,
		word->text, quoted ? "\"" : "");
}

/* Writes what is init's, with the "--" before it, from the kernel's end on. */
static void put_rest(FILE *out, const char *at)
{
	at += strspn(at, blanks);
	if (*at)
		fprintf(out, "%s%s", ftell(out) ? " " : "", at);
}

/* What of the words is left out, and made anew. */
enum anew {
	ANEW_NOTHING,
	/* The root is that of another payload, and all but its type can stay. */
	ANEW_TYPE,
	ANEW_ROOT,
};

static bool is_kept(const struct word *word, enum anew anew)
{
	if (anew == ANEW_TYPE)
		return !begins(word, "rootfstype=");
	return anew == ANEW_NOTHING || !is_about_root(word);
}

static void put_with_root(FILE *out, const char *cmdline, const char *type,
			  enum anew anew)
{
	const char *at = cmdline;
	struct word word;

	while (next_of_kernel(&at, &word)) {
		cmdline = at;
		if (is_kept(&word, anew))
			put_word(out, &word);
	}
	if (anew != ANEW_TYPE)
		fprintf(out, "%sroot=" FR_ROOT_DEVICE " ro",
			ftell(out) ? " " : "");
	if (type)
		fprintf(out, " rootfstype=%s", type);
	put_rest(out, cmdline);
}

static int make_with_root(const char *cmdline, const char *type, enum anew anew,
			  char **ret)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -ENOMEM;
	put_with_root(out, cmdline, type, anew);
	if (fclose(out)) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	return 0;
}

int fr_cmdline_add_root(const char *cmdline, const char *type, bool replace,
			char **ret)
{
	_cleanup_free_ char *root = NULL;
	_cleanup_free_ char *own_type = NULL;

	if (fr_cmdline_value(cmdline, "root", &root) < 0 ||
	    fr_cmdline_value(cmdline, "rootfstype", &own_type) < 0)
		return -ENOMEM;
	if (root && !replace) {
		*ret = strdup(cmdline);
		return *ret ? 0 : -ENOMEM;
	}
	if (root && !strcmp(root, FR_ROOT_DEVICE))
		return make_with_root(cmdline, type, ANEW_TYPE, ret);
	if (own_type && !replace)
		type = NULL;
	return make_with_root(cmdline, type, replace ? ANEW_ROOT : ANEW_NOTHING,
			      ret);
}
