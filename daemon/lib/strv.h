/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of strings: NULL-terminated arrays that own their strings. They are freed
 * by fr_strv_free(), see cleanup.h. NULL is a list without strings as well.
 */
#ifndef FR_STRV_H
#define FR_STRV_H

#include <stddef.h>

/**
 * fr_strv_length() - how many strings there are
 * @strv: list, or NULL
 *
 * Return: their number.
 */
size_t fr_strv_length(char *const *strv);

/**
 * fr_strv_copy() - copy a list and its strings
 * @from: list, or NULL
 * @ret: to be freed by the caller; untouched if @from is NULL
 *
 * Return: 0; -ENOMEM.
 */
int fr_strv_copy(char *const *from, char ***ret);

/**
 * fr_strv_add() - add a string at the end
 * @strv: place of the list, which may be NULL
 * @string: the list's from here on; freed on failure
 *
 * Return: 0; -ENOMEM, with the list as it was.
 */
int fr_strv_add(char ***strv, char *string);

#endif
