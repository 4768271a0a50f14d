/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the sources of libfastreboot-state, for them alone. */
#ifndef FR_STATE_INTERNAL_H
#define FR_STATE_INTERNAL_H

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fastreboot-state.h"
#include "record.h"

static inline void state_closep(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void state_freep(void *pointer)
{
	int saved = errno;

	free(*(void **)pointer);
	errno = saved;
}

#define _state_close_ __attribute__((__cleanup__(state_closep)))
#define _state_free_ __attribute__((__cleanup__(state_freep)))

/* Take the file descriptor out of an owning variable. */
static inline int state_steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

/* Fill @error, which may be NULL, with one line; returns @err. */
int state_fail(struct fr_state_error *error, int err, const char *format, ...)
	__attribute__((__format__(printf, 3, 4)));

/* Are these names? Of an object; of a schema, where "" is one, too. */
bool state_name_valid(const char *name);
bool state_schema_valid(const char *schema);

/* Is it the name of an object? 0; -EINVAL with a text. */
int state_check_name(const char *name, struct fr_state_error *error);

/*
 * Is the caller's @fd one? To be asked before a file is opened, which may get the
 * number of one that is closed. 0; -EBADF with a text.
 */
int state_check_fd(int fd, struct fr_state_error *error);

/* Is the folder @fd where something is mounted? 0; -ENODEV with a text. */
int state_check_mounted(int fd, const char *root, struct fr_state_error *error);

/*
 * Open <root>/objects; @make: have it made. Returns the fd; -ENODEV if no volume
 * is mounted, -ENOENT if it has no objects.
 */
int state_open_folder(const char *root, bool make,
		      struct fr_state_error *error);

/*
 * Open the file of an object; returns the fd. @flags: O_RDONLY or O_RDWR.
 * @ret_stat: what fstat() says of it. It is a regular file, nothing more.
 */
int state_open_file(int folder, const char *name, int flags,
		    struct stat *ret_stat, struct fr_state_error *error);

/*
 * Was the file of an object replaced or removed since it was opened? What it has
 * now says nothing about the object of its name, which has to be opened again.
 */
bool state_is_gone(int fd);

/* A caller gives up when the object was gone more often than this. */
#define STATE_OPEN_TRIES 5

/* Read the record of an open file, and check it against the file's size. */
int state_read_record(int fd, const char *name, struct record *ret,
		      struct fr_state_error *error);

/* Explain why a record, or what was found in its place, is no good. */
int state_explain(int err, const char *name, struct fr_state_error *error);

/* 0; -ENODATA or -ESTALE with a text for what no program may be handed. */
int state_check_published(const struct record *record, const char *name,
			  struct fr_state_error *error);

/* The time of day, in nanoseconds since 1970: when something was published. */
uint64_t state_now_ns(void);

void state_fill_info(struct fr_state_info *ret, const char *name,
		     const struct stat *stat, const struct record *record);

/* Where a data area begins, in bytes from the start of the file. */
static inline uint64_t state_area_offset(const struct record *record,
					 unsigned int area)
{
	uint64_t stride = (record->capacity + OBJECT_ALIGNMENT - 1) &
			  ~(uint64_t)(OBJECT_ALIGNMENT - 1);

	return OBJECT_HEADER_SIZE + area * stride;
}

static inline unsigned int state_areas(const struct record *record)
{
	return record->kind == FR_STATE_DOUBLE ? 2 : 1;
}

static inline uint64_t state_file_size(const struct record *record)
{
	return state_area_offset(record, state_areas(record));
}

#endif
