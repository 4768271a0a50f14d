// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reboot(RB_KEXEC): jump to what is armed or loaded. busybox's reboot can't,
 * and what the kernel refuses should be said.
 */
#include <stdio.h>
#include <sys/reboot.h>
#include <linux/reboot.h>
#include <unistd.h>

int main(void)
{
	sync();
	reboot(LINUX_REBOOT_CMD_KEXEC);
	perror("kexec-reboot");
	return 1;
}
