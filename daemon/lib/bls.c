// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An entry is lines of a key, blanks and a value. Paths in it begin at the boot
 * root, the folder that has loader/entries/, or at the root of its file system: the
 * specification means a partition, and where /boot is a mere folder of the root
 * file system, kernel-install(8) writes "/boot/..."; none leads out by "..". What
 * else there may be in such files (for boot loaders of other systems, or newer
 * ones) is passed over.
 */
#include "bls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"

#define ENTRY_SIZE_MAX 65536
#define INITRDS_MAX 32
#define ENTRIES FR_BLS_ENTRIES
#define SUFFIX ".conf"
#define UKI_SUFFIX ".efi"

static const char blanks[] = " \t\r";

/* Where a line is, for errors, and where its paths begin. */
struct place {
	const char *root;
	const char *name;
	unsigned int line;
	struct fr_error *error;
};

void fr_bls_entry_done(struct fr_bls_entry *entry)
{
	free(entry->id);
	free(entry->root);
	free(entry->title);
	free(entry->version);
	free(entry->architecture);
	free(entry->linux_path);
	free(entry->uki_path);
	fr_strv_free(entry->initrds);
	free(entry->root_image);
	free(entry->devicetree);
	free(entry->options);
	free(entry->profile);
	*entry = (struct fr_bls_entry){ 0 };
}

static int invalid(const struct place *place, const char *key, const char *why)
{
	return fr_fail(place->error, FR_INVALID_PAYLOAD, -EINVAL,
		       "%s:%u: %s: %s", place->name, place->line, key, why);
}

const char *fr_bls_find_variable(const char *text)
{
	for (const char *at = text; (at = strchr(at, '$')); at++)
		if (at == text || strchr(blanks, at[-1]))
			return at;
	return NULL;
}

/* Boot loaders that know such entries have values for "$name", which are not here. */
static int check_variables(const char *key, const char *value,
			   const struct place *place)
{
	const char *variable = fr_bls_find_variable(value);

	if (!variable)
		return 0;
	return fr_fail(
		place->error, FR_INVALID_PAYLOAD, -EINVAL,
		"%s:%u: %s: %.*s is a variable of the boot loader, whose value is not known here; write the file's name there",
		place->name, place->line, key, (int)strcspn(variable, blanks),
		variable);
}

static bool has_dot_dot(const char *path)
{
	while (*path) {
		size_t size = strcspn(path, "/");

		if (size == 2 && !memcmp(path, "..", 2))
			return true;
		path += size;
		path += strspn(path, "/");
	}
	return false;
}

/* A path of the entry, with the root in front of it. */
static int make_path(const char *key, const char *value,
		     const struct place *place, char **ret)
{
	const char *root = place->root;
	int root_size = (int)strlen(root);
	int err = check_variables(key, value, place);

	if (err < 0)
		return err;
	value += strspn(value, "/");
	if (!*value)
		return invalid(place, key, "there is no path");
	if (has_dot_dot(value))
		return invalid(place, key,
			       "the path must not have \"..\" in it");
	while (root_size && root[root_size - 1] == '/')
		root_size--;
	if (asprintf(ret, "%.*s/%s", root_size, root, value) < 0) {
		*ret = NULL;
		return fr_fail_memory(place->error);
	}
	return 0;
}

static int set_path(char **field, const char *key, const char *value,
		    const struct place *place)
{
	if (*field)
		return invalid(place, key, "this is given twice");
	return make_path(key, value, place, field);
}

/* For people: of several the last one. */
static int set_text(char **field, const char *value, const struct place *place)
{
	char *copy = strdup(value);

	if (!copy)
		return fr_fail_memory(place->error);
	free(*field);
	*field = copy;
	return 0;
}

static int add_options(char **options, const char *value,
		       const struct place *place)
{
	bool first = !**options;
	char *joined;

	if (asprintf(&joined, "%s%s%s", *options, first ? "" : " ", value) < 0)
		return fr_fail_memory(place->error);
	free(*options);
	*options = joined;
	return 0;
}

static int add_initrd(char ***initrds, const char *value,
		      const struct place *place)
{
	size_t count = 0;
	char **larger;
	char *path;
	int err;

	while ((*initrds)[count])
		count++;
	if (count >= INITRDS_MAX)
		return invalid(place, "initrd", "these are more than 32");
	err = make_path("initrd", value, place, &path);
	if (err < 0)
		return err;
	larger = realloc(*initrds, (count + 2) * sizeof(*larger));
	if (!larger) {
		free(path);
		return fr_fail_memory(place->error);
	}
	larger[count] = path;
	larger[count + 1] = NULL;
	*initrds = larger;
	return 0;
}

