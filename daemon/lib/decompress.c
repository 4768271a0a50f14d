// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Streams.
 *
 * Each kind of compression is a struct codec. Its decode() takes what it can of
 * the input buffer and gives what it can; the generic part refills the buffer,
 * watches the limit, and decides at the end of the compressed data what may
 * still follow:
 *
 *	gzip	another member, or zeros (tapes and flash images are padded)
 *	zstd	another frame; what a skippable frame holds is passed over
 *	xz	another stream, or zeros that come in fours
 *
 * and, where fr_stream_size_appended() was called, the 4 bytes of the size.
 * Everything else behind the end is damage: a file that was put together wrong
 * is not one to boot. Bytes that come after the end are seen before the end is
 * reported, so whoever has read to the end has a whole file.
 *
 * Memory that a decoder may take is limited: what compresses a kernel with the
 * strongest settings of xz and zstd needs less than 192 MiB.
 */
#include "decompress.h"

#include <errno.h>
#include <limits.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "cleanup.h"
#include "io.h"

#define INPUT_SIZE 65536
#define DECODER_MEMORY_MAX (192U << 20)
#define ZSTD_WINDOW_LOG_MAX 27
/* Decoders may pause between two of their states, but not for long. */
#define IDLE_STEPS_MAX 3

enum step {
	STEP_MORE, /* call again, with more input or more room */
	STEP_END, /* the compressed data end here */
};

struct codec;

struct fr_stream {
	const struct codec *codec;
	struct fr_reader reader;
	uint64_t limit;
	uint64_t given; /* bytes that came out */
	uint8_t *buffer; /* INPUT_SIZE bytes, what was read */
	size_t begin; /* of what is left in it */
	size_t end;
	bool eof; /* of the input */
	bool started; /* inside of compressed data */
	bool ended; /* the first piece of compressed data is complete */
	bool done; /* nothing more comes */
	bool size_appended;
	unsigned int idle; /* steps without progress */
	uint64_t trailing; /* bytes of padding behind the data */
	int fd; /* for fr_stream_open_fd() */
	const uint8_t *memory; /* for fr_stream_open_memory() */
	size_t memory_left;
	union {
		z_stream zlib;
		ZSTD_DStream *zstd;
		lzma_stream lzma;
	};
};

/*
 * @open:	set up, also for another piece of data behind the first
 * @decode:	returns a step or a negative errno: -EBADMSG, -ENOMEM, -EFBIG
 *		(needs too much memory)
 * @close:	undo open(); called once for each
 * @magic:	what a piece of data starts with
 * @padding:	zeros may follow, a multiple of so many; 0 for none
 */
struct codec {
	int (*open)(struct fr_stream *stream);
	int (*decode)(struct fr_stream *stream, uint8_t *buffer, size_t size,
		      size_t *ret_given);
	void (*close)(struct fr_stream *stream);
	const char *name;
	const char *magic;
	size_t magic_size;
	unsigned int padding;
};

static size_t available(const struct fr_stream *stream)
{
	return stream->end - stream->begin;
}

/* gzip */

static int gzip_open(struct fr_stream *stream)
{
	memset(&stream->zlib, 0, sizeof(stream->zlib));
	if (inflateInit2(&stream->zlib, 16 + MAX_WBITS) != Z_OK)
		return -ENOMEM;
	return 0;
}

static int gzip_decode(struct fr_stream *stream, uint8_t *buffer, size_t size,
		       size_t *ret_given)
{
	z_stream *zlib = &stream->zlib;
	int status;

	zlib->next_in = stream->buffer + stream->begin;
	zlib->avail_in = (uInt)available(stream);
	zlib->next_out = buffer;
	zlib->avail_out = (uInt)size;
	status = inflate(zlib, Z_NO_FLUSH);
	stream->begin = stream->end - zlib->avail_in;
	*ret_given = size - zlib->avail_out;
	switch (status) {
	case Z_STREAM_END:
		return STEP_END;
	case Z_OK:
	case Z_BUF_ERROR: /* neither input nor output to be had */
		return STEP_MORE;
	case Z_MEM_ERROR:
		return -ENOMEM;
	default:
		return -EBADMSG;
	}
}

static void gzip_close(struct fr_stream *stream)
{
	inflateEnd(&stream->zlib);
}

/* zstd */

static int zstd_open(struct fr_stream *stream)
{
	stream->zstd = ZSTD_createDStream();
	if (!stream->zstd)
		return -ENOMEM;
	ZSTD_DCtx_setParameter(stream->zstd, ZSTD_d_windowLogMax,
			       ZSTD_WINDOW_LOG_MAX);
	return 0;
}

