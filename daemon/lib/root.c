// SPDX-License-Identifier: GPL-2.0-or-later
#include "root.h"

#include <stdlib.h>

#ifdef FR_TESTING
const char *fr_root(void)
{
	return getenv("FASTREBOOT_ROOT") ?: "";
}
#else
const char *fr_root(void)
{
	return "";
}
#endif
