// SPDX-License-Identifier: GPL-2.0-or-later
/* The files: which there are, which of them count, and in what order. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cleanup.h"
#include "io.h"
#include "parse.h"

#define FILE_SIZE_MAX (1U << 20)
#define DROP_INS_MAX 1024

/* By precedence. */
static const char *const folders[] = {
	"/etc/fastreboot",
	"/run/fastreboot",
	"/usr/lib/fastreboot",
};

#define N_FOLDERS (sizeof(folders) / sizeof(folders[0]))

static bool is_null_device(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(1, 3);
}

static int read_and_parse(struct fr_config *config, const char *path,
			  bool salvage, struct fr_error *error)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int err;

	err = fr_read_file(AT_FDCWD, path, FILE_SIZE_MAX, &text, &size);
	if (err == -ENOENT)
		return err;
	if (err < 0)
		return fr_fail(error, FR_FAILED, err, "can't read %s: %s", path,
			       err == -EFBIG ? "it is larger than 1 MiB" :
					       fr_file_error(err));
	return config_parse_text(config, text, size, path, salvage, error);
}

/* Whatever could not be read may have said what is to be signed. */
static int pass_over_file(struct fr_config *config, struct fr_error *error)
{
	config->trust_unclear = true;
	return config_pass_over(config, error->text, error);
}

static int parse_file(struct fr_config *config, const char *path, bool salvage,
		      struct fr_error *error)
{
	int err;

	if (is_null_device(path))
		return 0;
	err = read_and_parse(config, path, salvage, error);
	if (!err || err == -ENOENT || err == -ENOMEM || !salvage)
		return err;
	return pass_over_file(config, error);
}

static int load_main(struct fr_config *config, const char *root, bool salvage,
		     struct fr_error *error)
{
	for (size_t i = 0; i < N_FOLDERS; i++) {
		_cleanup_free_ char *path = NULL;
		int err;

		if (asprintf(&path, "%s%s/fastreboot.conf", root, folders[i]) <
		    0) {
			path = NULL;
			return fr_fail_memory(error);
		}
		err = parse_file(config, path, salvage, error);
		if (err != -ENOENT)
			return err;
	}
	return 0;
}

/* The drop-ins, of each name the one that counts. */
struct drop_ins {
	size_t count;
	struct drop_in {
		char *name;
		char *path;
	} *list;
};

static void drop_ins_done(struct drop_ins *drop_ins)
{
	for (size_t i = 0; i < drop_ins->count; i++) {
		free(drop_ins->list[i].name);
		free(drop_ins->list[i].path);
	}
	free(drop_ins->list);
}

static bool has_drop_in(const struct drop_ins *drop_ins, const char *name)
{
	for (size_t i = 0; i < drop_ins->count; i++)
		if (!strcmp(drop_ins->list[i].name, name))
			return true;
	return false;
}

static int add_drop_in(struct drop_ins *drop_ins, const char *folder,
		       const char *name)
{
	struct drop_in *larger;
	struct drop_in new;

	if (drop_ins->count >= DROP_INS_MAX)
		return -E2BIG;
	larger = realloc(drop_ins->list,
			 (drop_ins->count + 1) * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	drop_ins->list = larger;
	new.name = strdup(name);
	if (asprintf(&new.path, "%s/%s", folder, name) < 0)
		new.path = NULL;
	if (!new.name || !new.path) {
		free(new.name);
		free(new.path);
		return -ENOMEM;
	}
	drop_ins->list[drop_ins->count++] = new;
	return 0;
}

static bool is_drop_in(const char *name)
{
	size_t size = strlen(name);

	return *name != '.' && size > 5 && !strcmp(name + size - 5, ".conf");
}

/* The folders come by precedence: a name that is known has been replaced. */
static int scan_folder(struct drop_ins *drop_ins, const char *folder)
{
	_cleanup_closedir_ DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	while (errno = 0, (entry = readdir(dir))) {
		int err;

		if (!is_drop_in(entry->d_name) ||
		    has_drop_in(drop_ins, entry->d_name))
			continue;
		err = add_drop_in(drop_ins, folder, entry->d_name);
		if (err < 0)
			return err;
	}
	return -errno;
}

static int scan(struct drop_ins *drop_ins, const char *root,
		struct fr_error *error)
{
	for (size_t i = 0; i < N_FOLDERS; i++) {
		_cleanup_free_ char *folder = NULL;
		int err;

		if (asprintf(&folder, "%s%s/fastreboot.conf.d", root,
			     folders[i]) < 0) {
			folder = NULL;
			return fr_fail_memory(error);
		}
		err = scan_folder(drop_ins, folder);
		if (err < 0)
			return fr_fail(error, FR_FAILED, err,
				       "can't read %s: %s", folder,
				       strerror(-err));
	}
	return 0;
}

static int compare_drop_ins(const void *a, const void *b)
{
	const struct drop_in *one = a;
	const struct drop_in *other = b;

	return strcmp(one->name, other->name);
}

static int load_drop_ins(struct fr_config *config, const char *root,
			 bool salvage, struct fr_error *error)
{
	__attribute__((
		__cleanup__(drop_ins_done))) struct drop_ins drop_ins = { 0 };
	int err;

	err = scan(&drop_ins, root, error);
	if (err < 0 && err != -ENOMEM && salvage)
		err = pass_over_file(config, error);
	if (err < 0)
		return err;
	if (drop_ins.count)
		qsort(drop_ins.list, drop_ins.count, sizeof(*drop_ins.list),
		      compare_drop_ins);
	for (size_t i = 0; i < drop_ins.count; i++) {
		err = parse_file(config, drop_ins.list[i].path, salvage, error);
		/* One that is gone by now was just removed. */
		if (err < 0 && err != -ENOENT)
			return err;
	}
	return 0;
}

static int load(const char *root, bool salvage, struct fr_config *ret,
		struct fr_error *error)
{
	_cleanup_config_ struct fr_config config = { 0 };
	int err;

	if (!root)
		root = "";
	if (fr_config_default(&config) < 0)
		return fr_fail_memory(error);
	err = load_main(&config, root, salvage, error);
	if (err < 0)
		return err;
	err = load_drop_ins(&config, root, salvage, error);
	if (err < 0)
		return err;
	*ret = config;
	config = (struct fr_config){ 0 };
	return 0;
}

int fr_config_load(const char *root, struct fr_config *ret,
		   struct fr_error *error)
{
	return load(root, false, ret, error);
}

int fr_config_salvage(const char *root, struct fr_config *ret)
{
	struct fr_error error = { 0 };

	return load(root, true, ret, &error);
}
