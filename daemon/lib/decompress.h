/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream of bytes from a file or from memory, decompressed on the way.
 *
 * The end of the stream is only reported when the compressed data were whole:
 * their checksums are right, nothing is missing and nothing follows that does
 * not belong there.
 */
#ifndef FR_DECOMPRESS_H
#define FR_DECOMPRESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

enum fr_stream_kind {
	FR_STREAM_RAW,
	FR_STREAM_GZIP,
	FR_STREAM_ZSTD,
	FR_STREAM_XZ,
};

struct fr_stream;

/**
 * struct fr_reader - where a stream takes its bytes from
 * @read: puts up to @size bytes, and at least one unless there are no more,
 *	into @buffer; returns how many, or a negative errno after it has filled
 *	the error
 * @userdata: passed to it
 */
struct fr_reader {
	ssize_t (*read)(void *userdata, void *buffer, size_t size,
			struct fr_error *error);
	void *userdata;
};

/**
 * fr_stream_kind_name() - name of a kind for people
 * @kind: kind
 *
 * Return: "gzip" and the like, a constant.
 */
const char *fr_stream_kind_name(enum fr_stream_kind kind);

/**
 * fr_stream_detect() - what the first bytes say about compression
 * @head: first bytes
 * @size: how many there are; 6 are enough for every kind
 *
 * Return: the kind; FR_STREAM_RAW for what is not compressed.
 */
enum fr_stream_kind fr_stream_detect(const void *head, size_t size);

/**
 * fr_stream_open() - a stream over a reader function
 * @reader: copied; what its userdata points to has to outlive the stream
 * @kind: how the bytes are compressed
 * @limit: most bytes that the stream may give
 * @ret: to be given to fr_stream_close()
 * @error: why not
 *
 * Return: 0; -ENOMEM.
 */
int fr_stream_open(const struct fr_reader *reader, enum fr_stream_kind kind,
		   uint64_t limit, struct fr_stream **ret,
		   struct fr_error *error);

/**
 * fr_stream_open_fd() - a stream over a file, from its position to its end
 * @fd: file descriptor; stays the caller's and open while the stream is used
 * @kind: how the bytes are compressed
 * @limit: most bytes that the stream may give
 * @ret: to be given to fr_stream_close()
 * @error: why not
 *
 * Return: 0; -ENOMEM.
 */
int fr_stream_open_fd(int fd, enum fr_stream_kind kind, uint64_t limit,
		      struct fr_stream **ret, struct fr_error *error);

/**
 * fr_stream_open_memory() - a stream over memory
 * @data: bytes; stay the caller's, and as they are while the stream is used
 * @size: how many
 * @kind: how they are compressed
 * @limit: most bytes that the stream may give
 * @ret: to be given to fr_stream_close()
 * @error: why not
 *
 * Return: 0; -ENOMEM.
 */
int fr_stream_open_memory(const void *data, size_t size,
			  enum fr_stream_kind kind, uint64_t limit,
			  struct fr_stream **ret, struct fr_error *error);

/**
 * fr_stream_size_appended() - allow the size behind the compressed data
 * @stream: a stream that nothing was read from yet
 *
 * A kernel's zboot image has the size of what is compressed behind it, as 4
 * bytes, little-endian. Some makers count these as part of the data. Allows
 * them to be there, if they are right.
 */
void fr_stream_size_appended(struct fr_stream *stream);

/**
 * fr_stream_read() - the next bytes
 * @stream: stream
 * @buffer: where to
 * @size: bytes, not 0
 * @error: why not
 *
 * Return: bytes put into @buffer, fewer than @size only before the end; 0 at
 * the end. -EBADMSG for damaged data, -ENODATA for data that end too early
 * (both FR_INVALID_PAYLOAD), -EFBIG for more than the limit (FR_TOO_LARGE),
 * -ENOMEM, or what the reader returned. After an error the stream is of no use.
 */
ssize_t fr_stream_read(struct fr_stream *stream, void *buffer, size_t size,
		       struct fr_error *error);

/**
 * fr_stream_close() - end with a stream
 * @stream: freed; may be NULL
 *
 * Return: NULL.
 */
struct fr_stream *fr_stream_close(struct fr_stream *stream);

#endif
