/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Behind the end of a kernel's Image, and run before it: prints
 * "frb: entry <16 hexadecimal digits of CNTVCT_EL0>" to the PL011 of QEMU's
 * virt machine, and goes on to the kernel. It takes some 300 instructions.
 * images.py puts it there; the last instruction becomes the branch.
 *
 * x0 to x3 are the kernel's, Documentation/arch/arm64/booting.rst.
 */
#include "print.inc"

	.text
	print_counter 11, 12, 13, 14, 15
	b	1f

	print_data
	.balign	4
1:	b	.
