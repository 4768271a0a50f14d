/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Release of resources at the end of their scope.
 *
 * A variable that owns something carries one of the attributes below, and every
 * way out of the function releases it. What a function hands to its caller is
 * taken out of the variable with fr_steal_pointer() or fr_steal_fd() first.
 * The functions keep errno as it was, so that they may run behind a failed call.
 */
#ifndef FR_CLEANUP_H
#define FR_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((__cleanup__(function)))

/**
 * FR_DEFINE_CLEANUP - make a cleanup function from one that takes a pointer
 * @type: type of the variable, a pointer
 * @function: called with the variable's value unless that is NULL
 *
 * The result is called <function>p and takes the variable's address.
 */
#define FR_DEFINE_CLEANUP(type, function)             \
	static inline void function##p(type *pointer) \
	{                                             \
		int saved = errno;                    \
                                                      \
		if (*pointer)                         \
			function(*pointer);           \
		errno = saved;                        \
	}                                             \
	struct fr_cleanup_needs_a_semicolon

static inline void fr_freep(void *pointer)
{
	int saved = errno;

	free(*(void **)pointer);
	errno = saved;
}

static inline void fr_closep(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void fr_fclosep(FILE **file)
{
	int saved = errno;

	if (*file)
		fclose(*file);
	errno = saved;
}

static inline void fr_closedirp(DIR **dir)
{
	int saved = errno;

	if (*dir)
		closedir(*dir);
	errno = saved;
}

/**
 * fr_strv_free() - free a list of strings and the strings
 * @strv: NULL-terminated list, or NULL
 *
 * Return: NULL, to be put where the list was.
 */
static inline char **fr_strv_free(char **strv)
{
	for (char **string = strv; string && *string; string++)
		free(*string);
	free(strv);
	return NULL;
}

static inline void fr_strv_freep(char ***strv)
{
	int saved = errno;

	fr_strv_free(*strv);
	errno = saved;
}

#define _cleanup_free_ _cleanup_(fr_freep)
#define _cleanup_close_ _cleanup_(fr_closep)
#define _cleanup_fclose_ _cleanup_(fr_fclosep)
#define _cleanup_closedir_ _cleanup_(fr_closedirp)
#define _cleanup_strv_ _cleanup_(fr_strv_freep)

/* Take the value out of an owning pointer variable; NULL stays behind. */
#define fr_steal_pointer(pointer)                            \
	__extension__({                                      \
		__typeof__(pointer) *fr_place_ = &(pointer); \
		__typeof__(pointer) fr_stolen_ = *fr_place_; \
		*fr_place_ = NULL;                           \
		fr_stolen_;                                  \
	})

/**
 * fr_steal_fd() - take a file descriptor out of an owning variable
 * @fd: the variable; -1 stays behind
 */
static inline int fr_steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#endif