static int set_key(struct fr_bls_entry *entry, const char *key,
		   const char *value, const struct place *place)
{
	if (!strcmp(key, "title"))
		return set_text(&entry->title, value, place);
	if (!strcmp(key, "version"))
		return set_text(&entry->version, value, place);
	if (!strcmp(key, "architecture"))
		return set_text(&entry->architecture, value, place);
	if (!strcmp(key, "profile"))
		return set_text(&entry->profile, value, place);
	if (!strcmp(key, "linux"))
		return set_path(&entry->linux_path, key, value, place);
	if (!strcmp(key, "efi") || !strcmp(key, "uki"))
		return set_path(&entry->uki_path, key, value, place);
	if (!strcmp(key, "x-fastreboot-root-image"))
		return set_path(&entry->root_image, key, value, place);
	if (!strcmp(key, "devicetree"))
		return set_path(&entry->devicetree, key, value, place);
	if (!strcmp(key, "initrd"))
		return add_initrd(&entry->initrds, value, place);
	if (!strcmp(key, "options"))
		return add_options(&entry->options, value, place);
	if (!strcmp(key, "devicetree-overlay"))
		return invalid(
			place, key,
			"overlays are not supported; apply it to the device tree and name that");
	return 0;
}

static int parse_line(struct fr_bls_entry *entry, char *line,
		      const struct place *place)
{
	size_t size;
	char *value;

	line += strspn(line, blanks);
	size = strlen(line);
	while (size && strchr(blanks, line[size - 1]))
		line[--size] = '\0';
	if (!*line || *line == '#')
		return 0;
	value = line + strcspn(line, blanks);
	if (*value)
		*value++ = '\0';
	value += strspn(value, blanks);
	return set_key(entry, line, value, place);
}

static int parse_lines(struct fr_bls_entry *entry, char *text,
		       struct place *place)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		int err;

		place->line++;
		err = parse_line(entry, line, place);
		if (err < 0)
			return err;
	}
	return 0;
}

static int check_entry(const struct fr_bls_entry *entry,
		       const struct place *place)
{
	const char *why = NULL;

	if (!entry->linux_path && !entry->uki_path)
		why = "has no key \"linux\" or \"uki\", so it boots no Linux kernel";
	else if (entry->linux_path && entry->uki_path)
		why = "has both \"linux\" and \"uki\"; leave one of them";
	else if (entry->root_image && entry->uki_path)
		why = "has both \"x-fastreboot-root-image\" and a UKI; a root image goes with \"linux\"";
	else if (entry->uki_path && entry->profile &&
		 strcmp(entry->profile, "0"))
		why = "asks for another \"profile\" of the UKI than 0; only the first one can be staged";
	else if (entry->root_image && *entry->initrds)
		why = "has both \"x-fastreboot-root-image\" and \"initrd\"; leave one of them";
	if (!why)
		return 0;
	return fr_fail(place->error, FR_INVALID_PAYLOAD, -EINVAL, "%s: %s",
		       place->name, why);
}

int fr_bls_parse(const char *text, size_t size, const char *root,
		 const char *name, struct fr_bls_entry *ret,
		 struct fr_error *error)
{
	_cleanup_bls_entry_ struct fr_bls_entry entry = { 0 };
	_cleanup_free_ char *copy = strndup(text, size);
	struct place place = { .root = root, .name = name, .error = error };
	int err;

	entry.root = strdup(root);
	entry.options = strdup("");
	entry.initrds = calloc(1, sizeof(*entry.initrds));
	if (!copy || !entry.root || !entry.options || !entry.initrds)
		return fr_fail_memory(error);
	if (memchr(text, '\0', size))
		return fr_fail(error, FR_INVALID_PAYLOAD, -EINVAL,
			       "%s: is not a text file", name);
	err = parse_lines(&entry, copy, &place);
	if (err < 0)
		return err;
	err = check_entry(&entry, &place);
	if (err < 0)
		return err;
	*ret = entry;
	entry = (struct fr_bls_entry){ 0 };
	return 0;
}

/* Is there more than the suffix? */
static bool has_suffix(const char *name, const char *suffix)
{
	size_t size = strlen(name);
	size_t n = strlen(suffix);

	return size > n && !strcmp(name + size - n, suffix);
}

static size_t digits(const char *text, size_t size)
{
	size_t count = 0;

	while (count < size && text[count] >= '0' && text[count] <= '9')
		count++;
	return count;
}

