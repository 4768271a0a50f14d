// SPDX-License-Identifier: GPL-2.0-or-later
#include "compare.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "strv.h"

/* The gate itself, and what waits for it. */
static const char *const own[] = { "fastreboot-health.service",
				   "fastreboot-confirm.service",
				   "boot-complete.target" };

static bool contains(char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

static bool is_ignored(const char *name, const struct fr_config *config)
{
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (!strcmp(name, own[i]))
			return true;
	for (char **pattern = config->health_ignore_units; *pattern; pattern++)
		if (!fnmatch(*pattern, name, 0))
			return true;
	return false;
}

__attribute__((__format__(printf, 2, 3))) static int
add(char ***problems, const char *format, ...)
{
	va_list arguments;
	char *line;
	int n;

	va_start(arguments, format);
	n = vasprintf(&line, format, arguments);
	va_end(arguments);
	return n < 0 ? -ENOMEM : fr_strv_add(problems, line);
}

static int compare_failed(const struct health_state *before,
			  const struct health_state *now,
			  const struct fr_config *config, char ***problems)
{
	int err = 0;

	for (char **name = now->failed; name && *name && !err; name++)
		if (!contains(before->failed, *name) &&
		    !is_ignored(*name, config))
			err = add(problems, "%s has failed", *name);
	return err;
}

/* One that has failed is named already. */
static int compare_running(const struct health_state *before,
			   const struct health_state *now,
			   const struct fr_config *config, char ***problems)
{
	int err = 0;

	for (char **name = before->expected; name && *name && !err; name++)
		if (!contains(now->active, *name) &&
		    !contains(now->failed, *name) && !is_ignored(*name, config))
			err = add(problems,
				  "%s does not run, and ran before the update",
				  *name);
	return err;
}

static int compare_wanted(const struct health_state *now,
			  const struct fr_config *config, char ***problems)
{
	int err = 0;

	for (char **name = config->health_units; *name && !err; name++)
		if (!contains(now->active, *name))
			err = add(
				problems,
				"%s does not run, and Units= in [Health] names it",
				*name);
	return err;
}

static int compare_network(const struct health_state *before,
			   const struct health_state *now,
			   const struct fr_config *config, char ***problems)
{
	if (!config->health_network || !before->network || now->network)
		return 0;
	return add(problems,
		   "there is no default route, and was one before the update");
}

int health_compare(const struct health_state *before,
		   const struct health_state *now,
		   const struct fr_config *config, char ***ret_problems)
{
	_cleanup_strv_ char **problems = NULL;
	int err = 0;

	if (before)
		err = compare_failed(before, now, config, &problems)	      ?:
			      compare_running(before, now, config, &problems) ?:
			      compare_network(before, now, config, &problems);
	if (!err)
		err = compare_wanted(now, config, &problems);
	if (err)
		return err;
	*ret_problems = fr_steal_pointer(problems);
	return 0;
}
