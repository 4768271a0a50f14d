/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading and writing files: all of it or an error, never more than a limit.
 */
#ifndef FR_IO_H
#define FR_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * fr_open_file() - open a regular file for reading
 * @dirfd: folder that a relative @path begins at, or AT_FDCWD
 * @path: name of the file
 *
 * A device, a FIFO or a socket is refused without waiting for it. The file
 * descriptor is closed on exec.
 *
 * Return: a file descriptor that the caller owns; -EISDIR for a folder,
 * -EINVAL for anything else that is not a regular file, or the errno of
 * open(2).
 */
int fr_open_file(int dirfd, const char *path);

/**
 * fr_file_error() - why a file could not be opened or read
 * @err: what fr_open_file() or fr_read_file() has returned
 *
 * Return: a text for a message; it says of what is no file that it is none.
 */
const char *fr_file_error(int err);

/**
 * fr_read_full() - read until a buffer is full or the file ends
 * @fd: file descriptor
 * @buffer: where to
 * @size: bytes
 *
 * Return: bytes read, less than @size only at the end of the file; a negative
 * errno.
 */
ssize_t fr_read_full(int fd, void *buffer, size_t size);

/**
 * fr_pread_full() - the same at an offset, without moving the file's position
 * @fd: file descriptor of something that can seek
 * @buffer: where to
 * @size: bytes
 * @offset: from the file's start, in bytes, at most INT64_MAX
 *
 * Return: as fr_read_full(); -EOVERFLOW for an @offset that is too large.
 */
ssize_t fr_pread_full(int fd, void *buffer, size_t size, uint64_t offset);

/**
 * fr_write_all() - write all of a buffer
 * @fd: file descriptor
 * @buffer: where from
 * @size: bytes
 *
 * Return: 0; a negative errno, after which some of it may have been written.
 */
int fr_write_all(int fd, const void *buffer, size_t size);

/**
 * fr_read_fd() - read an open file from where it is to its end
 * @fd: file descriptor, of whatever kind
 * @limit: most bytes to read
 * @ret: the content and a NUL behind it, to be freed by the caller
 * @ret_size: bytes without that NUL; NULL when the caller does not care
 *
 * Works with files that do not know their size, as in /proc and /sys.
 *
 * Return: 0; -EFBIG for more than @limit bytes, -ENOMEM, or the errno of
 * read(2).
 */
int fr_read_fd(int fd, size_t limit, char **ret, size_t *ret_size);

/**
 * fr_read_file() - read a regular file
 * @dirfd: folder that a relative @path begins at, or AT_FDCWD
 * @path: name of the file
 * @limit: most bytes to read
 * @ret: the content and a NUL behind it, to be freed by the caller
 * @ret_size: bytes without that NUL; NULL when the caller does not care
 *
 * Return: 0; what fr_open_file() and fr_read_fd() return.
 */
int fr_read_file(int dirfd, const char *path, size_t limit, char **ret,
		 size_t *ret_size);

#endif
