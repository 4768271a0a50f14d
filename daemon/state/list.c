// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Looking at objects without a lock: the sequence number is the same before and
 * after, or it is done again. object.c says why that is enough.
 */
#include "internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define PIECE_SIZE (256U << 10)
/* We get -EBUSY if a writer publishes faster than data can be read. */
#define LOOKS 10

static int not_hidden(const struct dirent *entry)
{
	return state_name_valid(entry->d_name);
}

static void free_names(struct dirent **names, int count)
{
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

/* -EAGAIN: another file has the name now. */
static int read_named(int folder, const char *name, struct stat *ret_stat,
		      struct record *ret)
{
	_state_close_ int fd =
		state_open_file(folder, name, O_RDONLY, ret_stat, NULL);
	int err;

	if (fd < 0) {
		fstatat(folder, name, ret_stat, AT_SYMLINK_NOFOLLOW);
		return fd;
	}
	err = state_read_record(fd, name, ret, NULL);
	return err && state_is_gone(fd) ? -EAGAIN : err;
}

/* What is there of an object; never fails, see .error. */
static void look_at(int folder, const char *name, struct fr_state_info *ret)
{
	struct record record;
	struct stat stat = { 0 };
	int err = -EAGAIN;

	for (int i = 0; i < STATE_OPEN_TRIES && err == -EAGAIN; i++)
		err = read_named(folder, name, &stat, &record);
	state_fill_info(ret, name, &stat, err ? NULL : &record);
	ret->error = err;
}

int fr_state_list(const char *root,
		  int (*function)(const struct fr_state_info *info,
				  void *userdata),
		  void *userdata, struct fr_state_error *error)
{
	_state_close_ int folder = state_open_folder(root, false, error);
	struct dirent **names = NULL;
	int count;
	int result = 0;

	if (folder < 0)
		return folder;
	count = scandirat(folder, ".", &names, not_hidden, alphasort);
	if (count < 0)
		return state_fail(error, -errno, "reading the objects: %m");
	for (int i = 0; i < count && !result; i++) {
		struct fr_state_info info;

		look_at(folder, names[i]->d_name, &info);
		/* It was removed since. */
		if (info.error != -ENOENT)
			result = function(&info, userdata);
	}
	free_names(names, count);
	return result;
}

static int write_all(int fd, const uint8_t *from, size_t size)
{
	while (size) {
		ssize_t n = write(fd, from, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Read @size bytes; hash them, and write them to @to unless that is -1. */
static int pass_on(int fd, uint64_t offset, uint64_t size, int to,
		   EVP_MD_CTX *digest)
{
	_state_free_ uint8_t *piece = malloc(PIECE_SIZE);

	if (!piece)
		return -ENOMEM;
	while (size) {
		size_t wanted = size < PIECE_SIZE ? size : PIECE_SIZE;
		ssize_t n = pread(fd, piece, wanted, (off_t)offset);
		int err = 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		if (!EVP_DigestUpdate(digest, piece, (size_t)n))
			return -EIO;
		if (to >= 0)
			err = write_all(to, piece, (size_t)n);
		if (err)
			return err;
		offset += (uint64_t)n;
		size -= (uint64_t)n;
	}
	return 0;
}

static int read_data(int fd, const struct record *record, int to,
		     uint8_t sha256[32])
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	int err;

	if (!digest || !EVP_DigestInit_ex(digest, EVP_sha256(), NULL))
		err = -ENOMEM;
	else
		err = pass_on(fd, state_area_offset(record, record->area),
			      record->size, to, digest);
	if (!err && !EVP_DigestFinal_ex(digest, sha256, NULL))
		err = -EIO;
	EVP_MD_CTX_free(digest);
	return err;
}

/* An open object, and what it is that is looked at. */
struct look {
	int fd;
	const char *name;
	struct stat stat;
	struct record record;
};

static void look_close(struct look *look)
{
	state_closep(&look->fd);
}

#define _state_look_ __attribute__((__cleanup__(look_close)))

/* -EAGAIN: it has changed meanwhile. */
static int look_once(struct look *look, int to, struct fr_state_error *error)
{
	uint8_t sha256[32];
	struct record after;
	int err, read_err;

	read_err = read_data(look->fd, &look->record, to, sha256);
	err = state_read_record(look->fd, look->name, &after, error);
	if (err)
		return err;
	if (after.sequence != look->record.sequence)
		return -EAGAIN;
	if (read_err)
		return state_fail(error, read_err, "object '%s': %s",
				  look->name, strerror(-read_err));
	if (look->record.flags & OBJECT_HASHED &&
	    memcmp(sha256, look->record.sha256, sizeof(sha256)))
		return state_fail(
			error, -EBADMSG,
			"object '%s' is damaged: its data is not what was published",
			look->name);
	return 0;
}

/* Verify the object, as it is at some moment. */
static int look_until_steady(struct look *look, struct fr_state_error *error)
{
	for (int i = 0; i < LOOKS; i++) {
		int err = state_read_record(look->fd, look->name, &look->record,
					    error);

		if (!err)
			err = state_check_published(&look->record, look->name,
						    error);
		if (!err)
			err = look_once(look, -1, error);
		if (err != -EAGAIN)
			return err;
	}
	return state_fail(error, -EBUSY,
			  "object '%s' is published again and again, faster "
			  "than it can be read",
			  look->name);
}

/* Open the object of @look->name and verify it; fills the rest of @look. */
static int open_and_look(const char *root, struct look *look,
			 struct fr_state_error *error)
{
	_state_close_ int folder = state_open_folder(root, false, error);
	int err = -EAGAIN;

	if (folder < 0)
		return folder;
	for (int i = 0; i < STATE_OPEN_TRIES; i++) {
		state_closep(&look->fd);
		look->fd = state_open_file(folder, look->name, O_RDONLY,
					   &look->stat, error);
		if (look->fd < 0)
			return look->fd;
		err = look_until_steady(look, error);
		if (!err || !state_is_gone(look->fd))
			break;
	}
	return err;
}

int fr_state_verify(const char *root, const char *name,
		    struct fr_state_info *ret_info,
		    struct fr_state_error *error)
{
	_state_look_ struct look look = { .name = name, .fd = -1 };
	int err = open_and_look(root, &look, error);

	if (!err && ret_info)
		state_fill_info(ret_info, name, &look.stat, &look.record);
	return err;
}

static int restore(struct look *look, int fd, struct fr_state_error *error)
{
	int err = look_once(look, fd, error);

	if (err == -EAGAIN)
		return state_fail(error, -EBUSY,
				  "object '%s' was published while it was "
				  "written to the file: try again",
				  look->name);
	return err;
}

int fr_state_restore(const char *root, const char *name, int fd,
		     struct fr_state_error *error)
{
	_state_look_ struct look look = { .name = name, .fd = -1 };
	int err = state_check_fd(fd, error);

	if (!err)
		err = open_and_look(root, &look, error);
	return err ? err : restore(&look, fd, error);
}