size_t fr_bls_id_size(const char *name, const char *suffix)
{
	size_t size = strlen(name);
	const char *plus;
	size_t rest;
	size_t n;

	if (has_suffix(name, suffix))
		size -= strlen(suffix);
	plus = memrchr(name, '+', size);
	if (!plus || plus == name)
		return size;
	rest = size - (size_t)(plus + 1 - name);
	n = digits(plus + 1, rest);
	if (n && n < rest && plus[1 + n] == '-' &&
	    digits(plus + 2 + n, rest - n - 1) == rest - n - 1 && rest > n + 1)
		n = rest;
	return n && n == rest ? (size_t)(plus - name) : size;
}

bool fr_bls_is_name(const char *name, const char *suffix)
{
	return *name != '.' && has_suffix(name, suffix);
}

bool fr_bls_same_id(const char *a, const char *b, const char *suffix)
{
	size_t size = fr_bls_id_size(a, suffix);

	return size == fr_bls_id_size(b, suffix) && !memcmp(a, b, size);
}

/* Is @name the file that @wanted names in full, with or without the suffix? */
static bool same_file(const char *name, const char *wanted, const char *suffix)
{
	size_t size = strlen(wanted);

	return !strncmp(name, wanted, size) &&
	       (!name[size] || !strcmp(name + size, suffix));
}

/* What searching a folder for names with a suffix has found. */
struct match {
	const char *suffix;
	char *name;
	bool exact;
	bool several;
};

static int consider(const char *name, const char *wanted, struct match *match)
{
	bool exact = same_file(name, wanted, match->suffix);
	char *copy;

	if (!fr_bls_is_name(name, match->suffix) ||
	    !fr_bls_same_id(name, wanted, match->suffix) || match->exact)
		return 0;
	match->several = match->name && !exact;
	match->exact = exact;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	free(match->name);
	match->name = copy;
	return 0;
}

static int search_folder(const char *folder, const char *wanted,
			 struct match *match)
{
	_cleanup_closedir_ DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	while (errno = 0, (entry = readdir(dir))) {
		int err = consider(entry->d_name, wanted, match);

		if (err < 0)
			return err;
	}
	return -errno;
}

/* Is the folder on the same file system as the one above it? */
static bool continues_above(const char *folder)
{
	_cleanup_free_ char *above = NULL;
	struct stat here, there;

	if (asprintf(&above, "%s/..", folder) < 0) {
		above = NULL;
		return false;
	}
	return !stat(folder, &here) && !stat(above, &there) &&
	       here.st_dev == there.st_dev && here.st_ino != there.st_ino;
}

/* The root of the file system that a boot root is on: the boot root itself if
 * that is a mount point. NULL: no memory.
 */
static char *file_system_root(const char *root)
{
	char *top = realpath(*root ? root : "/", NULL);

	while (top && continues_above(top)) {
		char *slash = strrchr(top, '/');

		slash[slash == top] = '\0';
	}
	return top;
}

static bool kernel_is_there(const struct fr_bls_entry *entry)
{
	const char *path = entry->linux_path ?: entry->uki_path;

	return path && !access(path, F_OK);
}

/* Once more with the root of the file system, if that is where the kernel is. */
static int retry_at_top(const char *text, size_t size, const char *path,
			struct fr_bls_entry *entry)
{
	_cleanup_bls_entry_ struct fr_bls_entry other = { 0 };
	_cleanup_free_ char *top = file_system_root(entry->root);
	struct fr_error ignored = { 0 };
	struct fr_bls_entry swap;

	if (!top)
		return -ENOMEM;
	if (!fr_bls_parse(text, size, top, path, &other, &ignored) &&
	    kernel_is_there(&other)) {
		swap = *entry;
		*entry = other;
		other = swap;
	}
	return 0;
}

static int read_entry(const char *root, const char *path,
		      struct fr_bls_entry *ret, struct fr_error *error)
{
	_cleanup_bls_entry_ struct fr_bls_entry entry = { 0 };
	_cleanup_free_ char *text = NULL;
	const char *name = strrchr(path, '/') + 1;
	size_t size;
	int err;

	err = fr_read_file(AT_FDCWD, path, ENTRY_SIZE_MAX, &text, &size);
	if (err == -EFBIG)
		return fr_fail(
			error, FR_TOO_LARGE, err,
			"%s: is larger than 64 KiB, so it is no boot loader entry",
			path);
	if (err == -ENOENT)
		return fr_fail(error, FR_NOT_FOUND, err,
			       "%s: there is no such file", path);
	if (err < 0)
		return fr_fail(error, FR_FAILED, err, "can't read %s: %s", path,
			       fr_file_error(err));
	err = fr_bls_parse(text, size, root, path, &entry, error);
	if (err < 0)
		return err;
	if (!kernel_is_there(&entry) &&
	    retry_at_top(text, size, path, &entry) < 0)
		return fr_fail_memory(error);
	entry.id = strndup(name, fr_bls_id_size(name, SUFFIX));
	if (!entry.id)
		return fr_fail_memory(error);
	*ret = entry;
	entry = (struct fr_bls_entry){ 0 };
	return 0;
}

