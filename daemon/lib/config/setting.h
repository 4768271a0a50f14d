/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A setting, and the kinds of values that it can have. Only the files of this
 * folder include this.
 */
#ifndef FR_CONFIG_SETTING_H
#define FR_CONFIG_SETTING_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/**
 * struct place - where a value stands, for errors
 * @name: name of the file
 * @line: number of the line, from 1
 * @error: where to say what is wrong
 */
struct place {
	const char *name;
	unsigned int line;
	struct fr_error *error;
};

/**
 * struct setting - one key of the configuration
 * @section: its section
 * @key: its name
 * @parse: reads @value into @field; returns 0, or -EINVAL or -ENOMEM with the
 *	field as it was or, of a list, longer
 * @field: offset into struct fr_config
 * @min: least value, in the unit of the field
 * @max: largest value
 */
struct setting {
	const char *section;
	const char *key;
	int (*parse)(const struct setting *setting, const char *value,
		     void *field, const struct place *place);
	size_t field;
	uint64_t min;
	uint64_t max;
};

/* Bytes, a uint64_t. */
int setting_parse_size(const struct setting *setting, const char *value,
		       void *field, const struct place *place);

/* A time span in microseconds, a uint64_t. */
int setting_parse_time(const struct setting *setting, const char *value,
		       void *field, const struct place *place);

/* The same, of whole seconds. */
int setting_parse_whole_seconds(const struct setting *setting,
				const char *value, void *field,
				const struct place *place);

/* A number, an unsigned int. */
int setting_parse_count(const struct setting *setting, const char *value,
			void *field, const struct place *place);

/* Yes or no, a bool. */
int setting_parse_bool(const struct setting *setting, const char *value,
		       void *field, const struct place *place);

/* What to do without a way back, an enum fr_failure_action. */
int setting_parse_failure_action(const struct setting *setting,
				 const char *value, void *field,
				 const struct place *place);

/* An absolute path. Nothing at all is NULL, where that is allowed (min 0). */
int setting_parse_path(const struct setting *setting, const char *value,
		       void *field, const struct place *place);

/* Absolute paths, added to those that are there; nothing at all: none. */
int setting_parse_paths(const struct setting *setting, const char *value,
			void *field, const struct place *place);

/* Names of units, as of setting_parse_paths(). */
int setting_parse_units(const struct setting *setting, const char *value,
			void *field, const struct place *place);

/* Patterns of such names, for fnmatch(3), as of setting_parse_paths(). */
int setting_parse_patterns(const struct setting *setting, const char *value,
			   void *field, const struct place *place);

/* Make a list of strings, which may be NULL, an empty one. Return: 0; -ENOMEM. */
int setting_reset_list(char ***list);

#endif
