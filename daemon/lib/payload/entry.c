// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kernels with what goes with them: named one by one, or by a boot loader entry,
 * which may name a UKI instead.
 */
#include "entry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "binding.h"
#include "bls.h"
#include "parts.h"
#include "text.h"
#include "uki.h"

int payload_open_kernel(struct fr_payload *payload, const char *path,
			char *const *initrds, const char *root_image,
			const char *devicetree, struct fr_error *error)
{
	struct input *input;
	int err;

	err = binding_open(payload, path, FILE_KERNEL, error);
	if (err < 0)
		return err;
	err = payload_add_input(payload, path, payload->max_kernel_size,
				FILE_KERNEL, &input, error);
	if (err < 0)
		return err;
	err = payload_add_kernel(payload, input, 0,
				 (uint64_t)input->stat.st_size, error);
	if (err < 0)
		return err;
	err = payload_add_initrds_or_root(payload, initrds, root_image, error);
	if (err < 0)
		return err;
	err = payload_add_dtb(payload, devicetree, error);
	if (err < 0 || payload->title)
		return err;
	return payload_set_title_from_path(payload, path, error);
}

static int check_architecture(const struct fr_bls_entry *entry,
			      struct fr_error *error)
{
	const char *is = entry->architecture;

	if (!is || !strcasecmp(is, "aa64") || !strcasecmp(is, "arm64") ||
	    !strcasecmp(is, "aarch64"))
		return 0;
	return fr_fail(error, FR_INVALID_PAYLOAD, -ENOEXEC,
		       "the boot loader entry %s is for %s, not for arm64",
		       entry->id, is);
}

static int set_entry_title(struct fr_payload *payload,
			   const struct fr_bls_entry *entry,
			   struct fr_error *error)
{
	const char *title = entry->title ?: entry->id;
	char *joined = NULL;

	if (!entry->version || strstr(title, entry->version))
		return payload_set_title(payload, strdup(title), error);
	if (asprintf(&joined, "%s (%s)", title, entry->version) < 0)
		joined = NULL;
	return payload_set_title(payload, joined, error);
}

/* An empty text is a command line, but not one that replaces that of a UKI. */
static int set_entry_cmdline(struct fr_payload *payload,
			     const struct fr_bls_entry *entry,
			     struct fr_error *error)
{
	const char *variable = fr_bls_find_variable(entry->options);

	if (payload->cmdline || (entry->uki_path && !*entry->options))
		return 0;
	if (variable)
		return fr_fail(
			error, FR_INVALID_PAYLOAD, -EINVAL,
			"the options of the boot loader entry %s have %.*s in them, a variable of the boot loader, whose value is not known here; write the value there, or give the whole command line (--cmdline)",
			entry->id, (int)strcspn(variable, " \t"), variable);
	return payload_set_cmdline(payload, entry->options, entry->id, error);
}

int payload_open_entry(struct fr_payload *payload, char *const *boot_roots,
		       struct fr_error *error)
{
	_cleanup_bls_entry_ struct fr_bls_entry entry = { 0 };
	int err;

	err = fr_bls_load(boot_roots, payload->request.entry, &entry, error);
	if (err < 0)
		return err;
	err = check_architecture(&entry, error);
	if (err < 0)
		return err;
	err = set_entry_title(payload, &entry, error);
	if (err < 0)
		return err;
	if (entry.uki_path && payload->request.root_image)
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"the boot loader entry %s is about a UKI, with which a root image does not go",
			entry.id);
	err = set_entry_cmdline(payload, &entry, error);
	if (err < 0)
		return err;
	if (entry.uki_path)
		return payload_open_uki(payload, entry.uki_path, entry.initrds,
					entry.devicetree, error);
	return payload_open_kernel(payload, entry.linux_path, entry.initrds,
				   payload->request.root_image ?:
								 entry.root_image,
				   entry.devicetree, error);
}