static int read_match(const char *root, const char *folder, const char *wanted,
		      const struct match *match, struct fr_bls_entry *ret,
		      struct fr_error *error)
{
	_cleanup_free_ char *path = NULL;

	if (match->several)
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"%s: several entries in %s have this id; name one by its file",
			wanted, folder);
	if (asprintf(&path, "%s/%s", folder, match->name) < 0) {
		path = NULL;
		return fr_fail_memory(error);
	}
	return read_entry(root, path, ret, error);
}

/* Return: 1 if the root has the entry, 0 if not, or a negative errno. */
static int load_below(const char *root, const char *wanted,
		      struct fr_bls_entry *ret, struct fr_error *error)
{
	_cleanup_free_ char *folder = NULL;
	struct match match = { .suffix = SUFFIX };
	int err;

	if (asprintf(&folder, "%s" ENTRIES, root) < 0) {
		folder = NULL;
		return fr_fail_memory(error);
	}
	err = search_folder(folder, wanted, &match);
	if (err < 0)
		err = fr_fail(error, err == -ENOMEM ? FR_NO_MEMORY : FR_FAILED,
			      err, "can't read %s: %s", folder, strerror(-err));
	else if (match.name)
		err = read_match(root, folder, wanted, &match, ret, error) ?: 1;
	free(match.name);
	return err;
}

static int load_id(char *const *boot_roots, const char *id,
		   struct fr_bls_entry *ret, struct fr_error *error)
{
	if (!*id || strchr(id, '/') || *id == '.')
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"'%s' is neither the id nor the absolute path of a boot loader entry",
			id);
	for (char *const *root = boot_roots; *root; root++) {
		int err = load_below(*root, id, ret, error);

		if (err)
			return err < 0 ? err : 0;
	}
	return fr_fail(
		error, FR_NOT_FOUND, -ENOENT,
		"there is no boot loader entry '%s' below the BootRoots= of fastreboot.conf; bootctl list names those that there are",
		id);
}

/* Nothing is found where there are several, or the folder can't be read. */
static int search_renamed(const char *folder, const char *wanted,
			  const char *suffix, char **ret)
{
	struct match match = { .suffix = suffix };
	int err = search_folder(folder, wanted, &match);

	if (!err && match.name && !match.several &&
	    asprintf(ret, "%s/%s", folder, match.name) < 0) {
		*ret = NULL;
		err = -ENOMEM;
	}
	free(match.name);
	return err == -ENOMEM ? err : 0;
}

int fr_bls_find_renamed(const char *path, char **ret)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *folder = NULL;
	const char *suffix;

	*ret = NULL;
	if (!slash || !access(path, F_OK))
		return 0;
	suffix = has_suffix(slash + 1, UKI_SUFFIX) ? UKI_SUFFIX : SUFFIX;
	if (!fr_bls_is_name(slash + 1, suffix))
		return 0;
	folder = strndup(path, (size_t)(slash - path));
	return folder ? search_renamed(folder, slash + 1, suffix, ret) :
			-ENOMEM;
}

/* The root of an entry is what stands in front of "/loader/entries/". */
static int load_path(const char *path, struct fr_bls_entry *ret,
		     struct fr_error *error)
{
	_cleanup_free_ char *root = NULL;
	_cleanup_free_ char *found = NULL;
	const char *name = strrchr(path, '/');
	size_t folder = strlen(ENTRIES);
	size_t size = (size_t)(name - path);

	if (has_dot_dot(path) || size < folder ||
	    memcmp(name - folder, ENTRIES, folder) ||
	    !fr_bls_is_name(name + 1, SUFFIX))
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"%s: the path of a boot loader entry ends with /loader/entries/<id>.conf",
			path);
	root = strndup(path, size - folder);
	if (!root || fr_bls_find_renamed(path, &found) < 0)
		return fr_fail_memory(error);
	return read_entry(root, found ?: path, ret, error);
}

int fr_bls_load(char *const *boot_roots, const char *entry,
		struct fr_bls_entry *ret, struct fr_error *error)
{
	if (*entry == '/')
		return load_path(entry, ret, error);
	return load_id(boot_roots, entry, ret, error);
}
