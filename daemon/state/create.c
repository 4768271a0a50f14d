// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Making, replacing and removing objects
 *
 * A new object is a file without a name until all of it is written and durable;
 * then it is linked, which the file system's journal makes happen or not. One
 * that replaces another gets a hidden name first, since only rename(2) can put a
 * file where there is one; a cut before that leaves the hidden file, which the
 * next caller that replaces or removes the object wipes and removes. A cut
 * behind it leaves what was replaced in blocks that the file system calls free.
 *
 * All blocks are written here, with zeros, so that neither room is missing nor a
 * page fault has to wait for the journal when the application is at work.
 *
 * Removing goes the other way: first the records are wiped, so that the object
 * counts no more, then the data, then the file goes. A cut leaves a damaged
 * object, that can be removed.
 *
 * Locks: only the object's own, flock(2), which is not waited for. A lock on the
 * folder could be held for ever by any process that may read it. Of two
 * processes that make an object with a name, link(2) lets one succeed; of two
 * that replace or remove one, the lock does, and the second finds that the name
 * is another file's.
 */
#include "internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include <openssl/evp.h>

#define PIECE_SIZE (256U << 10)
#define MODES 0666

/* "." and the name of an object; no object has a name like that. */
struct hidden_name {
	char text[FR_STATE_NAME_MAX + 2];
};

static struct hidden_name hidden_name(const char *name)
{
	struct hidden_name hidden;

	snprintf(hidden.text, sizeof(hidden.text), ".%s", name);
	return hidden;
}

static int check_new(const struct fr_state_new *new,
		     struct fr_state_error *error)
{
	int err = state_check_name(new->name, error);

	if (err)
		return err;
	if (new->schema && !state_schema_valid(new->schema))
		return state_fail(
			error, -EINVAL,
			"'%s' is no name of a schema: it has to be of [a-z0-9._-] and have at "
			"most %d bytes",
			new->schema, FR_STATE_SCHEMA_MAX);
	if (new->kind != FR_STATE_DOUBLE &&new->kind != FR_STATE_IN_PLACE)
		return state_fail(error, -EINVAL,
				  "object '%s': there is no kind %u", new->name,
				  new->kind);
	if (new->mode & ~(mode_t)MODES)
		return state_fail(error, -EINVAL,
				  "object '%s': mode %o is not one of a file "
				  "with data",
				  new->name, new->mode);
	if (new->capacity > OBJECT_CAPACITY_MAX)
		return state_fail(error, -EFBIG,
				  "object '%s': at most 2^40 bytes", new->name);
	for (size_t i = 0; i < sizeof(new->reserved) / sizeof(*new->reserved);
	     i++)
		if (new->reserved[i])
			return state_fail(error, -EINVAL,
					  "object '%s': what is reserved has "
					  "to be 0",
					  new->name);
	return 0;
}