static int zstd_errno(size_t code)
{
	switch (ZSTD_getErrorCode(code)) {
	case ZSTD_error_memory_allocation:
		return -ENOMEM;
	case ZSTD_error_frameParameter_windowTooLarge:
		return -EFBIG;
	default:
		return -EBADMSG;
	}
}

static int zstd_decode(struct fr_stream *stream, uint8_t *buffer, size_t size,
		       size_t *ret_given)
{
	ZSTD_inBuffer in = {
		.src = stream->buffer + stream->begin,
		.size = available(stream),
	};
	ZSTD_outBuffer out = {
		.dst = buffer,
		.size = size,
	};
	size_t hint = ZSTD_decompressStream(stream->zstd, &out, &in);

	stream->begin += in.pos;
	*ret_given = out.pos;
	if (ZSTD_isError(hint))
		return zstd_errno(hint);
	return hint ? STEP_MORE : STEP_END;
}

static void zstd_close(struct fr_stream *stream)
{
	ZSTD_freeDStream(stream->zstd);
	stream->zstd = NULL;
}

/* xz */

static int xz_open(struct fr_stream *stream)
{
	stream->lzma = (lzma_stream)LZMA_STREAM_INIT;
	if (lzma_stream_decoder(&stream->lzma, DECODER_MEMORY_MAX, 0) !=
	    LZMA_OK)
		return -ENOMEM;
	return 0;
}

static int xz_decode(struct fr_stream *stream, uint8_t *buffer, size_t size,
		     size_t *ret_given)
{
	lzma_stream *lzma = &stream->lzma;
	lzma_ret status;

	lzma->next_in = stream->buffer + stream->begin;
	lzma->avail_in = available(stream);
	lzma->next_out = buffer;
	lzma->avail_out = size;
	status = lzma_code(lzma, LZMA_RUN);
	stream->begin = stream->end - lzma->avail_in;
	*ret_given = size - lzma->avail_out;
	switch (status) {
	case LZMA_STREAM_END:
		return STEP_END;
	case LZMA_OK:
	case LZMA_BUF_ERROR:
		return STEP_MORE;
	case LZMA_MEM_ERROR:
		return -ENOMEM;
	case LZMA_MEMLIMIT_ERROR:
		return -EFBIG;
	default:
		return -EBADMSG;
	}
}

static void xz_close(struct fr_stream *stream)
{
	lzma_end(&stream->lzma);
}

/* what is not compressed */

static int raw_open(struct fr_stream *stream)
{
	(void)stream;
	return 0;
}

static int raw_decode(struct fr_stream *stream, uint8_t *buffer, size_t size,
		      size_t *ret_given)
{
	size_t n = available(stream) < size ? available(stream) : size;

	memcpy(buffer, stream->buffer + stream->begin, n);
	stream->begin += n;
	*ret_given = n;
	return STEP_MORE;
}

static void raw_close(struct fr_stream *stream)
{
	(void)stream;
}

static const struct codec codecs[] = {
	[FR_STREAM_RAW] = { raw_open, raw_decode, raw_close, "raw", "", 0, 0 },
	[FR_STREAM_GZIP] = { gzip_open, gzip_decode, gzip_close, "gzip",
			     "\x1f\x8b", 2, 1 },
	[FR_STREAM_ZSTD] = { zstd_open, zstd_decode, zstd_close, "zstd",
			     "\x28\xb5\x2f\xfd", 4, 0 },
	[FR_STREAM_XZ] = { xz_open, xz_decode, xz_close, "xz",
			   "\xfd"
			   "7zXZ\0",
			   6, 4 },
};

const char *fr_stream_kind_name(enum fr_stream_kind kind)
{
	return codecs[kind].name;
}

enum fr_stream_kind fr_stream_detect(const void *head, size_t size)
{
	for (int kind = FR_STREAM_GZIP; kind <= FR_STREAM_XZ; kind++)
		if (size >= codecs[kind].magic_size &&
		    !memcmp(head, codecs[kind].magic, codecs[kind].magic_size))
			return (enum fr_stream_kind)kind;
	return FR_STREAM_RAW;
}

static ssize_t read_memory(void *userdata, void *buffer, size_t size,
			   struct fr_error *error)
{
	struct fr_stream *stream = userdata;

	(void)error;
	if (size > stream->memory_left)
		size = stream->memory_left;
	if (size)
		memcpy(buffer, stream->memory, size);
	stream->memory += size;
	stream->memory_left -= size;
	return (ssize_t)size;
}

static ssize_t read_fd(void *userdata, void *buffer, size_t size,
		       struct fr_error *error)
{
	struct fr_stream *stream = userdata;
	ssize_t n = fr_read_full(stream->fd, buffer, size);

