// SPDX-License-Identifier: GPL-2.0-or-later
/* All that a boot loader would offer, by the names of the files. */
#include "bls.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

/* More than there are boot roots. */
#define FOLDERS_MAX 64

/**
 * struct names - names that are being collected
 * @list: that grows, and NULL behind it
 * @count: names in it
 * @folders: those that were read: /efi may be a link to /boot/efi
 * @n_folders: how many
 */
struct names {
	char **list;
	size_t count;
	struct {
		dev_t device;
		ino_t inode;
	} folders[FOLDERS_MAX];
	size_t n_folders;
};

static bool was_read(struct names *names, DIR *dir)
{
	struct stat folder;

	if (fstat(dirfd(dir), &folder) < 0)
		return false;
	for (size_t i = 0; i < names->n_folders; i++)
		if (names->folders[i].device == folder.st_dev &&
		    names->folders[i].inode == folder.st_ino)
			return true;
	if (names->n_folders < FOLDERS_MAX) {
		names->folders[names->n_folders].device = folder.st_dev;
		names->folders[names->n_folders++].inode = folder.st_ino;
	}
	return false;
}

static int add(struct names *names, const char *folder, const char *name)
{
	char **larger =
		realloc(names->list, (names->count + 2) * sizeof(*names->list));

	if (!larger)
		return -ENOMEM;
	names->list = larger;
	larger[names->count + 1] = NULL;
	if (asprintf(&larger[names->count], "%s/%s", folder, name) < 0) {
		larger[names->count] = NULL;
		return -ENOMEM;
	}
	names->count++;
	return 0;
}

static int higher_first(const void *a, const void *b)
{
	return strverscmp(*(char *const *)b, *(char *const *)a);
}

static int read_names(DIR *dir, const char *folder, const char *suffix,
		      struct names *names)
{
	struct dirent *entry;
	int err = 0;

	while (!err && names->count < FR_BLS_LIST_MAX) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return -errno;
		if (fr_bls_is_name(entry->d_name, suffix))
			err = add(names, folder, entry->d_name);
	}
	return err;
}

static int list_folder(const char *root, const char *below, const char *suffix,
		       struct names *names, struct fr_error *error)
{
	_cleanup_closedir_ DIR *dir = NULL;
	_cleanup_free_ char *folder = NULL;
	size_t before = names->count;
	int err;

	if (asprintf(&folder, "%s%s", root, below) < 0) {
		folder = NULL;
		return fr_fail_memory(error);
	}
	dir = opendir(folder);
	if (dir && was_read(names, dir))
		return 0;
	err = dir ? read_names(dir, folder, suffix, names) : -errno;
	if (err == -ENOENT || err == -ENOTDIR)
		return 0;
	if (err < 0)
		return fr_fail(error,
			       err == -EACCES ? FR_NOT_PERMITTED : FR_FAILED,
			       err, "can't read %s: %s", folder,
			       strerror(-err));
	if (names->count > before)
		qsort(names->list + before, names->count - before,
		      sizeof(*names->list), higher_first);
	return 0;
}

int fr_bls_list(char *const *boot_roots, char ***ret, struct fr_error *error)
{
	struct names names = { .list = calloc(1, sizeof(*names.list)) };
	int err = names.list ? 0 : fr_fail_memory(error);

	for (; !err && *boot_roots; boot_roots++) {
		err = list_folder(*boot_roots, FR_BLS_ENTRIES, ".conf", &names,
				  error);
		if (!err)
			err = list_folder(*boot_roots, FR_BLS_UKIS, ".efi",
					  &names, error);
	}
	if (err) {
		fr_strv_free(names.list);
		return err;
	}
	*ret = names.list;
	return 0;
}