static int pwrite_all(int fd, const uint8_t *from, size_t size, uint64_t offset)
{
	while (size) {
		ssize_t n = pwrite(fd, from, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

static int write_zeros(int fd, uint64_t offset, uint64_t size)
{
	_state_free_ uint8_t *zeros = calloc(1, PIECE_SIZE);
	int err = zeros ? 0 : -ENOMEM;

	while (!err && size) {
		size_t piece = size < PIECE_SIZE ? size : PIECE_SIZE;

		err = pwrite_all(fd, zeros, piece, offset);
		offset += piece;
		size -= piece;
	}
	return err;
}

/* A caller that may not use fchown(2) can make objects that are its own. */
static int set_owner(int fd, const struct fr_state_new *new)
{
	struct stat stat;

	if (fstat(fd, &stat) < 0)
		return -errno;
	if (((new->uid != (uid_t)-1 && new->uid != stat.st_uid) ||
	     (new->gid != (gid_t)-1 && new->gid != stat.st_gid)) &&
	    fchown(fd, new->uid, new->gid) < 0)
		return -errno;
	return fchmod(fd, new->mode ? new->mode : 0600) < 0 ? -errno : 0;
}

static int write_header(int fd, struct record *record)
{
	uint8_t header[RECORD_BYTES];

	record_first(header, record);
	if (ftruncate(fd, (off_t)state_file_size(record)) < 0)
		return -errno;
	return pwrite_all(fd, header, sizeof(header), 0);
}

static int open_nameless(int folder)
{
	int fd = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

/* Give the file its name. */
static int link_file(int fd, int folder, const char *name)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, folder, name, AT_SYMLINK_FOLLOW) < 0 ?
		       -errno :
		       0;
}

static int sync_file(int fd)
{
	return fsync(fd) < 0 ? -errno : 0;
}

static int explain_create(int err, const char *name,
			  struct fr_state_error *error)
{
	if (err == -EEXIST)
		return state_fail(error, err, "there is an object '%s' already",
				  name);
	if (err == -ENOSPC)
		return state_fail(
			error, err,
			"object '%s': the state volume has no room for it: remove "
			"something, or give the pool a larger one",
			name);
	return state_fail(error, err, "object '%s': making it: %s", name,
			  strerror(-err));
}

/* All of the file's content; what there is of data, it has already. */
static int complete(int fd, const struct fr_state_new *new,
		    struct record *record)
{
	uint64_t has = record->generation ? record->size : 0;
	int err = write_header(fd, record);

	for (unsigned int area = 0; !err && area < state_areas(record);
	     area++) {
		uint64_t skip = area == record->area ? has : 0;

		err = write_zeros(fd, state_area_offset(record, area) + skip,
				  record->capacity - skip);
	}
	if (!err)
		err = set_owner(fd, new);
	return err ? err : sync_file(fd);
}

static void first_record(const struct fr_state_new *new, struct record *ret)
{
	*ret = (struct record){
		.kind = new->kind,
		.status = FR_STATE_WRITING,
		.capacity = new->capacity,
		.schema_version = new->schema_version,
	};
	if (new->schema)
		strcpy(ret->schema, new->schema);
}

int fr_state_create(const char *root, const struct fr_state_new *new,
		    struct fr_state_error *error)
{
	_state_close_ int folder = -1, fd = -1;
	struct record record;
	int err = check_new(new, error);

	if (!err && !new->capacity)
		err = state_fail(error, -EINVAL, "object '%s' needs a size",
				 new->name);
	if (err)
		return err;
	folder = state_open_folder(root, true, error);
	if (folder < 0)
		return folder;
	/* Before all the work; linking says it for sure. */
	if (!faccessat(folder, new->name, F_OK, AT_SYMLINK_NOFOLLOW))
		return explain_create(-EEXIST, new->name, error);
	fd = open_nameless(folder);
	err = fd < 0 ? fd : 0;
	first_record(new, &record);
	if (!err)
		err = complete(fd, new, &record);
	if (!err)
		err = link_file(fd, folder, new->name);
	if (!err)
		err = sync_file(folder);
	return err ? explain_create(err, new->name, error) : 0;
}

/* Take the content away from where there is some, to the end of the file. */
static int wipe_data(int fd)
{
	/* Between records and data an owner may have put something, too. */
	off_t at = RECORD_BYTES;

	for (;;) {
		off_t end;
		int err;

		at = lseek(fd, at, SEEK_DATA);
		if (at < 0)
			return errno == ENXIO ? 0 : -errno;
		end = lseek(fd, at, SEEK_HOLE);
		if (end < 0)
			return -errno;
		err = write_zeros(fd, (uint64_t)at, (uint64_t)(end - at));
		if (err)
			return err;
		at = end;
	}
}

/* Wipe an object that is locked; nothing reads it any more. */
static int wipe(int fd)
{
	int err = write_zeros(fd, 0, RECORD_BYTES);

	if (!err)
		err = sync_file(fd);
	if (!err)
		err = wipe_data(fd);
	return err ? err : sync_file(fd);
}

/*
 * What a process has left that was cut before the renaming: all of what was to
 * be the object. The caller holds the lock of the object with the name.
 */
static int remove_hidden(int folder, const char *name)
{
	struct hidden_name hidden = hidden_name(name);
	_state_close_ int fd =
		openat(folder, hidden.text,
		       O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int err;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	err = wipe(fd);
	if (!err && unlinkat(folder, hidden.text, 0) < 0)
		err = -errno;
	return err;
}

/* Is the file still the one that has the name? */
static bool has_name(int fd, int folder, const char *name)
{
	struct stat file, named;

	return !fstat(fd, &file) &&
	       !fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) &&
	       file.st_dev == named.st_dev && file.st_ino == named.st_ino;
}

static int open_to_replace(int folder, const char *name, struct stat *ret_stat,
			   struct fr_state_error *error)
{
	_state_close_ int fd =
		state_open_file(folder, name, O_RDWR, ret_stat, error);

	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return state_fail(error, -errno,
					  "object '%s': locking it: %m", name);
	} else if (has_name(fd, folder, name)) {
		return state_steal_fd(&fd);
	}
	return state_fail(error, -EBUSY,
			  "object '%s' is open: stop the program that uses it",
			  name);
}

int fr_state_remove(const char *root, const char *name,
		    struct fr_state_error *error)
{
	_state_close_ int folder = state_open_folder(root, false, error);
	_state_close_ int fd = -1;
	struct stat stat;
	int err;

	if (folder < 0)
		return folder;
	fd = open_to_replace(folder, name, &stat, error);
	if (fd < 0)
		return fd;
	/* A caller that may not remove it has to hear so before the wiping. */
	if (faccessat(folder, ".", W_OK, AT_EACCESS) < 0)
		return state_fail(error, -errno, "object '%s': removing it: %m",
				  name);
	err = wipe(fd);
	if (!err)
		err = remove_hidden(folder, name);
	if (!err && unlinkat(folder, name, 0) < 0)
		err = -errno;
	if (!err)
		err = sync_file(folder);
	if (err)
		return state_fail(error, err, "object '%s': removing it: %s",
				  name, strerror(-err));
	return 0;
}

/**
 * struct save - an object that is made from a file
 * @new: what was asked for, with what it keeps of the one before
 * @folder: of the objects
 * @old: the object that is replaced, locked; -1 if there is none
 * @fd: the new one
 * @record: its record
 * @replaced: it has the name now
 */
struct save {
	struct fr_state_new new;
	char schema[OBJECT_SCHEMA_SIZE];
	int folder;
	int old;
	int fd;
	struct record record;
	bool replaced;
};

/* What is asked for must not be ignored. */
static int check_same(const struct fr_state_new *new, const struct stat *stat,
		      const struct record *record, struct fr_state_error *error)
{
	if ((new->uid == (uid_t)-1 || new->uid == stat->st_uid) &&
	    (new->gid == (gid_t)-1 || new->gid == stat->st_gid) &&
	    (!new->mode || new->mode == (stat->st_mode & MODES)) &&
	    (new->kind == FR_STATE_DOUBLE || new->kind == record->kind))
		return 0;
	return state_fail(
		error, -EEXIST,
		"there is an object '%s' already, which keeps its owner, mode and kind: "
		"remove it before others are given",
		new->name);
}

/* Owner, mode, kind and the rest come from the object that is replaced. */
static int inherit(struct save *save, struct fr_state_error *error)
{
	struct fr_state_new *new = &save->new;
	struct record record;
	struct stat stat;
	int err;

	save->old = open_to_replace(save->folder, new->name, &stat, error);
	if (save->old == -ENOENT) {
		save->old = -1;
		return 0;
	}
	if (save->old < 0)
		return save->old;
	err = state_read_record(save->old, new->name, &record, error);
	if (!err)
		err = check_same(new, &stat, &record, error);
	if (err)
		return err;
	new->uid = stat.st_uid;
	new->gid = stat.st_gid;
	new->mode = stat.st_mode & MODES;
	new->kind = record.kind;
	if (new->capacity < record.capacity)
		new->capacity = record.capacity;
	if (!new->schema || !*new->schema) {
		memcpy(save->schema, record.schema, sizeof(save->schema));
		new->schema = save->schema;
		new->schema_version = record.schema_version;
	}
	save->record.generation = record.generation;
	return 0;
}

/* From the file to data area 0, with its hash. Fills size and SHA-256. */
static int take_in(struct save *save, int from)
{
	_state_free_ uint8_t *piece = malloc(PIECE_SIZE);
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	uint64_t size = 0;
	int err = 0;

	if (!piece || !digest || !EVP_DigestInit_ex(digest, EVP_sha256(), NULL))
		err = -ENOMEM;
	while (!err) {
		ssize_t n = read(from, piece, PIECE_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err = n < 0 ? -errno : 0;
			break;
		}
		if (size + (uint64_t)n > OBJECT_CAPACITY_MAX)
			err = -EFBIG;
		else if (!EVP_DigestUpdate(digest, piece, (size_t)n))
			err = -EIO;
		else
			err = pwrite_all(save->fd, piece, (size_t)n,
					 OBJECT_HEADER_SIZE + size);
		size += (uint64_t)n;
	}
	if (!err && !EVP_DigestFinal_ex(digest, save->record.sha256, NULL))
		err = -EIO;
	EVP_MD_CTX_free(digest);
	save->record.size = size;
	return err;
}

/* What fr_state_publish() would note, without the boot id: no writer ran. */
static void fill_record(struct save *save)
{
	struct fr_state_new *new = &save->new;
	struct record *record = &save->record;

	if (new->capacity < record->size)
		new->capacity = record->size;
	if (!new->capacity)
		new->capacity = 1;
	record->kind = new->kind;
	record->status = FR_STATE_PUBLISHED;
	record->generation++;
	record->capacity = new->capacity;
	record->area = 0;
	record->flags = OBJECT_HASHED;
	record->schema_version = new->schema_version;
	record->published_ns = state_now_ns();
	if (new->schema)
		strcpy(record->schema, new->schema);
}

/* The new file takes the name, and what had it is wiped. */
static int put_in_place(struct save *save)
{
	struct hidden_name hidden = hidden_name(save->new.name);
	int err;

	if (save->old < 0) {
		err = link_file(save->fd, save->folder, save->new.name);
		return err ? err : sync_file(save->folder);
	}
	err = remove_hidden(save->folder, save->new.name);
	if (!err)
		err = link_file(save->fd, save->folder, hidden.text);
	if (!err && renameat(save->folder, hidden.text, save->folder,
			     save->new.name) < 0)
		err = -errno;
	if (err)
		return err;
	save->replaced = true;
	err = sync_file(save->folder);
	return err ? err : wipe(save->old);
}

static int explain_save(const struct save *save, int err,
			struct fr_state_error *error)
{
	if (!save->replaced)
		return explain_create(err, save->new.name, error);
	return state_fail(
		error, err,
		"object '%s' is replaced, but what it had could not be wiped, and may "
		"still be in the volume's memory: %s",
		save->new.name, strerror(-err));
}

static int save_new(struct save *save, int from, struct fr_state_error *error)
{
	int err;

	save->fd = open_nameless(save->folder);
	err = save->fd < 0 ? save->fd : take_in(save, from);
	if (!err) {
		fill_record(save);
		err = complete(save->fd, &save->new, &save->record);
	}
	if (!err)
		err = put_in_place(save);
	return err ? explain_save(save, err, error) : 0;
}

int fr_state_save(const char *root, const struct fr_state_new *new, int fd,
		  struct fr_state_error *error)
{
	struct save save = { .new = *new, .old = -1, .fd = -1 };
	int err = check_new(new, error);

	if (!err)
		err = state_check_fd(fd, error);
	if (err)
		return err;
	save.folder = state_open_folder(root, true, error);
	if (save.folder < 0)
		return save.folder;
	err = inherit(&save, error);
	if (!err)
		err = save_new(&save, fd, error);
	state_closep(&save.old);
	state_closep(&save.fd);
	state_closep(&save.folder);
	return err;
}
