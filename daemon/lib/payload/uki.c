// SPDX-License-Identifier: GPL-2.0-or-later
/* Unified kernel images: one PE file whose sections are a payload. */
#include "uki.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "image.h"
#include "parts.h"
#include "pe.h"
#include "text.h"

#define TEXT_SECTION_MAX 65536
/* What a UKI may have besides kernel and initrd. */
#define UKI_OTHER_MAX (16ULL << 20)

/* A section's text without what tools leave at its end; NULL: no section. */
static int section_text(struct input *input, const struct fr_pe *pe,
			enum fr_pe_section_name name, char **ret,
			struct fr_error *error)
{
	const struct fr_pe_section *section = &pe->section[name];
	const char *data;
	size_t size;
	int err;

	*ret = NULL;
	if (!section->present)
		return 0;
	if (section->size > TEXT_SECTION_MAX)
		return fr_fail(error, FR_INVALID_PAYLOAD, -EFBIG,
			       "%s: a section with text is larger than 64 KiB",
			       input->path);
	err = input_look(input, section->offset, (size_t)section->size, &data,
			 error);
	if (err < 0)
		return err;
	size = strnlen(data, (size_t)section->size);
	while (size && strchr(" \t\r\n", data[size - 1]))
		size--;
	*ret = strndup(data, size);
	return *ret ? 0 : fr_fail_memory(error);
}

static int set_uki_cmdline(struct fr_payload *payload, struct input *input,
			   const struct fr_pe *pe, struct fr_error *error)
{
	_cleanup_free_ char *cmdline = NULL;
	int err;

	err = section_text(input, pe, FR_PE_CMDLINE, &cmdline, error);
	if (err < 0 || !cmdline)
		return err;
	if (payload->cmdline && input->is_signed)
		return fr_fail(
			error, FR_REFUSED, -EPERM,
			"%s: the command line of a signed UKI can't be replaced",
			input->path);
	if (payload->cmdline)
		return 0;
	for (char *c = cmdline; *c; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	return payload_set_cmdline(payload, cmdline, input->path, error);
}

/* The value of PRETTY_NAME in an os-release file, or NULL. */
static char *pretty_name(const char *text)
{
	static const char key[] = "PRETTY_NAME=";
	const char *at = text;
	size_t size;

	while (strncmp(at, key, strlen(key))) {
		at = strchr(at, '\n');
		if (!at)
			return NULL;
		at++;
	}
	at += strlen(key);
	size = strcspn(at, "\r\n");
	if (size >= 2 && (*at == '"' || *at == '\'') && at[size - 1] == *at) {
		at++;
		size -= 2;
	}
	return strndup(at, size);
}

static int set_uki_title(struct fr_payload *payload, struct input *input,
			 const struct fr_pe *pe, struct fr_error *error)
{
	_cleanup_free_ char *release = NULL;
	_cleanup_free_ char *osrel = NULL;
	_cleanup_free_ char *name = NULL;
	char *title = NULL;
	int err;

	err = section_text(input, pe, FR_PE_OSREL, &osrel, error);
	if (err < 0)
		return err;
	err = section_text(input, pe, FR_PE_UNAME, &release, error);
	if (err < 0)
		return err;
	if (osrel)
		name = pretty_name(osrel);
	if (!name || !*name)
		return payload_set_title_from_path(payload, input->path, error);
	if (!release || !*release)
		return payload_set_title(payload, fr_steal_pointer(name),
					 error);
	if (asprintf(&title, "%s (%s)", name, release) < 0)
		title = NULL;
	return payload_set_title(payload, title, error);
}

static int add_uki_parts(struct fr_payload *payload, struct input *input,
			 const struct fr_pe *pe, bool own_dtb,
			 struct fr_error *error)
{
	const struct fr_pe_section *kernel = &pe->section[FR_PE_LINUX];
	const struct fr_pe_section *initrd = &pe->section[FR_PE_INITRD];
	const struct fr_pe_section *dtb = &pe->section[FR_PE_DTB];
	int err;

	err = payload_add_kernel(payload, input, kernel->offset, kernel->size,
				 error);
	if (err < 0)
		return err;
	if (initrd->present && initrd->size)
		payload_add_part(payload, FR_SEGMENT_INITRD, input,
				 initrd->offset, initrd->size);
	if (own_dtb && dtb->present && dtb->size)
		return payload_add_dtb_part(payload, input, dtb->offset,
					    dtb->size, error);
	return 0;
}

static int parse_uki(struct input *input, struct fr_pe *ret,
		     struct fr_error *error)
{
	uint64_t file_size = (uint64_t)input->stat.st_size;
	size_t size = file_size < HEAD_SIZE ? (size_t)file_size : HEAD_SIZE;
	struct fr_image image;
	const char *head;
	int err;

	err = input_look(input, 0, size, &head, error);
	if (err < 0)
		return err;
	err = fr_image_probe(head, size, file_size, input->path, &image, error);
	if (err < 0)
		return err;
	if (image.kind == FR_IMAGE_PE) {
		err = fr_pe_parse(head, size, file_size, input->path, ret,
				  error);
		if (err < 0 || ret->section[FR_PE_LINUX].present)
			return err;
		return fr_fail(
			error, FR_INVALID_PAYLOAD, -ENOEXEC,
			"%s: is an EFI program without a .linux section, so it is no UKI",
			input->path);
	}
	return fr_fail(error, FR_INVALID_PAYLOAD, -ENOEXEC,
		       "%s: is a kernel, not a UKI; stage it as one (--kernel)",
		       input->path);
}

int payload_open_uki(struct fr_payload *payload, const char *path,
		     char *const *initrds, const char *devicetree,
		     struct fr_error *error)
{
	struct input *input;
	struct fr_pe pe = { 0 };
	int err;

	err = payload_add_input(payload, path,
				payload->max_kernel_size +
					payload->max_initrd_size +
					UKI_OTHER_MAX,
				payload->request.signature, &input, error);
	if (err < 0)
		return err;
	err = parse_uki(input, &pe, error);
	if (err < 0)
		return err;
	err = set_uki_cmdline(payload, input, &pe, error);
	if (err < 0)
		return err;
	if (!payload->title) {
		err = set_uki_title(payload, input, &pe, error);
		if (err < 0)
			return err;
	}
	err = add_uki_parts(payload, input, &pe, !devicetree, error);
	if (err < 0)
		return err;
	err = payload_add_initrds(payload, initrds, error);
	if (err < 0)
		return err;
	return payload_add_dtb(payload, devicetree, error);
}
