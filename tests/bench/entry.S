/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Behind the end of a kernel's Image, and run before it: prints
 * "frb: entry <16 hexadecimal digits of CNTVCT_EL0>" to the PL011 of QEMU's
 * virt machine, and goes on to the kernel. It takes some 300 instructions.
 * images.py puts it there; the last instruction becomes the branch.
 *
 * x0 to x3 are the kernel's, Documentation/arch/arm64/booting.rst.
 */
#define UART	0x09000000

	.text
	mrs	x11, cntvct_el0
	mov	x12, #UART
	adr	x13, text
1:	ldrb	w14, [x13], #1
	cbz	w14, 2f
	strb	w14, [x12]
	b	1b
2:	mov	x15, #16
3:	ror	x11, x11, #60
	and	x14, x11, #0xf
	adr	x13, digits
	ldrb	w14, [x13, x14]
	strb	w14, [x12]
	sub	x15, x15, #1
	cbnz	x15, 3b
	mov	w14, #'\n'
	strb	w14, [x12]
	b	4f

text:	.asciz	"\nfrb: entry "
digits:	.ascii	"0123456789abcdef"
	.balign	4
4:	b	.
