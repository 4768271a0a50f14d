// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands that the guest brings along. */
#include <stdio.h>
#include <string.h>

#include "guest.h"

#define SCRIPT "/script"

/**
 * run_script - do what /script says, if there is one
 * @obey: does what a line says, "<id> <name> <argument> ..."
 *
 * The host types nothing then: without anything that comes from outside, a
 * machine with -icount does the same in every run, to the instruction.
 */
void run_script(void (*obey)(char *line))
{
	static char line[INPUT_SIZE];
	FILE *script = fopen(SCRIPT, "re");

	if (!script)
		return;
	while (fgets(line, sizeof(line), script)) {
		line[strcspn(line, "\n")] = '\0';
		obey(line);
	}
	fclose(script);
}
