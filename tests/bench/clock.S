/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A payload that tells when it was entered, and does nothing else: it prints
 * "frb: entry <16 hexadecimal digits of CNTVCT_EL0>" to the PL011 of QEMU's
 * virt machine, which the kernel before it has set up, and stays there.
 *
 * Documentation/arch/arm64/booting.rst describes the header.
 */
#include "print.inc"

	.text
header:
	b	entry
	.long	0
	.quad	0			// text offset
	.quad	0x10000			// memory that it needs
	.quad	0xa			// little endian, 4 KiB pages, anywhere
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

entry:
	print_counter 1, 2, 3, 4, 5
1:	wfi
	b	1b

	print_data
	.balign	4096
