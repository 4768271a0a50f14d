// SPDX-License-Identifier: GPL-2.0-or-later
/* The text of a file: sections, and lines "Key=value". */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "table.h"
#include "values.h"

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

static int set_section(char *line, const char **section,
		       const struct place *place)
{
	size_t size = strlen(line);
	const char *found;

	if (line[size - 1] != ']')
		return fr_fail(place->error, FR_FAILED, -EINVAL,
			       "%s:%u: no ']' at the end of a section's name",
			       place->name, place->line);
	line[size - 1] = '\0';
	found = config_find_section(line + 1);
	if (!found)
		return fr_fail(
			place->error, FR_FAILED, -EINVAL,
			"%s:%u: there is no section [%s]; fastreboot.conf(5) has them all",
			place->name, place->line, line + 1);
	*section = found;
	return 0;
}

static int set_value(struct fr_config *config, char *line, const char *section,
		     const struct place *place)
{
	const struct setting *setting;
	char *equals = strchr(line, '=');
	const char *key;

	if (!equals)
		return fr_fail(place->error, FR_FAILED, -EINVAL,
			       "%s:%u: this is neither a section nor Key=value",
			       place->name, place->line);
	if (!section)
		return fr_fail(place->error, FR_FAILED, -EINVAL,
			       "%s:%u: a key in front of the first section",
			       place->name, place->line);
	*equals = '\0';
	key = strip(line);
	setting = config_find_setting(section, key);
	if (!setting)
		return fr_fail(
			place->error, FR_FAILED, -EINVAL,
			"%s:%u: there is no key %s in [%s]; fastreboot.conf(5) has them all",
			place->name, place->line, key, section);
	return setting->parse(setting, strip(equals + 1),
			      (char *)config + setting->field, place);
}

static int parse_line(struct fr_config *config, char *line,
		      const char **section, const struct place *place)
{
	line = strip(line);
	if (!*line || *line == '#' || *line == ';')
		return 0;
	if (*line == '[')
		return set_section(line, section, place);
	return set_value(config, line, *section, place);
}

int fr_config_parse(struct fr_config *config, const char *text, size_t size,
		    const char *name, struct fr_error *error)
{
	_cleanup_free_ char *copy = strndup(text, size);
	struct place place = { .name = name, .error = error };
	const char *section = NULL;
	char *next = copy;
	char *line;

	if (!copy)
		return fr_fail_memory(error);
	if (memchr(text, '\0', size))
		return fr_fail(error, FR_FAILED, -EINVAL,
			       "%s: is not a text file", name);
	while ((line = strsep(&next, "\n"))) {
		int err;

		place.line++;
		err = parse_line(config, line, &section, &place);
		if (err < 0)
			return err;
	}
	return 0;
}