	if (n < 0)
		fr_fail(error, FR_FAILED, (int)n, "can't read: %s",
			strerror((int)-n));
	return n;
}

int fr_stream_open(const struct fr_reader *reader, enum fr_stream_kind kind,
		   uint64_t limit, struct fr_stream **ret,
		   struct fr_error *error)
{
	struct fr_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return fr_fail_memory(error);
	stream->codec = &codecs[kind];
	stream->reader = *reader;
	stream->limit = limit;
	stream->fd = -1;
	stream->buffer = malloc(INPUT_SIZE);
	if (!stream->buffer || stream->codec->open(stream) < 0) {
		free(stream->buffer);
		free(stream);
		return fr_fail_memory(error);
	}
	/* Also of nothing at all: compressed data have at least a header. */
	stream->started = kind != FR_STREAM_RAW;
	*ret = stream;
	return 0;
}

int fr_stream_open_fd(int fd, enum fr_stream_kind kind, uint64_t limit,
		      struct fr_stream **ret, struct fr_error *error)
{
	struct fr_reader reader = { .read = read_fd };
	struct fr_stream *stream;
	int err = fr_stream_open(&reader, kind, limit, &stream, error);

	if (err < 0)
		return err;
	stream->reader.userdata = stream;
	stream->fd = fd;
	*ret = stream;
	return 0;
}

int fr_stream_open_memory(const void *data, size_t size,
			  enum fr_stream_kind kind, uint64_t limit,
			  struct fr_stream **ret, struct fr_error *error)
{
	struct fr_reader reader = { .read = read_memory };
	struct fr_stream *stream;
	int err = fr_stream_open(&reader, kind, limit, &stream, error);

	if (err < 0)
		return err;
	stream->reader.userdata = stream;
	stream->memory = data;
	stream->memory_left = size;
	*ret = stream;
	return 0;
}

void fr_stream_size_appended(struct fr_stream *stream)
{
	stream->size_appended = true;
}

struct fr_stream *fr_stream_close(struct fr_stream *stream)
{
	if (!stream)
		return NULL;
	stream->codec->close(stream);
	free(stream->buffer);
	free(stream);
	return NULL;
}

/* Have at least @wanted bytes in the buffer, unless the input ends before. */
static int fill(struct fr_stream *stream, size_t wanted, struct fr_error *error)
{
	memmove(stream->buffer, stream->buffer + stream->begin,
		available(stream));
	stream->end -= stream->begin;
	stream->begin = 0;
	while (stream->end < wanted && !stream->eof) {
		ssize_t n = stream->reader.read(stream->reader.userdata,
						stream->buffer + stream->end,
						INPUT_SIZE - stream->end,
						error);

		if (n < 0)
			return (int)n;
		stream->eof = !n;
		stream->end += (size_t)n;
	}
	return 0;
}

static int damaged(const struct fr_stream *stream, struct fr_error *error)
{
	return fr_fail(error, FR_INVALID_PAYLOAD, -EBADMSG,
		       "the %s data are damaged; get the file again",
		       stream->codec->name);
}

static int truncated(const struct fr_stream *stream, struct fr_error *error)
{
	return fr_fail(error, FR_INVALID_PAYLOAD, -ENODATA,
		       "the %s data end too early; get the file again",
		       stream->codec->name);
}

static int trailing_garbage(const struct fr_stream *stream,
			    struct fr_error *error)
{
	return fr_fail(
		error, FR_INVALID_PAYLOAD, -EBADMSG,
		"behind the end of the %s data is something else; get the file again",
		stream->codec->name);
}

static int decode_error(const struct fr_stream *stream, int err,
			struct fr_error *error)
{
	if (err == -ENOMEM)
		return fr_fail_memory(error);
	if (err == -EFBIG)
		return fr_fail(
			error, FR_TOO_LARGE, -EFBIG,
			"decompressing the %s data takes too much memory; compress the file with a smaller window",
			stream->codec->name);
	return damaged(stream, error);
}

/* Pass over zeros; whether a number of them is right shows at the end. */
static bool skip_padding(struct fr_stream *stream)
{
	size_t before = stream->begin;

	if (!stream->codec->padding)
		return false;
	while (available(stream) && !stream->buffer[stream->begin])
		stream->begin++;
	stream->trailing += stream->begin - before;
	return stream->begin > before;
}

static bool at_magic(const struct fr_stream *stream)
{
	const struct codec *codec = stream->codec;

	return available(stream) >= codec->magic_size &&
	       !memcmp(stream->buffer + stream->begin, codec->magic,
		       codec->magic_size);
}

