// SPDX-License-Identifier: GPL-2.0-or-later
/* The kinds of values that a setting can have, and what is wrong with others. */
#include "setting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "config.h"
#include "strv.h"
#include "values.h"

#define LIST_LENGTH_MAX 64

static int bad_value(const struct setting *setting, const char *value,
		     const char *wanted, const struct place *place)
{
	return fr_fail(place->error, FR_FAILED, -EINVAL,
		       "%s:%u: %s=%s: this has to be %s", place->name,
		       place->line, setting->key, value, wanted);
}

static int check_range(const struct setting *setting, const char *value,
		       uint64_t number, const struct place *place)
{
	if (number >= setting->min && number <= setting->max)
		return 0;
	return fr_fail(place->error, FR_FAILED, -EINVAL,
		       "%s:%u: %s=%s: this is too %s", place->name, place->line,
		       setting->key, value,
		       number < setting->min ? "small" : "large");
}

int setting_parse_size(const struct setting *setting, const char *value,
		       void *field, const struct place *place)
{
	uint64_t size;
	int err;

	if (fr_parse_size(value, &size) < 0)
		return bad_value(setting, value, "a size, for example 256M",
				 place);
	err = check_range(setting, value, size, place);
	if (!err)
		*(uint64_t *)field = size;
	return err;
}

int setting_parse_time(const struct setting *setting, const char *value,
		       void *field, const struct place *place)
{
	uint64_t usec;
	int err;

	if (fr_parse_time(value, &usec) < 0)
		return bad_value(setting, value,
				 "a time span, for example 30s or 5min", place);
	err = check_range(setting, value, usec, place);
	if (!err)
		*(uint64_t *)field = usec;
	return err;
}

int setting_parse_whole_seconds(const struct setting *setting,
				const char *value, void *field,
				const struct place *place)
{
	uint64_t usec = 0;
	int err = setting_parse_time(setting, value, &usec, place);

	if (err < 0)
		return err;
	if (usec % USEC_PER_SEC)
		return bad_value(setting, value, "whole seconds", place);
	*(uint64_t *)field = usec;
	return 0;
}

int setting_parse_count(const struct setting *setting, const char *value,
			void *field, const struct place *place)
{
	const char *at = value;
	uint64_t number;
	int err;

	if (config_parse_number(&at, &number) < 0 || *at)
		return bad_value(setting, value, "a number", place);
	err = check_range(setting, value, number, place);
	if (!err)
		*(unsigned int *)field = (unsigned int)number;
	return err;
}

static bool is_one_of(const char *value, const char *const *words)
{
	for (; *words; words++)
		if (!strcasecmp(value, *words))
			return true;
	return false;
}

int setting_parse_bool(const struct setting *setting, const char *value,
		       void *field, const struct place *place)
{
	static const char *const yes[] = { "yes", "y", "true", "t",
					   "on",  "1", NULL };
	static const char *const no[] = { "no",	 "n", "false", "f",
					  "off", "0", NULL };

	if (is_one_of(value, yes))
		*(bool *)field = true;
	else if (is_one_of(value, no))
		*(bool *)field = false;
	else
		return bad_value(setting, value, "yes or no", place);
	return 0;
}

int setting_parse_failure_action(const struct setting *setting,
				 const char *value, void *field,
				 const struct place *place)
{
	enum fr_failure_action *action = field;

	if (!strcmp(value, "reboot"))
		*action = FR_FAILURE_ACTION_REBOOT;
	else if (!strcmp(value, "none"))
		*action = FR_FAILURE_ACTION_NONE;
	else
		return bad_value(setting, value, "reboot or none", place);
	return 0;
}

static int out_of_memory(const struct place *place)
{
	return fr_fail_memory(place->error);
}

