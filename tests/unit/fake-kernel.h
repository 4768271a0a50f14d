/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stand-in for the kernel's /sys/kernel/fastreboot, out of ordinary files: for
 * tests on the host, of the library and of the daemon.
 *
 * It does what the ABI document says about the life of a slot, as far as
 * userspace can see it. Its state is in the files alone, so that it outlives a
 * daemon that is killed. Two files that the kernel has not make it behave badly:
 *
 *	fail	lines "<word> <errno>": that write fails; words are those of
 *		"control", and "armed", "tries", "cmdline", "source", "kernel",
 *		"initrd", "dtb"
 *	slow	microseconds that each write of a segment takes
 *	corrupt	the seal finds other content than was written
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/**
 * fake_kernel_make() - make the files, as after a boot by firmware
 * @root: empty folder
 * @slots: number of slots
 *
 * Return: 0 or a negative errno.
 */
int fake_kernel_make(const char *root, unsigned int slots);

/**
 * fake_kernel_write() - a write(2) to one of the files
 * @path: of the file
 * @data: what is written
 * @size: bytes of it
 * @offset: in a segment
 *
 * Return: 0 or the negative errno of the ABI document.
 */
int fake_kernel_write(const char *path, const void *data, size_t size,
		      uint64_t offset);

/**
 * fake_kernel_jump() - what the next kernel finds after a fast reboot
 * @root: with an armed slot
 *
 * Return: 0, or -EINVAL if none is armed.
 */
int fake_kernel_jump(const char *root);

#endif
