// SPDX-License-Identifier: GPL-2.0-or-later
/* Handing a payload over, segment by segment, each in as many passes as it has parts. */
#include "payload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "image.h"
#include "internal.h"
#include "parts.h"

FR_DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);
FR_DEFINE_CLEANUP(struct fr_stream *, fr_stream_close);

/* What is written, and how far it is. */
struct writer {
	struct fr_payload *payload;
	struct progress progress;
};

static uint64_t segment_limit(const struct fr_payload *payload,
			      enum fr_segment segment)
{
	switch (segment) {
	case FR_SEGMENT_KERNEL:
		return payload->max_kernel_size;
	case FR_SEGMENT_INITRD:
		return payload->max_initrd_size;
	case FR_SEGMENT_ROOT:
		return payload->max_root_image_size;
	default:
		return FR_DTB_SIZE_MAX;
	}
}

static int hand_over(struct writer *writer, enum fr_segment segment,
		     EVP_MD_CTX *digest, const void *data, size_t size,
		     struct fr_error *error)
{
	const struct fr_sink *sink = writer->progress.sink;
	int err = sink->write(sink->userdata, segment, data, size);

	if (err < 0) {
		writer->progress.sink_failed = true;
		return err;
	}
	if (EVP_DigestUpdate(digest, data, size) != 1)
		return fr_fail_memory(error);
	writer->payload->size[segment] += size;
	return 0;
}

static int pad_initrd(struct writer *writer, EVP_MD_CTX *digest,
		      struct fr_error *error)
{
	static const char zeros[INITRD_ALIGNMENT];
	uint64_t size = writer->payload->size[FR_SEGMENT_INITRD];
	size_t padding = (size_t)(payload_align_initrd(size) - size);

	if (!padding)
		return 0;
	return hand_over(writer, FR_SEGMENT_INITRD, digest, zeros, padding,
			 error);
}

static int copy_stream(struct writer *writer, const struct part *part,
		       struct fr_stream *stream, EVP_MD_CTX *digest,
		       struct fr_error *error)
{
	_cleanup_free_ char *buffer = malloc(PIECE_SIZE);
	bool first = part->segment == FR_SEGMENT_KERNEL;

	if (!buffer)
		return fr_fail_memory(error);
	for (;;) {
		ssize_t n = fr_stream_read(stream, buffer, PIECE_SIZE, error);
		int err;

		if (n <= 0)
			return (int)n;
		err = first ? fr_image_check_arm64(buffer, (size_t)n,
						   part->input->path, error) :
			      0;
		if (err < 0)
			return err;
		first = false;
		err = hand_over(writer, part->segment, digest, buffer,
				(size_t)n, error);
		if (err < 0)
			return err;
	}
}

static int write_pass(struct writer *writer, struct pass *pass,
		      EVP_MD_CTX *digest, struct fr_error *error)
{
	_cleanup_(fr_stream_closep) struct fr_stream *stream = NULL;
	const struct part *part = pass->part;
	int err;

	err = pass_begin(pass, error);
	if (err < 0)
		return err;
	err = pass_open_stream(pass,
			       segment_limit(writer->payload, part->segment),
			       &stream, error);
	if (err < 0)
		return err;
	err = copy_stream(writer, part, stream, digest, error);
	if (err < 0)
		return err;
	return pass_end(pass, error);
}

static int write_part(struct writer *writer, const struct part *part,
		      EVP_MD_CTX *digest, struct fr_error *error)
{
	struct pass pass = { .part = part, .progress = &writer->progress };
	int err = write_pass(writer, &pass, digest, error);

	EVP_MD_CTX_free(pass.digest);
	if (err < 0) {
		if (!writer->progress.sink_failed)
			part_name_file(part, error);
		return err;
	}
	if (part->segment == FR_SEGMENT_INITRD)
		return pad_initrd(writer, digest, error);
	return 0;
}

static int write_segment(struct writer *writer, enum fr_segment segment,
			 struct fr_error *error)
{
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *digest = EVP_MD_CTX_new();
	struct fr_payload *payload = writer->payload;
	uint8_t sha256[EVP_MAX_MD_SIZE];

	if (!digest || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
		return fr_fail_memory(error);
	for (size_t i = 0; i < payload->part_count; i++) {
		int err;

		if (payload->parts[i].segment != segment)
			continue;
		err = write_part(writer, &payload->parts[i], digest, error);
		if (err < 0)
			return err;
	}
	if (EVP_DigestFinal_ex(digest, sha256, NULL) != 1)
		return fr_fail_memory(error);
	memcpy(payload->sha256[segment], sha256, FR_SHA256_SIZE);
	return 0;
}

/* What the passes will read. */
static uint64_t total_bytes(const struct fr_payload *payload)
{
	uint64_t total = 0;

	for (size_t i = 0; i < payload->part_count; i++) {
		const struct part *part = &payload->parts[i];

		total += part->input->is_bound ?
				 (uint64_t)part->input->stat.st_size :
				 part->size;
	}
	return total;
}

static int check_unchanged(const struct fr_payload *payload,
			   struct fr_error *error)
{
	for (size_t i = 0; i < payload->input_count; i++)
		if (!input_is_unchanged(&payload->inputs[i]))
			return input_fail_changed(&payload->inputs[i], error);
	return 0;
}

static int write_all(struct writer *writer, struct fr_error *error)
{
	for (int segment = 0; segment < FR_SEGMENTS; segment++) {
		int err =
			write_segment(writer, (enum fr_segment)segment, error);

		if (err < 0)
			return err;
	}
	return check_unchanged(writer->payload, error);
}

/* A failure of the sink: leave the error to it, if it has filled it. */
static int sink_error(int err, struct fr_error *error)
{
	if (error && error->failure != FR_OK)
		return err;
	if (err == -ECANCELED)
		return fr_fail(error, FR_CANCELLED, err,
			       "staging was cancelled");
	return fr_fail(error, FR_FAILED, err,
		       "the payload can't be written: %s", strerror(-err));
}

int fr_payload_write(struct fr_payload *payload, const struct fr_sink *sink,
		     struct fr_error *error)
{
	struct writer writer = {
		.payload = payload,
		.progress = {
			.sink = sink,
			.total = total_bytes(payload),
		},
	};
	int err;

	if (error)
		*error = (struct fr_error){ 0 };
	payload->written = false;
	memset(payload->size, 0, sizeof(payload->size));
	err = write_all(&writer, error);
	if (err < 0 && writer.progress.sink_failed)
		return sink_error(err, error);
	/* Data that make no sense may be half of the old and half of the new. */
	if (err < 0 && err != -ENOMEM)
		return check_unchanged(payload, error) ?: err;
	payload->written = !err;
	return err;
}
