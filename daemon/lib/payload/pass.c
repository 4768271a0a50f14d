// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading a part once; see pass.h. */
#include "pass.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "io.h"

static int report_progress(struct progress *progress, size_t size)
{
	const struct fr_sink *sink = progress->sink;
	int err;

	progress->done += size;
	if (!sink->progress)
		return 0;
	err = sink->progress(sink->userdata, progress->done, progress->total);
	if (err < 0)
		progress->sink_failed = true;
	return err < 0 ? err : 0;
}

/* Do the bytes at pass->at contradict what was seen before? */
static void compare_notes(struct pass *pass, const uint8_t *data, size_t size)
{
	const struct note *note = pass->part->input->notes;

	for (; note; note = note->next) {
		uint64_t begin = note->offset > pass->at ? note->offset :
							   pass->at;
		uint64_t note_end = note->offset + note->size;
		uint64_t end = pass->at + size;

		if (end > note_end)
			end = note_end;
		if (begin < end &&
		    memcmp(data + (begin - pass->at),
			   note->data + (begin - note->offset), end - begin))
			pass->notes_differ = true;
	}
}

/* Read the next bytes of the file, which has to have them. */
static ssize_t pass_take(struct pass *pass, void *buffer, size_t size,
			 struct fr_error *error)
{
	struct input *input = pass->part->input;
	ssize_t n = fr_pread_full(input->fd, buffer, size, pass->at);
	int err;

	if (n < 0)
		return input_fail(input->path, (int)n, error);
	if ((size_t)n != size)
		return input_fail_changed(input, error);
	if (!pass->progress) {
		pass->at += size;
		return n;
	}
	if (input->is_bound) {
		compare_notes(pass, buffer, size);
		if (EVP_DigestUpdate(pass->digest, buffer, size) != 1)
			return fr_fail_memory(error);
	}
	pass->at += size;
	err = report_progress(pass->progress, size);
	return err < 0 ? err : n;
}

/* What the stream reads from: the part, and nothing around it. */
static ssize_t pass_read(void *userdata, void *buffer, size_t size,
			 struct fr_error *error)
{
	struct pass *pass = userdata;
	uint64_t left = pass->part->offset + pass->part->size - pass->at;

	if (size > left)
		size = (size_t)left;
	return size ? pass_take(pass, buffer, size, error) : 0;
}

/* Read what is around the part: for the digest alone. */
static int pass_skip(struct pass *pass, uint64_t to, struct fr_error *error)
{
	_cleanup_free_ char *buffer = NULL;

	if (pass->at >= to)
		return 0;
	buffer = malloc(PIECE_SIZE);
	if (!buffer)
		return fr_fail_memory(error);
	while (pass->at < to) {
		uint64_t left = to - pass->at;
		size_t size = left < PIECE_SIZE ? (size_t)left : PIECE_SIZE;
		ssize_t n = pass_take(pass, buffer, size, error);

		if (n < 0)
			return (int)n;
	}
	return 0;
}

int pass_begin(struct pass *pass, struct fr_error *error)
{
	if (!pass->part->input->is_bound) {
		pass->at = pass->part->offset;
		return 0;
	}
	pass->digest = EVP_MD_CTX_new();
	if (!pass->digest ||
	    EVP_DigestInit_ex(pass->digest, EVP_sha256(), NULL) != 1)
		return fr_fail_memory(error);
	return pass_skip(pass, pass->part->offset, error);
}

int pass_end(struct pass *pass, struct fr_error *error)
{
	struct input *input = pass->part->input;
	uint8_t sha256[EVP_MAX_MD_SIZE];
	int err;

	if (!input->is_bound)
		return 0;
	err = pass_skip(pass, (uint64_t)input->stat.st_size, error);
	if (err < 0)
		return err;
	if (EVP_DigestFinal_ex(pass->digest, sha256, NULL) != 1)
		return fr_fail_memory(error);
	if (pass->notes_differ || memcmp(sha256, input->sha256, FR_SHA256_SIZE))
		return input_fail_changed(input, error);
	return 0;
}

void part_name_file(const struct part *part, struct fr_error *error)
{
	char text[sizeof(error->text)];

	if (!error || strstr(error->text, part->input->path))
		return;
	memcpy(text, error->text, sizeof(text));
	fr_fail(error, error->failure, 0, "%s: %s", part->input->path, text);
}

int pass_open_stream(struct pass *pass, uint64_t limit, struct fr_stream **ret,
		     struct fr_error *error)
{
	const struct fr_reader reader = { pass_read, pass };
	int err = fr_stream_open(&reader, pass->part->compression, limit, ret,
				 error);

	if (err < 0)
		return err;
	if (pass->part->size_appended)
		fr_stream_size_appended(*ret);
	return 0;
}
