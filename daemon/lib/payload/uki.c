// SPDX-License-Identifier: GPL-2.0-or-later
/* Unified kernel images: one PE file whose sections are a payload. */
#include "uki.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "binding.h"
#include "bls.h"
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
	if (err < 0)
		return err;
	if (!cmdline && input->is_bound)
		return fr_fail(
			error, FR_REFUSED, -EPERM,
			"%s: has no command line, and no other would be signed; build the UKI with one",
			input->path);
	if (!cmdline)
		return 0;
	if (payload->cmdline && input->is_bound)
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

/* The value of a key, with its "=", in an os-release file, or NULL. */
static char *osrel_value(const char *text, const char *key)
{
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

/* A UKI that is signed itself says what version it is: that of its system, or kernel. */
static int set_uki_version(struct fr_payload *payload, const char *osrel,
			   const char *release, struct fr_error *error)
{
	_cleanup_free_ char *image =
		osrel ? osrel_value(osrel, "IMAGE_VERSION=") : NULL;
	const char *version = image && *image ? image : release;

	if (!payload->binding.by_itself || !version ||
	    !fr_manifest_is_version(version))
		return 0;
	payload->binding.version = strdup(version);
	return payload->binding.version ? 0 : fr_fail_memory(error);
}

/* Title and version, as far as they are not known. */
static int set_uki_names(struct fr_payload *payload, struct input *input,
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
	err = set_uki_version(payload, osrel, release, error);
	if (err < 0 || payload->title)
		return err;
	if (osrel)
		name = osrel_value(osrel, "PRETTY_NAME=");
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

static bool is_addon(const char *name)
{
	static const char *const suffixes[] = { ".addon.efi", ".cred", ".raw" };
	size_t size = strlen(name);

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		size_t n = strlen(suffixes[i]);

		if (size > n && *name != '.' &&
		    !strcasecmp(name + size - n, suffixes[i]))
			return true;
	}
	return false;
}

/* The first name in a folder that the stub of a UKI would load; NULL for none. */
static int find_addon(const char *folder, char **ret)
{
	_cleanup_closedir_ DIR *dir = opendir(folder);
	const struct dirent *entry;

	*ret = NULL;
	while (dir && (entry = readdir(dir)))
		if (is_addon(entry->d_name)) {
			*ret = strdup(entry->d_name);
			return *ret ? 0 : -ENOMEM;
		}
	return 0;
}

static int check_folder_of_addons(const char *path, size_t size,
				  const char *suffix, struct fr_error *error)
{
	_cleanup_free_ char *folder = NULL;
	_cleanup_free_ char *addon = NULL;

	if (asprintf(&folder, "%.*s%s", (int)size, path, suffix) < 0) {
		folder = NULL;
		return fr_fail_memory(error);
	}
	if (find_addon(folder, &addon) < 0)
		return fr_fail_memory(error);
	if (!addon)
		return 0;
	return fr_fail(
		error, FR_INVALID_PAYLOAD, -EOPNOTSUPP,
		"%s: has an add-on, %s/%s, which can't be staged; build a UKI that needs none, or stage a copy of this one without them",
		path, folder, addon);
}

/*
 * What lies beside a UKI and is loaded with it: add-ons, credentials and system
 * extensions. The folder has the name of the UKI, with or without the counter, and
 * there is one for all UKIs of a boot partition.
 */
static int check_addons(const char *path, struct fr_error *error)
{
	size_t size = strlen(path);
	size_t id = fr_bls_id_size(path, ".efi");
	const char *linux_folder = strstr(path, "/EFI/Linux/");
	int err = check_folder_of_addons(path, size, ".extra.d", error);

	if (err >= 0 && id + strlen(".efi") < size)
		err = check_folder_of_addons(path, id, ".efi.extra.d", error);
	if (err >= 0 && linux_folder && !strchr(linux_folder + 11, '/'))
		err = check_folder_of_addons(path,
					     (size_t)(linux_folder - path),
					     "/loader/addons", error);
	return err;
}

static int open_uki(struct fr_payload *payload, const char *path,
		    struct input **ret, struct fr_error *error)
{
	uint64_t limit = payload->max_kernel_size + payload->max_initrd_size +
			 UKI_OTHER_MAX;
	_cleanup_free_ char *found = NULL;
	int err;

	if (fr_bls_find_renamed(path, &found) < 0)
		return fr_fail_memory(error);
	err = check_addons(found ?: path, error);
	if (!err)
		err = binding_open(payload, found ?: path, FILE_UKI, error);
	if (err < 0)
		return err;
	return payload_add_input(payload, found ?: path, limit, FILE_UKI, ret,
				 error);
}

int payload_open_uki(struct fr_payload *payload, const char *path,
		     char *const *initrds, const char *devicetree,
		     struct fr_error *error)
{
	struct input *input;
	struct fr_pe pe = { 0 };
	int err;

	err = open_uki(payload, path, &input, error);
	if (err < 0)
		return err;
	err = parse_uki(input, &pe, error);
	if (err < 0)
		return err;
	err = set_uki_cmdline(payload, input, &pe, error);
	if (err < 0)
		return err;
	err = set_uki_names(payload, input, &pe, error);
	if (err < 0)
		return err;
	err = add_uki_parts(payload, input, &pe, !devicetree, error);
	if (err < 0)
		return err;
	err = payload_add_initrds(payload, initrds, error);
	if (err < 0)
		return err;
	return payload_add_dtb(payload, devicetree, error);
}
