// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Default routes, as /proc/net/route and /proc/net/ipv6_route have them:
 * Documentation/filesystems/proc.rst and net/ipv6/route.c of the kernel.
 */
#include "state.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "io.h"

#define TABLE_SIZE_MAX (16U << 20)
#define ROUTE_UP 1U

static bool is_default_v4(const char *line)
{
	unsigned int destination, gateway, flags, mask;

	return sscanf(line, "%*15s %x %x %x %*u %*u %*u %x", &destination,
		      &gateway, &flags, &mask) == 4 &&
	       !destination && !mask && flags & ROUTE_UP;
}

/* The one to lo, which is always there, rejects. */
static bool is_default_v6(const char *line)
{
	char destination[33], device[16];
	unsigned int length, flags;

	return sscanf(line, "%32s %x %*32s %*x %*32s %*x %*x %*x %x %15s",
		      destination, &length, &flags, device) == 4 &&
	       !length && strspn(destination, "0") == 32 && flags & ROUTE_UP &&
	       strcmp(device, "lo") != 0;
}

static bool any_line(const char *root, const char *path,
		     bool (*is_default)(const char *line))
{
	_cleanup_free_ char *name = NULL, *text = NULL;
	char *rest, *line;

	if (asprintf(&name, "%s%s", root, path) < 0) {
		name = NULL;
		return false;
	}
	if (fr_read_file(AT_FDCWD, name, TABLE_SIZE_MAX, &text, NULL))
		return false;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (is_default(line))
			return true;
	return false;
}

bool health_has_network(const char *root)
{
	return any_line(root, "/proc/net/route", is_default_v4) ||
	       any_line(root, "/proc/net/ipv6_route", is_default_v6);
}
