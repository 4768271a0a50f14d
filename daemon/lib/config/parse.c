// SPDX-License-Identifier: GPL-2.0-or-later
/* The text of a file: sections, and lines "Key=value". */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "parse.h"
#include "strv.h"
#include "table.h"
#include "values.h"

/* The section of lines that belong to none that is known. */
static const char unknown_section[] = "";

/**
 * struct text - a text on its way
 * @config: what it changes
 * @section: where its next line belongs; NULL in front of the first
 * @place: where that line is
 * @harmless: that line is of a setting that has no trust in it
 */
struct text {
	struct fr_config *config;
	const char *section;
	struct place place;
	bool harmless;
};

int config_pass_over(struct fr_config *config, const char *what,
		     struct fr_error *error)
{
	char *copy = strdup(what);

	if (!copy || fr_strv_add(&config->passed_over, copy) < 0)
		return fr_fail_memory(error);
	return 0;
}

/* What a newer version has may be known there. */
__attribute__((__format__(printf, 2, 3))) static int
pass_over(struct text *text, const char *format, ...)
{
	struct fr_error what = { 0 };
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what.text, sizeof(what.text), format, arguments);
	va_end(arguments);
	return config_pass_over(text->config, what.text, text->place.error);
}

/* Cut blanks off both ends. */
static char *strip(char *text)
{
	size_t size;

	text += strspn(text, BLANKS);
	size = strlen(text);
	while (size && strchr(BLANKS, text[size - 1]))
		text[--size] = '\0';
	return text;
}

static int set_section(struct text *text, char *line)
{
	const struct place *place = &text->place;
	size_t size = strlen(line);

	text->section = unknown_section;
	if (line[size - 1] != ']')
		return fr_fail(place->error, FR_FAILED, -EINVAL,
			       "%s:%u: no ']' at the end of a section's name",
			       place->name, place->line);
	line[size - 1] = '\0';
	text->section = config_find_section(line + 1) ?: unknown_section;
	if (text->section != unknown_section)
		return 0;
	return pass_over(
		text,
		"%s:%u: there is no section [%s], it has no effect; fastreboot.conf(5) "
		"has them all",
		place->name, place->line, line + 1);
}

/*
 * The key about trust that this one was meant to be, or NULL. Without effect it must
 * not be: payloads would be taken that must not be.
 */
static const char *trust_key(const char *key)
{
	static const char *const names[] = { "TrustedCertificates",
					     "RevocationLists" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcasecmp(key, names[i]))
			return names[i];
	return NULL;
}

static int set_unknown(struct text *text, const char *key)
{
	const struct place *place = &text->place;

	if (trust_key(key))
		return fr_fail(place->error, FR_FAILED, -EINVAL,
			       "%s:%u: %s= has no effect here; it has to be "
			       "%s= in [Stage]",
			       place->name, place->line, key, trust_key(key));
	if (text->section == unknown_section)
		return 0;
	return pass_over(
		text,
		"%s:%u: there is no key %s in [%s], it has no effect; fastreboot.conf(5) "
		"has them all",
		place->name, place->line, key, text->section);
}

static int set_value(struct text *text, char *line)
{
	const struct place *place = &text->place;
	const struct setting *setting;
	char *equals = strchr(line, '=');
	const char *key;

	if (!equals)
		return fr_fail(place->error, FR_FAILED, -EINVAL,
			       "%s:%u: this is neither a section nor Key=value",
			       place->name, place->line);
	if (!text->section)
		return fr_fail(place->error, FR_FAILED, -EINVAL,
			       "%s:%u: a key in front of the first section",
			       place->name, place->line);
	*equals = '\0';
	key = strip(line);
	setting = config_find_setting(text->section, key);
	if (!setting)
		return set_unknown(text, key);
	text->harmless = !trust_key(key);
	return setting->parse(setting, strip(equals + 1),
			      (char *)text->config + setting->field, place);
}

static int parse_line(struct text *text, char *line)
{
	line = strip(line);
	if (!*line || *line == '#' || *line == ';')
		return 0;
	if (*line == '[')
		return set_section(text, line);
	return set_value(text, line);
}

static int parse_lines(struct text *text, char *lines, bool salvage)
{
	char *line;

	while ((line = strsep(&lines, "\n"))) {
		int err;

		text->place.line++;
		text->harmless = false;
		err = parse_line(text, line);
		if (!err)
			continue;
		if (!salvage || err == -ENOMEM)
			return err;
		text->config->trust_unclear |= !text->harmless;
		err = config_pass_over(text->config, text->place.error->text,
				       text->place.error);
		if (err)
			return err;
	}
	return 0;
}

int config_parse_text(struct fr_config *config, const char *text, size_t size,
		      const char *name, bool salvage, struct fr_error *error)
{
	_cleanup_free_ char *copy = strndup(text, size);
	struct fr_error unused = { 0 };
	struct text state = { .config = config,
			      .place = { .name = name,
					 .error = error ?: &unused } };

	if (!copy)
		return fr_fail_memory(error);
	if (memchr(text, '\0', size))
		return fr_fail(error, FR_FAILED, -EINVAL,
			       "%s: is not a text file", name);
	return parse_lines(&state, copy, salvage);
}

int fr_config_parse(struct fr_config *config, const char *text, size_t size,
		    const char *name, struct fr_error *error)
{
	return config_parse_text(config, text, size, name, false, error);
}
