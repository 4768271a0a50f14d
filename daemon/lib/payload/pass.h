/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Passes: reading a part once. Only the files of this folder include this.
 *
 * Of a bound input a pass reads everything, also what is around the part, and
 * compares the hash and what was noted with it; pass_end() tells the result. A
 * pass without progress is a look at the start of the part and checks nothing.
 */
#ifndef FR_PAYLOAD_PASS_H
#define FR_PAYLOAD_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "decompress.h"
#include "input.h"
#include "payload.h"

/* What is read at once. */
#define PIECE_SIZE (256U << 10)

/**
 * struct part - a range of an input that becomes (a piece of) a segment
 * @segment: segment
 * @input: belongs to the payload
 * @offset: in the input
 * @size: bytes there
 * @compression: how they are packed
 * @size_appended: see fr_stream_size_appended()
 */
struct part {
	enum fr_segment segment;
	struct input *input;
	uint64_t offset;
	uint64_t size;
	enum fr_stream_kind compression;
	bool size_appended;
};

/**
 * struct progress - what all passes of a payload have in common
 * @sink: where the progress is reported to
 * @done: bytes that were read
 * @total: bytes that will have been
 * @sink_failed: it was the sink that failed, and not the files
 */
struct progress {
	const struct fr_sink *sink;
	uint64_t done;
	uint64_t total;
	bool sink_failed;
};

/**
 * struct pass - reading a part once
 * @part: part
 * @progress: where to report to; NULL: just a look at the start
 * @digest: of what was read, if the input is bound; to be freed by the caller
 * @at: offset in the file
 * @notes_differ: some bytes were not those that were seen before
 */
struct pass {
	const struct part *part;
	struct progress *progress;
	EVP_MD_CTX *digest;
	uint64_t at;
	bool notes_differ;
};

/* Read what is before the part. Return: 0 or a negative errno. */
int pass_begin(struct pass *pass, struct fr_error *error);

/**
 * pass_open_stream() - the part's bytes, decompressed
 * @pass: at the part's start; has to outlive the stream
 * @limit: most bytes that the stream may give
 * @ret: to be given to fr_stream_close()
 * @error: why not
 *
 * Return: 0; -ENOMEM.
 */
int pass_open_stream(struct pass *pass, uint64_t limit, struct fr_stream **ret,
		     struct fr_error *error);

/**
 * pass_end() - read what is behind the part, and tell whether all is the same
 * @pass: at the part's end
 * @error: why not
 *
 * Return: 0; -ESTALE with FR_SOURCE_CHANGED, the errno of reading or of the sink.
 */
int pass_end(struct pass *pass, struct fr_error *error);

/* Put the name of the part's file before the error's text, unless it is in there. */
void part_name_file(const struct part *part, struct fr_error *error);

#endif
