// SPDX-License-Identifier: GPL-2.0-or-later
#include "transport/options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* No call needs more; it also keeps one from filling the memory. */
#define TEXT_MAX 4096
#define LIST_MAX 64

static int read_text(sd_bus_message *message, bool may_be_empty, char **value)
{
	const char *text;
	int err;

	err = sd_bus_message_read(message, "v", "s", &text);
	if (err < 0)
		return err;
	if ((!*text && !may_be_empty) || strlen(text) > TEXT_MAX)
		return -EINVAL;
	free(*value);
	*value = strdup(text);
	return *value ? 0 : -ENOMEM;
}

static int check_list(char **list)
{
	size_t n = 0;

	for (char **text = list; text && *text; text++)
		if (!**text || strlen(*text) > TEXT_MAX || ++n > LIST_MAX)
			return -EINVAL;
	return 0;
}

static int read_list(sd_bus_message *message, char ***value)
{
	_cleanup_strv_ char **list = NULL;
	int err;

	err = sd_bus_message_enter_container(message, 'v', "as");
	if (err >= 0)
		err = sd_bus_message_read_strv(message, &list);
	if (err >= 0)
		err = sd_bus_message_exit_container(message);
	if (err >= 0)
		err = check_list(list);
	if (err < 0)
		return err;
	fr_strv_free(*value);
	*value = fr_steal_pointer(list);
	return 0;
}

static int read_bool(sd_bus_message *message, bool *value)
{
	int number;
	int err = sd_bus_message_read(message, "v", "b", &number);

	if (err >= 0)
		*value = number;
	return err;
}

static int read_value(sd_bus_message *message, const struct option *option)
{
	switch (option->type) {
	case 's':
	case 'S':
		return read_text(message, option->type == 'S', option->value);
	case 'a':
		return read_list(message, option->value);
	case 'b':
		return read_bool(message, option->value);
	case 't':
		return sd_bus_message_read(message, "v", "t",
					   (uint64_t *)option->value);
	default:
		return sd_bus_message_read(message, "v", "i",
					   (int *)option->value);
	}
}

static const struct option *find(const struct option *options, size_t n_options,
				 const char *name)
{
	for (size_t i = 0; i < n_options; i++)
		if (!strcmp(options[i].name, name))
			return &options[i];
	return NULL;
}

static int read_member(sd_bus_message *message, const struct option *options,
		       size_t n_options, struct fr_error *error)
{
	const struct option *option;
	const char *name;
	int err;

	err = sd_bus_message_read(message, "s", &name);
	if (err < 0)
		return err;
	option = find(options, n_options, name);
	if (!option)
		return fr_fail(error, FR_USAGE, -EINVAL,
			       "this fastrebootd does not know \"%.64s\"",
			       name);
	err = read_value(message, option);
	if (err == -ENOMEM)
		return fr_fail_memory(error);
	if (err < 0)
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"the value of \"%s\" is empty, of another type, or too long: %d bytes a text, %d texts a list",
			name, TEXT_MAX, LIST_MAX);
	return 0;
}

int options_read(sd_bus_message *message, const struct option *options,
		 size_t n_options, struct fr_error *error)
{
	int err;

	err = sd_bus_message_enter_container(message, 'a', "{sv}");
	while (err >= 0) {
		err = sd_bus_message_enter_container(message, 'e', "sv");
		if (err <= 0)
			break;
		err = read_member(message, options, n_options, error);
		if (err >= 0)
			err = sd_bus_message_exit_container(message);
	}
	if (err >= 0)
		err = sd_bus_message_exit_container(message);
	if (err < 0 && !error->failure)
		return fr_fail(error, FR_USAGE, err,
			       "the arguments are not as expected");
	return err < 0 ? err : 0;
}
