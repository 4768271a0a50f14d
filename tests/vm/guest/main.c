// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Process 1 of a test machine.
 *
 * It speaks by /dev/kmsg, so that its lines never interleave with the
 * kernel's, and each starts with "frb: ":
 *
 *	frb: ready <name>=<value> ...	once, at the start: what booted
 *	frb: prompt			the next command may come
 *	frb: <id> out <text>		what command <id> found
 *	frb: <id> ok			command <id> is done, or
 *	frb: <id> error <errno> <what>	command <id> could not <what>
 *
 * It listens on /dev/console. A command is one line, "<id> <name> <argument>
 * ...", with double quotes around arguments that contain blanks; commands.c
 * has the names. Every command gets exactly one "ok" or "error", except
 * a reboot that succeeds.
 *
 * Before it listens it does what /script says, if there is one: script.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "guest.h"

static void obey(char *line)
{
	char *words[ARGUMENTS_MAX + 1];
	int count;

	count = split_words(line, words, ARGUMENTS_MAX);
	if (count == 0)
		return;
	answer_to(words[0]);
	if (count < 0)
		answer(fail(count, "understand the line"));
	else
		answer(run_command(words + 1));
}

int main(void)
{
	static char line[INPUT_SIZE];

	mount_all();
	talk_open();
	say_ready();
	run_script(obey);
	say("prompt");
	while (read_input(line, sizeof(line)))
		obey(line);

	/* Process 1 must not end: the kernel would panic for it. */
	say("the console has closed");
	for (;;)
		pause();
}
