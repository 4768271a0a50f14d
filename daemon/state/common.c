// SPDX-License-Identifier: LGPL-2.1-or-later
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789._-"
#define FOLDER "objects"

int state_fail(struct fr_state_error *error, int err, const char *format, ...)
{
	va_list arguments;

	if (!error)
		return err;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	for (char *c = error->text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
	return err;
}

bool state_name_valid(const char *name)
{
	size_t length = strnlen(name, FR_STATE_NAME_MAX + 1);

	return length && length <= FR_STATE_NAME_MAX && *name != '.' &&
	       strspn(name, NAME_LETTERS) == length;
}

int state_check_name(const char *name, struct fr_state_error *error)
{
	if (state_name_valid(name))
		return 0;
	return state_fail(
		error, -EINVAL,
		"'%s' is no name of an object: it has to be of [a-z0-9._-], not begin "
		"with a dot, and have at most %d bytes",
		name, FR_STATE_NAME_MAX);
}

bool state_schema_valid(const char *schema)
{
	size_t length = strnlen(schema, FR_STATE_SCHEMA_MAX + 1);

	return length <= FR_STATE_SCHEMA_MAX &&
	       strspn(schema, NAME_LETTERS) == length;
}

int state_check_fd(int fd, struct fr_state_error *error)
{
	if (fcntl(fd, F_GETFD) >= 0)
		return 0;
	return state_fail(error, -errno, "file descriptor %d: %m", fd);
}

/*
 * The mount point stays when nothing is mounted there, and what is written to it
 * then is on the root disk: not preserved, hidden by the next mount, and never
 * wiped.
 */
int state_check_mounted(int fd, const char *root, struct fr_state_error *error)
{
	struct stat own, above;

	if (fstat(fd, &own) < 0 || fstatat(fd, "..", &above, 0) < 0)
		return state_fail(error, -errno, "%s: %m", root);
	if (own.st_dev != above.st_dev)
		return 0;
	return state_fail(
		error, -ENODEV,
		"%s: no state volume is mounted there; 'systemctl status "
		"fastreboot-state.service' says why",
		root);
}

/* A caller that names a folder wants that one, whatever it is. */
static int open_root(const char *root, struct fr_state_error *error)
{
	_state_close_ int fd = -1;
	const char *path = root ? root : FR_STATE_ROOT;
	int err;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return state_fail(error, errno == ENOENT ? -ENODEV : -errno,
				  "%s: %m; is a state volume mounted there?",
				  path);
	err = root ? 0 : state_check_mounted(fd, path, error);
	return err ? err : state_steal_fd(&fd);
}

/* Its mode must not depend on the umask: applications have to get through. */
static int set_folder_mode(int root)
{
	_state_close_ int fd = openat(
		root, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 || fchmod(fd, 0755) < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* The folder is root's: root alone makes and removes objects. */
static int make_folder(int root)
{
	int err;

	if (mkdirat(root, FOLDER, 0755) < 0)
		return errno == EEXIST ? 0 : -errno;
	err = set_folder_mode(root);
	if (!err && fsync(root) < 0)
		err = -errno;
	return err;
}

int state_open_folder(const char *root, bool make, struct fr_state_error *error)
{
	_state_close_ int parent = open_root(root, error);
	int fd;
	int err = 0;

	if (parent < 0)
		return parent;
	if (make)
		err = make_folder(parent);
	if (!err) {
		fd = openat(parent, FOLDER,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			return fd;
		err = -errno;
	}
	return state_fail(error, err, "%s/" FOLDER ": %s%s",
			  root ? root : FR_STATE_ROOT, strerror(-err),
			  err == -ENOENT ? "; there are no objects" : "");
}

int state_open_file(int folder, const char *name, int flags,
		    struct stat *ret_stat, struct fr_state_error *error)
{
	_state_close_ int fd = -1;
	int err = state_check_name(name, error);

	if (err)
		return err;
	fd = openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return state_fail(error, -ENOENT,
				  "there is no object '%s'; 'fastreboot state "
				  "list' shows those there are",
				  name);
	if (fd < 0 || fstat(fd, ret_stat) < 0)
		return state_fail(error, -errno, "object '%s': %m", name);
	if (!S_ISREG(ret_stat->st_mode))
		return state_fail(error, -EBADMSG,
				  "object '%s' is not a regular file", name);
	return state_steal_fd(&fd);
}

uint64_t state_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

bool state_is_gone(int fd)
{
	struct stat stat;

	return fd >= 0 && !fstat(fd, &stat) && !stat.st_nlink;
}

int state_explain(int err, const char *name, struct fr_state_error *error)
{
	if (err == -EPROTONOSUPPORT)
		return state_fail(
			error, err,
			"object '%s' was written by a later version of fastreboot, and is left "
			"alone: use that version",
			name);
	if (err == -EBADMSG)
		return state_fail(
			error, err,
			"object '%s' is damaged, it has no record that counts: remove it with "
			"'fastreboot state remove %s' and make it anew",
			name, name);
	return state_fail(error, err, "object '%s': %s", name, strerror(-err));
}

/* Fill a buffer from the start of a file; what lacks reads as zeros. */
static int read_header(int fd, uint8_t *header)
{
	size_t done = 0;

	memset(header, 0, RECORD_BYTES);
	while (done < RECORD_BYTES) {
		ssize_t n = pread(fd, header + done, RECORD_BYTES - done,
				  (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	return 0;
}

/* A writer may store two records while this one is read: once more, then. */
#define READ_TRIES 3

int state_read_record(int fd, const char *name, struct record *ret,
		      struct fr_state_error *error)
{
	uint8_t header[RECORD_BYTES];
	struct record record;
	struct stat stat;
	int err = -EBADMSG;

	for (int i = 0; i < READ_TRIES && err == -EBADMSG; i++) {
		err = read_header(fd, header);
		if (!err)
			err = record_load(header, &record);
	}
	if (!err && fstat(fd, &stat) < 0)
		err = -errno;
	if (!err && (uint64_t)stat.st_size < state_file_size(&record))
		err = -EBADMSG;
	if (err)
		return state_explain(err, name, error);
	*ret = record;
	return 0;
}

int state_check_published(const struct record *record, const char *name,
			  struct fr_state_error *error)
{
	if (record->status == FR_STATE_PUBLISHED)
		return 0;
	if (!record->generation)
		return state_fail(error, -ENODATA,
				  "object '%s' was never published", name);
	return state_fail(
		error, -ESTALE,
		"object '%s' was being written and not published: its data is not good, "
		"it has to be made anew",
		name);
}

void state_fill_info(struct fr_state_info *ret, const char *name,
		     const struct stat *stat, const struct record *record)
{
	*ret = (struct fr_state_info){
		.uid = stat->st_uid,
		.gid = stat->st_gid,
		.mode = stat->st_mode & 07777,
	};
	strncpy(ret->name, name, sizeof(ret->name) - 1);
	if (!record)
		return;
	memcpy(ret->schema, record->schema, sizeof(record->schema));
	ret->schema_version = record->schema_version;
	ret->kind = record->kind;
	ret->status = record->status;
	ret->hashed = record->flags & OBJECT_HASHED;
	ret->generation = record->generation;
	ret->size = record->size;
	ret->capacity = record->capacity;
	ret->published_ns = record->published_ns;
	memcpy(ret->boot_id, record->boot_id, sizeof(ret->boot_id));
	memcpy(ret->sha256, record->sha256, sizeof(ret->sha256));
}
