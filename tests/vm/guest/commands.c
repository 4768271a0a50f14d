// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of commands. */
#include <errno.h>
#include <string.h>

#include "guest.h"

/* list */
static int command_list(char **args)
{
	(void)args;
	for (const struct command *command = commands; command->name; command++)
		out("%s %s", command->name, command->usage);
	return 0;
}

const struct command commands[] = {
	{ "list", "", 0, command_list },
	{ "read", "PATH", 1, command_read },
	{ "mode", "PATH", 1, command_mode },
	{ "write", "PATH TEXT", 2, command_write },
	{ "write-repeat", "PATH CHARACTER COUNT", 3, command_write_repeat },
	{ "stream", "FROM TO [src-offset=N] [offset=N] [length=N] [chunk=N]", 2,
	  command_stream },
	{ "zeros", "TO length=N [offset=N] [chunk=N]", 2, command_zeros },
	{ "hex", "PATH [offset=N] [length=N]", 1, command_hex },
	{ "sha256", "PATH [offset=N] [length=N]", 1, command_sha256 },
	{ "await", "PATH TEXT", 2, command_await },
	{ "appear", "DEVICE", 1, command_appear },
	{ "stage",
	  "SLOT kernel=PATH [initrd=PATH|root=PATH] [dtb=PATH] [cmdline=TEXT]",
	  2, command_stage },
	{ "arm", "SLOT|none", 1, command_arm },
	{ "peek", "ADDRESS LENGTH", 2, command_peek },
	{ "poke", "ADDRESS BYTE", 2, command_poke },
	{ "poke-hex", "ADDRESS DIGITS", 2, command_poke_hex },
	{ "flip", "ADDRESS", 1, command_flip },
	{ "wild-write", "ADDRESS BYTE", 2, command_wild_write },
	{ "reboot", "kexec|off|restart", 1, command_reboot },
	{ "kexec-file-load", "KERNEL INITRD|- CMDLINE [flags=N] [nul=0|1]", 3,
	  command_kexec_file_load },
	{ "kexec-unload", "[flags=N]", 0, command_kexec_unload },
	{ "kexec-load-at", "ADDRESS SIZE", 2, command_kexec_load_at },
	{ "without-capability", "COMMAND...", 1, command_without_capability },
	{ "parallel", "N COMMAND...", 2, command_parallel },
	{ "spin", "N", 1, command_spin },
	{ "load", "N", 1, command_load },
	{ "fail-nth", "N COMMAND...", 2, command_fail_nth },
	{ "make-it-fail", "COMMAND...", 1, command_make_it_fail },
	{ "fetch", "FROM TO", 2, command_fetch },
	{ "leaks", "", 0, command_leaks },
	{ "page-owners", "WORD...", 1, command_page_owners },
	{ "copy", "BYTES", 1, command_copy },
	{ "counted-reboot", "kexec|off|restart", 1, command_counted_reboot },
	{ "punctual-reboot", "kexec|off|restart", 1, command_punctual_reboot },
	{ "timed", "COMMAND...", 1, command_timed },
	{ "lowest", "COMMAND...", 1, command_lowest },
	{ "lines", "PATH", 1, command_lines },
	{ "run", "PROGRAM [ARGUMENT...]", 1, command_run },
	{ 0 },
};

static const struct command *find_command(const char *name)
{
	for (const struct command *command = commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

static int count_words(char **words)
{
	int count = 0;

	while (words[count])
		count++;
	return count;
}

/**
 * run_command - run one command
 * @args: NULL-terminated: name and arguments
 *
 * Return: 0 or a negative errno; fail() has been called.
 */
int run_command(char **args)
{
	const struct command *command;

	if (!args[0])
		return fail(-EINVAL, "find a command in the line");
	command = find_command(args[0]);
	if (!command)
		return fail(-ENOSYS, "find the command %s", args[0]);
	if (count_words(args + 1) < command->least)
		return fail(-EINVAL, "usage: %s %s", command->name,
			    command->usage);
	return command->run(args + 1);
}