/* A frame of zstd that holds no data: magic 0x184d2a50 to 0x184d2a5f. */
static bool at_skippable(const struct fr_stream *stream)
{
	const uint8_t *at = stream->buffer + stream->begin;

	return stream->codec == &codecs[FR_STREAM_ZSTD] &&
	       available(stream) >= 4 && (at[0] & 0xf0) == 0x50 &&
	       !memcmp(at + 1, "\x2a\x4d\x18", 3);
}

static bool at_appended_size(const struct fr_stream *stream)
{
	uint32_t size = (uint32_t)stream->given;
	const uint8_t bytes[] = { (uint8_t)size, (uint8_t)(size >> 8),
				  (uint8_t)(size >> 16),
				  (uint8_t)(size >> 24) };

	return stream->size_appended && !stream->trailing &&
	       available(stream) == sizeof(bytes) &&
	       !memcmp(stream->buffer + stream->begin, bytes, sizeof(bytes));
}

static int restart(struct fr_stream *stream, struct fr_error *error)
{
	stream->codec->close(stream);
	if (stream->codec->open(stream) < 0) {
		/* close() is still to be called, and must find something. */
		stream->codec = &codecs[FR_STREAM_RAW];
		return fr_fail_memory(error);
	}
	stream->started = true;
	return 0;
}

/* Behind the end of a piece of compressed data: is there another one? */
static int look_behind(struct fr_stream *stream, struct fr_error *error)
{
	unsigned int padding = stream->codec->padding;
	int err;

	/* One byte more than the size has, to see that it is the last. */
	err = fill(stream, 8, error);
	if (err < 0)
		return err;
	if (at_appended_size(stream))
		stream->begin = stream->end;
	else if (skip_padding(stream) && available(stream))
		return 0;
	if (!available(stream) && !stream->eof)
		return 0;
	if (padding > 1 && stream->trailing % padding)
		return trailing_garbage(stream, error);
	if (!available(stream)) {
		stream->done = true;
		return 0;
	}
	/* Data again behind padding: xz allows that, gzip does not. */
	if (stream->trailing && padding == 1)
		return trailing_garbage(stream, error);
	if (!at_magic(stream) && !at_skippable(stream))
		return trailing_garbage(stream, error);
	stream->trailing = 0;
	return restart(stream, error);
}

/* Behind the limit only the end may come: look for one byte more. */
static size_t room(const struct fr_stream *stream, size_t size)
{
	uint64_t left = stream->limit - stream->given;

	return left < size ? (size_t)left : size;
}

static int decode(struct fr_stream *stream, uint8_t *buffer, size_t size,
		  size_t *ret_given, struct fr_error *error)
{
	uint8_t extra;
	bool beyond = stream->given == stream->limit;
	int next;

	next = beyond ? stream->codec->decode(stream, &extra, 1, ret_given) :
			stream->codec->decode(stream, buffer,
					      room(stream, size), ret_given);
	if (next < 0)
		return decode_error(stream, next, error);
	if (beyond && *ret_given)
		return fr_fail(
			error, FR_TOO_LARGE, -EFBIG,
			"more than the allowed %llu bytes; raise the limit in fastreboot.conf if this is meant",
			(unsigned long long)stream->limit);
	stream->given += *ret_given;
	return next;
}

/* The decoder can't go on with what it has. */
static int stuck(struct fr_stream *stream, struct fr_error *error)
{
	if (stream->idle++ < IDLE_STEPS_MAX)
		return 0;
	if (available(stream))
		return damaged(stream, error);
	if (stream->started)
		return truncated(stream, error);
	stream->done = true;
	return 0;
}

/* One step; nothing given and not done means: call again. */
static int step(struct fr_stream *stream, uint8_t *buffer, size_t size,
		size_t *ret_given, struct fr_error *error)
{
	size_t before;
	int err, next;

	*ret_given = 0;
	if (stream->ended && !stream->started)
		return look_behind(stream, error);
	err = fill(stream, 1, error);
	if (err < 0)
		return err;
	before = available(stream);
	next = decode(stream, buffer, size, ret_given, error);
	if (next < 0)
		return next;
	if (next == STEP_END) {
		stream->ended = true;
		stream->started = false;
		return 0;
	}
	if (!*ret_given && available(stream) == before)
		return stuck(stream, error);
	stream->idle = 0;
	return 0;
}

ssize_t fr_stream_read(struct fr_stream *stream, void *buffer, size_t size,
		       struct fr_error *error)
{
	size_t done = 0;

	if (size > SSIZE_MAX)
		size = SSIZE_MAX;
	while (done < size && !stream->done) {
		size_t given;
		size_t left = size - done;
		int err = step(stream, (uint8_t *)buffer + done,
			       left > UINT32_MAX ? UINT32_MAX : left, &given,
			       error);

		if (err < 0)
			return err;
		done += given;
	}
	return (ssize_t)done;
}