int setting_parse_path(const struct setting *setting, const char *value,
		       void *field, const struct place *place)
{
	char **path = field;
	char *copy = NULL;

	if (*value ? *value != '/' : setting->min > 0)
		return bad_value(setting, value, "an absolute path", place);
	if (*value) {
		copy = strdup(value);
		if (!copy)
			return out_of_memory(place);
	}
	free(*path);
	*path = copy;
	return 0;
}

/*
 * The next of the words that blanks separate, in quotes or not; NULL behind the
 * last one. Moves @at behind it.
 */
static int next_word(const char **at, char **ret)
{
	const char *from = *at + strspn(*at, BLANKS);
	size_t size;

	*ret = NULL;
	*at = from;
	if (!*from)
		return 0;
	if (*from == '"' || *from == '\'') {
		const char *end = strchr(from + 1, *from);

		if (!end || !strchr(BLANKS, end[1]))
			return -EINVAL;
		size = (size_t)(end - from) - 1;
		*at = end + 1;
		from++;
	} else {
		size = strcspn(from, BLANKS);
		*at = from + size;
	}
	*ret = strndup(from, size);
	return *ret ? 0 : -ENOMEM;
}

/**
 * struct kind - what the words of a list are
 * @wanted: for people
 * @is_good: whether a word is one
 */
struct kind {
	const char *wanted;
	bool (*is_good)(const char *word);
};

static int add_word(const struct setting *setting, const char *value,
		    const struct kind *kind, char ***list, char *word,
		    const struct place *place)
{
	if (!kind->is_good(word)) {
		free(word);
		return bad_value(setting, value, kind->wanted, place);
	}
	if (fr_strv_length(*list) >= LIST_LENGTH_MAX) {
		free(word);
		return fr_fail(place->error, FR_FAILED, -EINVAL,
			       "%s:%u: %s: these are more than %u", place->name,
			       place->line, setting->key, LIST_LENGTH_MAX);
	}
	if (fr_strv_add(list, word) < 0)
		return out_of_memory(place);
	return 0;
}

int setting_reset_list(char ***list)
{
	char **empty = calloc(1, sizeof(*empty));

	if (!empty)
		return -ENOMEM;
	fr_strv_free(*list);
	*list = empty;
	return 0;
}

static int parse_list(const struct setting *setting, const char *value,
		      const struct kind *kind, char ***list,
		      const struct place *place)
{
	const char *at = value;

	if (!*value)
		return setting_reset_list(list) < 0 ? out_of_memory(place) : 0;
	for (;;) {
		char *word;
		int err = next_word(&at, &word);

		if (err == -ENOMEM)
			return out_of_memory(place);
		if (err < 0)
			return bad_value(setting, value,
					 "words with closed quotes", place);
		if (!word)
			return 0;
		err = add_word(setting, value, kind, list, word, place);
		if (err < 0)
			return err;
	}
}

static bool is_absolute(const char *word)
{
	return *word == '/';
}

int setting_parse_paths(const struct setting *setting, const char *value,
			void *field, const struct place *place)
{
	static const struct kind paths = { "absolute paths", is_absolute };

	return parse_list(setting, value, &paths, field, place);
}

/* As systemd does: a name has the unit's type at its end. */
static bool is_unit(const char *word)
{
	const char *dot = strrchr(word, '.');

	return dot && dot != word && dot[1] && strlen(word) < 256 &&
	       !strchr(word, '/');
}

int setting_parse_units(const struct setting *setting, const char *value,
			void *field, const struct place *place)
{
	static const struct kind units = {
		"names of units, for example nginx.service", is_unit
	};

	return parse_list(setting, value, &units, field, place);
}

static bool is_pattern(const char *word)
{
	return *word && strlen(word) < 256 && !strchr(word, '/');
}

int setting_parse_patterns(const struct setting *setting, const char *value,
			   void *field, const struct place *place)
{
	static const struct kind patterns = {
		"patterns of units, for example container-*.service", is_pattern
	};

	return parse_list(setting, value, &patterns, field, place);
}
