// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/place.h"

#ifdef FR_TESTING
#include <stdlib.h>

const char *place_root(void)
{
	const char *root = getenv("FASTREBOOT_ROOT");

	return root ? root : "";
}

const char *place_runtime(void)
{
	const char *runtime = getenv("FASTREBOOT_RUNTIME");

	return runtime ? runtime : "/run/fastreboot";
}
#else
const char *place_root(void)
{
	return "";
}

const char *place_runtime(void)
{
	return "/run/fastreboot";
}
#endif
