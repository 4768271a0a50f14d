/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host stand-in for <linux/compiler.h>. WRITE_ONCE() goes through a recorder,
 * so that a test sees every such store, its size and its place in the order.
 */
#ifndef _SHIM_LINUX_COMPILER_H
#define _SHIM_LINUX_COMPILER_H

#include <stddef.h>

void shim_store(void *at, const void *value, size_t size);

#define WRITE_ONCE(x, val)                                     \
	do {                                                   \
		typeof(x) __value = (val);                     \
		shim_store((void *)&(x), &__value, sizeof(x)); \
	} while (0)

#endif /* _SHIM_LINUX_COMPILER_H */
