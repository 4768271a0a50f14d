/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host stand-in for <linux/errno.h>. The C library's <errno.h> includes this
 * name too and gets what it wants: the numbers.
 */
#ifndef _SHIM_LINUX_ERRNO_H
#define _SHIM_LINUX_ERRNO_H

#include <asm/errno.h>

#endif /* _SHIM_LINUX_ERRNO_H */
