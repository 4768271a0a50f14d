/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a flattened device tree whole? A kernel that gets one that is not ends before it
 * can say anything.
 */
#ifndef FR_DEVICETREE_H
#define FR_DEVICETREE_H

#include <stddef.h>

/**
 * fr_devicetree_check() - walk through all of a flattened device tree
 * @data: the tree
 * @size: bytes that there are, at least as many as the tree says it has
 * @ret_why: what is wrong, for a message; untouched if nothing is
 *
 * As fdt_check_full() of libfdt: header, bounds of the blocks, reserved memory, each
 * node and property. Only versions that Linux takes, 16 and 17.
 *
 * Return: 0; -EINVAL.
 */
int fr_devicetree_check(const void *data, size_t size, const char **ret_why);

#endif
