// SPDX-License-Identifier: GPL-2.0-or-later
/* The text of a boot loader entry. */
#include "fuzz.h"

#include <string.h>

#include "bls.h"

/* A path that begins at the root and does not leave it. */
static void check_path(const char *path)
{
	if (!path)
		return;
	fuzz_require(!strncmp(path, "/root/", 6));
	fuzz_require(!strstr(path, "/../"));
	fuzz_require(!strchr(path, '\n'));
	fuzz_require(strlen(path) < 3 ||
		     strcmp(path + strlen(path) - 3, "/.."));
}

static void check_entry(const struct fr_bls_entry *entry)
{
	fuzz_require(!entry->linux_path != !entry->uki_path);
	fuzz_require(entry->options && !strchr(entry->options, '\n'));
	check_path(entry->linux_path);
	check_path(entry->uki_path);
	check_path(entry->devicetree);
	check_path(entry->root_image);
	fuzz_require(!entry->root_image || !*entry->initrds);
	for (char **initrd = entry->initrds; *initrd; initrd++)
		check_path(*initrd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_bls_entry entry = { 0 };
	struct fr_error error = { 0 };
	int r = fr_bls_parse((const char *)data, size, "/root", "entry", &entry,
			     &error);

	if (r < 0) {
		fuzz_require(error.failure != FR_OK && *error.text);
		fuzz_require(!entry.root);
		return 0;
	}
	check_entry(&entry);
	fr_bls_entry_done(&entry);
	return 0;
}
