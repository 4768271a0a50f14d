// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "io.h"

static void read_boot_id(char ret[37])
{
	_cleanup_free_ char *text = NULL;

	ret[0] = '\0';
	if (fr_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &text,
			 NULL))
		return;
	text[strcspn(text, "\n")] = '\0';
	snprintf(ret, 37, "%.36s", text);
}

#ifdef FR_TESTING
const char *place_runtime(void)
{
	const char *runtime = getenv("FASTREBOOT_RUNTIME");

	return runtime ? runtime : "/run/fastreboot";
}

void place_boot_id(char ret[37])
{
	const char *boot_id = getenv("FASTREBOOT_BOOT_ID");

	if (boot_id)
		snprintf(ret, 37, "%.36s", boot_id);
	else
		read_boot_id(ret);
}
#else
const char *place_runtime(void)
{
	return "/run/fastreboot";
}

void place_boot_id(char ret[37])
{
	read_boot_id(ret);
}
#endif
