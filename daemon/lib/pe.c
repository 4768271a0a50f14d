// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A PE file starts with a DOS header that says where the COFF header is. Behind
 * that stands an optional header, and then the table of sections:
 *
 *	0x00	"MZ"
 *	0x3c	LE32	offset of the COFF header
 *
 *	0	"PE\0\0"
 *	4	LE16	machine
 *	6	LE16	number of sections
 *	20	LE16	size of the optional header
 *	24		the optional header; LE16 0x20b: PE32+
 *
 *	0	char 8	name, padded with NULs
 *	8	LE32	size in memory
 *	16	LE32	size in the file, aligned
 *	20	LE32	offset in the file
 *
 * Tools align sections in the file, so the content is the smaller of the two
 * sizes. Everything is looked up in the first bytes of the file, and only
 * behind a check of its bounds.
 */
#include "pe.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "bytes.h"

#define COFF_SIZE 24
#define SECTION_SIZE 40
#define SECTIONS_MAX 96
#define MACHINE_ARM64 0xaa64
#define MAGIC_PE32_PLUS 0x20b

static const char *const names[FR_PE_SECTIONS] = {
	[FR_PE_LINUX] = ".linux",     [FR_PE_INITRD] = ".initrd",
	[FR_PE_CMDLINE] = ".cmdline", [FR_PE_DTB] = ".dtb",
	[FR_PE_OSREL] = ".osrel",     [FR_PE_UNAME] = ".uname",
};

struct view {
	const uint8_t *head;
	size_t size;
};

/* @size bytes at @offset, or NULL if they are not all there. */
static const uint8_t *look(const struct view *view, uint64_t offset,
			   size_t size)
{
	if (offset > view->size || size > view->size - offset)
		return NULL;
	return view->head + offset;
}

static const uint8_t *find_coff(const struct view *view, uint64_t *ret_offset)
{
	const uint8_t *dos = look(view, 0, 0x40);
	const uint8_t *coff;

	if (!dos || memcmp(dos, "MZ", 2))
		return NULL;
	coff = look(view, fr_le32(dos + 0x3c), COFF_SIZE);
	if (!coff || memcmp(coff, "PE\0", 4))
		return NULL;
	*ret_offset = fr_le32(dos + 0x3c);
	return coff;
}

int fr_pe_machine(const void *head, size_t size)
{
	const struct view view = { head, size };
	uint64_t offset;
	const uint8_t *coff = find_coff(&view, &offset);

	return coff ? (int)fr_le16(coff + 4) : -ENOEXEC;
}

static int invalid(const char *name, const char *why, struct fr_error *error)
{
	return fr_fail(error, FR_INVALID_PAYLOAD, -ENOEXEC, "%s: %s", name,
		       why);
}

/* The name of a section that matters, or -1. */
static int section_index(const uint8_t *header)
{
	for (int i = 0; i < FR_PE_SECTIONS; i++)
		if (!strncmp((const char *)header, names[i], 8))
			return i;
	return -1;
}

static int add_section(const uint8_t *header, uint64_t file_size,
		       const char *name, struct fr_pe_section *section,
		       struct fr_error *error)
{
	uint32_t in_memory = fr_le32(header + 8);
	uint32_t in_file = fr_le32(header + 16);
	uint32_t size = in_memory && in_memory < in_file ? in_memory : in_file;
	uint32_t offset = fr_le32(header + 20);

	if (section->present)
		return fr_fail(error, FR_INVALID_PAYLOAD, -ENOEXEC,
			       "%s: has two sections %.8s", name,
			       (const char *)header);
	if (offset > file_size || size > file_size - offset)
		return fr_fail(
			error, FR_INVALID_PAYLOAD, -ENOEXEC,
			"%s: section %.8s goes beyond the end of the file; get the file again",
			name, (const char *)header);
	*section = (struct fr_pe_section){ true, offset, size };
	return 0;
}

/*
 * Of a UKI with profiles, what stands in front of the first ".profile" holds
 * for all, and what follows it, for the first one, takes precedence.
 */
static int read_sections(const uint8_t *table, uint32_t count,
			 uint64_t file_size, const char *name,
			 struct fr_pe *ret, struct fr_error *error)
{
	struct fr_pe part[2] = { 0 };
	unsigned int profile = 0;

	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *header = table + (size_t)i * SECTION_SIZE;
		int index = section_index(header);
		int err;

		if (!memcmp(header, ".profile", 8) && ++profile == 2)
			break;
		if (index < 0)
			continue;
		err = add_section(header, file_size, name,
				  &part[profile].section[index], error);
		if (err < 0)
			return err;
	}
	for (int i = 0; i < FR_PE_SECTIONS; i++)
		if (part[1].section[i].present)
			part[0].section[i] = part[1].section[i];
	*ret = part[0];
	return 0;
}

static int check_header(const uint8_t *coff, const char *name,
			struct fr_error *error)
{
	if (fr_le16(coff + 4) != MACHINE_ARM64)
		return fr_fail(
			error, FR_INVALID_PAYLOAD, -ENOEXEC,
			"%s: is for machine 0x%04x, but 64-bit arm is 0xaa64; use a file for this machine",
			name, fr_le16(coff + 4));
	if (fr_le16(coff + 6) > SECTIONS_MAX)
		return invalid(name, "has more than 96 sections", error);
	return 0;
}

int fr_pe_parse(const void *head, size_t size, uint64_t file_size,
		const char *name, struct fr_pe *ret, struct fr_error *error)
{
	const struct view view = { head, size };
	const uint8_t *optional;
	const uint8_t *table;
	const uint8_t *coff;
	uint64_t at;
	int err;

	coff = find_coff(&view, &at);
	if (!coff)
		return invalid(name, "is not a PE file, or is damaged", error);
	err = check_header(coff, name, error);
	if (err < 0)
		return err;
	optional = look(&view, at + COFF_SIZE, 2);
	if (!optional || fr_le16(coff + 20) < 2 ||
	    fr_le16(optional) != MAGIC_PE32_PLUS)
		return invalid(name, "is not a 64-bit PE file, or is damaged",
			       error);
	table = look(&view, at + COFF_SIZE + fr_le16(coff + 20),
		     (size_t)fr_le16(coff + 6) * SECTION_SIZE);
	if (!table)
		return invalid(
			name,
			"the PE section table is cut off, or too far from the start of the file; get the file again",
			error);
	return read_sections(table, fr_le16(coff + 6), file_size, name, ret,
			     error);
}
