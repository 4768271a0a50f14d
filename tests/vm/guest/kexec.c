// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands for kexec's system calls and reboot(2). */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"

static const struct {
	const char *name;
	unsigned int command;
} reboots[] = {
	{ "kexec", LINUX_REBOOT_CMD_KEXEC },
	{ "off", LINUX_REBOOT_CMD_POWER_OFF },
	{ "restart", LINUX_REBOOT_CMD_RESTART },
};

/* reboot kexec|off|restart */
int command_reboot(char **args)
{
	for (size_t i = 0; i < sizeof(reboots) / sizeof(*reboots); i++) {
		if (strcmp(args[0], reboots[i].name))
			continue;
		syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			reboots[i].command, NULL);
		return fail(-errno, "reboot %s", args[0]);
	}
	return fail(-EINVAL, "reboot %s: kexec, off or restart?", args[0]);
}

/* @nul: is the NUL behind the command line part of it, as it has to be? */
static int file_load(int kernel, int initrd, const char *cmdline, bool nul,
		     unsigned long flags)
{
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(cmdline) + nul,
		    cmdline, flags))
		return fail(-errno, "kexec_file_load");
	return 0;
}

/* kexec-file-load KERNEL INITRD|- CMDLINE [flags=N] [nul=0|1] */
int command_kexec_file_load(char **args)
{
	bool has_initrd = strcmp(args[1], "-");
	int kernel, initrd = -1, error;
	uint64_t flags = 0, nul = 1;

	error = option_number(args + 3, "flags", &flags) ?:
			option_number(args + 3, "nul", &nul);
	if (error)
		return error;
	kernel = open(args[0], O_RDONLY | O_CLOEXEC);
	if (kernel < 0)
		return fail(-errno, "open %s", args[0]);
	if (has_initrd)
		initrd = open(args[1], O_RDONLY | O_CLOEXEC);
	else
		flags |= KEXEC_FILE_NO_INITRAMFS;
	if (has_initrd && initrd < 0)
		error = fail(-errno, "open %s", args[1]);
	else
		error = file_load(kernel, initrd, args[2], nul, flags);
	if (initrd >= 0)
		close(initrd);
	close(kernel);
	return error;
}

/* kexec-unload [flags=N] */
int command_kexec_unload(char **args)
{
	uint64_t flags = 0;
	int error = option_number(args, "flags", &flags);

	if (error)
		return error;
	if (syscall(SYS_kexec_file_load, -1, -1, 0UL, NULL,
		    KEXEC_FILE_UNLOAD | flags))
		return fail(-errno, "unload");
	return 0;
}

/* kexec-load-at ADDRESS SIZE: kexec_load(2) of one segment of zeros */
int command_kexec_load_at(char **args)
{
	struct kexec_segment segment = { 0 };
	uint64_t address, size;
	int error;

	error = parse_number(args[0], &address) ?: parse_number(args[1], &size);
	if (error)
		return error;
	segment.mem = (void *)address;
	segment.memsz = size;
	segment.bufsz = size;
	segment.buf = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (segment.buf == MAP_FAILED)
		return fail(-errno, "allocate a segment");
	if (syscall(SYS_kexec_load, address, 1UL, &segment,
		    (unsigned long)KEXEC_ARCH_AARCH64))
		error = fail(-errno, "kexec_load");
	munmap((void *)segment.buf, size);
	return error;
}
