// SPDX-License-Identifier: GPL-2.0-or-later
#include "lastlog.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "io.h"
#include "utf8.h"

#define PSTORE "/sys/fs/pstore"
#define MOVED "/var/lib/systemd/pstore"
/* Files of a folder that are looked at, and folders below that of moved logs. */
#define FILES_MAX 1024

/* By precedence: kinds of logs, and what their files are called. */
static const char *const kinds[] = { "console-ramoops*", "dmesg*" };

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* The newest file of each kind. */
struct found {
	char *path[N_KINDS];
	struct timespec time[N_KINDS];
	unsigned int files;
};

static void found_done(struct found *found)
{
	for (size_t i = 0; i < N_KINDS; i++)
		free(found->path[i]);
}

static bool is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec > b->tv_sec ||
	       (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

static int consider(struct found *found, const char *path, const char *name,
		    const struct stat *stat)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		char *copy;

		if (fnmatch(kinds[i], name, 0) ||
		    (found->path[i] &&
		     !is_later(&stat->st_mtim, &found->time[i])))
			continue;
		copy = strdup(path);
		if (!copy)
			return -ENOMEM;
		free(found->path[i]);
		found->path[i] = copy;
		found->time[i] = stat->st_mtim;
	}
	return 0;
}

static int search(struct found *found, const char *folder, int depth);

static int consider_entry(struct found *found, const char *folder,
			  const char *name, int depth)
{
	_cleanup_free_ char *path = NULL;
	struct stat stat;

	if (*name == '.' || found->files++ >= FILES_MAX)
		return 0;
	if (asprintf(&path, "%s/%s", folder, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	if (lstat(path, &stat) < 0)
		return 0;
	if (S_ISDIR(stat.st_mode) && depth)
		return search(found, path, depth - 1);
	return S_ISREG(stat.st_mode) ? consider(found, path, name, &stat) : 0;
}

/* A folder that is not there has nothing. */
static int search(struct found *found, const char *folder, int depth)
{
	_cleanup_closedir_ DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	while (errno = 0, (entry = readdir(dir))) {
		int err = consider_entry(found, folder, entry->d_name, depth);

		if (err < 0)
			return err;
	}
	return -errno;
}

static int find_below(const char *root, const char *place, int depth,
		      char **ret_path)
{
	_cleanup_(found_done) struct found found = { 0 };
	_cleanup_free_ char *folder = NULL;
	int err;

	if (asprintf(&folder, "%s%s", root, place) < 0) {
		folder = NULL;
		return -ENOMEM;
	}
	err = search(&found, folder, depth);
	for (size_t i = 0; !err && !*ret_path && i < N_KINDS; i++)
		*ret_path = fr_steal_pointer(found.path[i]);
	return err;
}

static int find(const char *root, char **ret_path, struct fr_error *error)
{
	const char *place = PSTORE;
	int err;

	err = find_below(root, place, 0, ret_path);
	/* systemd-pstore.service puts what belongs together into folders. */
	if (!err && !*ret_path)
		err = find_below(root, place = MOVED, 2, ret_path);
	if (!err && *ret_path)
		return 0;
	if (err == -ENOMEM)
		return fr_fail_memory(error);
	if (err == -EACCES || err == -EPERM)
		return fr_fail(error, FR_NOT_PERMITTED, -EACCES,
			       "only root may read %s%s", root, place);
	if (err < 0)
		return fr_fail(error, FR_FAILED, err, "can't read %s%s: %s",
			       root, place, strerror(-err));
	return fr_fail(
		error, FR_NOT_FOUND, -ENOENT,
		"the kernel before has left no log, neither in " PSTORE
		" nor in " MOVED
		": it needs ramoops with memory for a console's log, and pstore has to be mounted");
}

/* The file's end, and a NUL behind it. */
static int read_end(const char *path, char **ret_text, size_t *ret_size,
		    bool *ret_cut)
{
	_cleanup_close_ int fd = fr_open_file(AT_FDCWD, path);
	_cleanup_free_ char *text = NULL;
	struct stat stat;
	uint64_t skip = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	if (fstat(fd, &stat) < 0)
		return -errno;
	if (stat.st_size > FR_LAST_LOG_MAX)
		skip = (uint64_t)stat.st_size - FR_LAST_LOG_MAX;
	text = malloc(FR_LAST_LOG_MAX + 1);
	if (!text)
		return -ENOMEM;
	n = fr_pread_full(fd, text, FR_LAST_LOG_MAX, skip);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	*ret_text = fr_steal_pointer(text);
	*ret_size = (size_t)n;
	*ret_cut = skip > 0;
	return 0;
}

/* To be freed; NULL without memory. @line is followed by another byte. */
static char *escape(const char *line, size_t size)
{
	char *copy = malloc(4 * size + 1);
	char *to = copy;

	if (!copy)
		return NULL;
	for (size_t i = 0; i < size;) {
		unsigned char c = (unsigned char)line[i];
		size_t length = fr_utf8_length(line + i);

		if (c < ' ' || c == 0x7f || c == '\\' || !length ||
		    length > size - i) {
			to += sprintf(to, "\\x%02x", c);
			i++;
			continue;
		}
		memcpy(to, line + i, length);
		to += length;
		i += length;
	}
	*to = '\0';
	return copy;
}

static size_t count_lines(const char *text, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += text[i] == '\n';
	return count + 1;
}

static size_t line_size(const char *text, size_t size)
{
	const char *end = memchr(text, '\n', size);

	return end ? (size_t)(end - text) : size;
}

/* With "\r\n" at its end, as consoles have it, or without. */
static char *take_line(const char *text, size_t size)
{
	while (size && text[size - 1] == '\r')
		size--;
	return escape(text, size);
}

static int split(const char *text, size_t size, char ***ret)
{
	_cleanup_strv_ char **lines =
		calloc(count_lines(text, size) + 1, sizeof(*lines));
	size_t n = 0;

	if (!lines)
		return -ENOMEM;
	while (size) {
		size_t length = line_size(text, size);

		lines[n] = take_line(text, length);
		if (!lines[n++])
			return -ENOMEM;
		length += length < size;
		text += length;
		size -= length;
	}
	*ret = fr_steal_pointer(lines);
	return 0;
}

static int read_lines(struct fr_last_log *log)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0, skip;
	int err;

	err = read_end(log->path, &text, &size, &log->cut);
	if (err < 0)
		return err;
	/* Its first line is a part of one. */
	skip = log->cut ? line_size(text, size) : 0;
	skip += skip && skip < size;
	return split(text + skip, size - skip, &log->lines);
}

int fr_last_log_read(const char *root, struct fr_last_log *ret,
		     struct fr_error *error)
{
	_cleanup_last_log_ struct fr_last_log log = { 0 };
	int err;

	err = find(root, &log.path, error);
	if (err < 0)
		return err;
	err = read_lines(&log);
	if (err == -ENOMEM)
		return fr_fail_memory(error);
	if (err < 0)
		return fr_fail(error,
			       err == -EACCES ? FR_NOT_PERMITTED : FR_FAILED,
			       err, "can't read %s: %s", log.path,
			       strerror(-err));
	*ret = log;
	log = (struct fr_last_log){ 0 };
	return 0;
}

void fr_last_log_done(struct fr_last_log *log)
{
	free(log->path);
	fr_strv_free(log->lines);
	*log = (struct fr_last_log){ 0 };
}
