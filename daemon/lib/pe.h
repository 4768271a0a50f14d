/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections of a PE file, as far as a unified kernel image (UKI) needs them.
 */
#ifndef FR_PE_H
#define FR_PE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* First bytes of a file that fr_pe_parse() wants, if there are so many. */
#define FR_PE_HEAD 65536

enum fr_pe_section_name {
	FR_PE_LINUX,
	FR_PE_INITRD,
	FR_PE_CMDLINE,
	FR_PE_DTB,
	FR_PE_OSREL,
	FR_PE_UNAME,
};

#define FR_PE_SECTIONS 6

/**
 * struct fr_pe_section - where a section's content is in the file
 * @present: whether there is such a section; the rest is 0 if not
 * @offset: bytes from the start of the file
 * @size: bytes; offset + size is within the file
 */
struct fr_pe_section {
	bool present;
	uint64_t offset;
	uint64_t size;
};

/**
 * struct fr_pe - the sections that matter
 * @section: by enum fr_pe_section_name
 *
 * A file with a .linux section is a UKI.
 */
struct fr_pe {
	struct fr_pe_section section[FR_PE_SECTIONS];
};

/**
 * fr_pe_parse() - read the section table
 * @head: first bytes of the file
 * @size: how many: FR_PE_HEAD, or the whole file if that is shorter
 * @file_size: bytes of the file
 * @name: name of the file, for the error
 * @ret: filled in
 * @error: why not
 *
 * Of a UKI with several profiles it is the first profile that counts.
 *
 * Return: 0; -ENOEXEC (FR_INVALID_PAYLOAD) for what is not a PE file for
 * 64-bit arm or is damaged.
 */
int fr_pe_parse(const void *head, size_t size, uint64_t file_size,
		const char *name, struct fr_pe *ret, struct fr_error *error);

/**
 * fr_pe_machine() - what machine a PE file is for
 * @head: first bytes of the file
 * @size: how many
 *
 * Return: the machine's number, 0xaa64 for 64-bit arm; -ENOEXEC for what is
 * not a PE file.
 */
int fr_pe_machine(const void *head, size_t size);

#endif
