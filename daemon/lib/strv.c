// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of strings. */
#include "strv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

size_t fr_strv_length(char *const *strv)
{
	size_t length = 0;

	while (strv && strv[length])
		length++;
	return length;
}

int fr_strv_copy(char *const *from, char ***ret)
{
	_cleanup_strv_ char **copy = NULL;
	size_t length = fr_strv_length(from);

	if (!from)
		return 0;
	copy = calloc(length + 1, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < length; i++) {
		copy[i] = strdup(from[i]);
		if (!copy[i])
			return -ENOMEM;
	}
	*ret = fr_steal_pointer(copy);
	return 0;
}

int fr_strv_add(char ***strv, char *string)
{
	size_t length = fr_strv_length(*strv);
	char **larger = realloc(*strv, (length + 2) * sizeof(*larger));

	if (!larger) {
		free(string);
		return -ENOMEM;
	}
	larger[length] = string;
	larger[length + 1] = NULL;
	*strv = larger;
	return 0;
}
