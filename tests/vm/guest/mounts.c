// SPDX-License-Identifier: GPL-2.0-or-later
/* What process 1 mounts. */
#include <stddef.h>
#include <sys/mount.h>

#include "guest.h"

/**
 * mount_all - mount what the kernel and the machine offer
 *
 * The initramfs has the directories. Kernels without securityfs, debugfs or
 * pstore, and machines without a payload share are fine: the host will not ask
 * for the files then.
 */
void mount_all(void)
{
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("securityfs", "/sys/kernel/security", "securityfs", 0, NULL);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	mount("pstore", "/sys/fs/pstore", "pstore", 0, NULL);
	mount("payload", "/payload", "9p", MS_RDONLY,
	      "trans=virtio,version=9p2000.L,msize=262144");
}
