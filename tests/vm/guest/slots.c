// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands that stage a payload into a slot and arm it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "guest.h"

static void slot_path(char *path, size_t size, const char *slot,
		      const char *file)
{
	snprintf(path, size, FASTREBOOT "/slot%s/%s", slot, file);
}

static int control(const char *slot, const char *word)
{
	char path[128];
	int error;

	slot_path(path, sizeof(path), slot, "control");
	error = write_text(path, word, strlen(word));
	return error ? fail(error, "%s", word) : 0;
}

/* Stream the file that option @segment names, if it was given. */
static int stage_segment(char **args, const char *slot, const char *segment)
{
	const char *from = option(args, segment);
	char to[128];
	int error;

	if (!from)
		return 0;
	slot_path(to, sizeof(to), slot, segment);
	error = stream_file(from, to);
	return error ? fail(error, "%s", segment) : 0;
}

static int stage_cmdline(char **args, const char *slot)
{
	const char *text = option(args, "cmdline");
	char path[128];
	int error;

	if (!text)
		return 0;
	slot_path(path, sizeof(path), slot, "cmdline");
	error = write_text(path, text, strlen(text));
	return error ? fail(error, "cmdline") : 0;
}

/* stage SLOT kernel=PATH [initrd=PATH|root=PATH] [dtb=PATH] [cmdline=TEXT] */
int command_stage(char **args)
{
	const char *slot = args[0];
	char **options = args + 1;

	return control(slot, "begin")			      ?:
		       stage_segment(options, slot, "kernel") ?:
		       stage_segment(options, slot, "initrd") ?:
		       stage_segment(options, slot, "root")   ?:
		       stage_segment(options, slot, "dtb")    ?:
		       stage_cmdline(options, slot)	      ?:
		       control(slot, "seal");
}

/* arm SLOT|none */
int command_arm(char **args)
{
	return write_text(FASTREBOOT "/armed", args[0], strlen(args[0]));
}
