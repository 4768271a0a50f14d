/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A payload that tells when it was entered, and does nothing else: it prints
 * "frb: entry <16 hexadecimal digits of CNTVCT_EL0>" to the PL011 of QEMU's
 * virt machine, which the kernel before it has set up, and stays there.
 *
 * Documentation/arch/arm64/booting.rst describes the header.
 */
#define UART	0x09000000

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
	mrs	x1, cntvct_el0
	mov	x2, #UART
	adr	x3, text
1:	ldrb	w4, [x3], #1
	cbz	w4, 2f
	strb	w4, [x2]
	b	1b
2:	mov	x5, #16
3:	ror	x1, x1, #60
	and	x4, x1, #0xf
	adr	x3, digits
	ldrb	w4, [x3, x4]
	strb	w4, [x2]
	sub	x5, x5, #1
	cbnz	x5, 3b
	mov	w4, #'\n'
	strb	w4, [x2]
4:	wfi
	b	4b

text:	.asciz	"\nfrb: entry "
digits:	.ascii	"0123456789abcdef"
	.balign	4096
