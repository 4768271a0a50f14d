// SPDX-License-Identifier: GPL-2.0-or-later
#include "files-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"

#define CONTENT_SIZE 300000
#define NO_LIMIT UINT64_MAX

FR_DEFINE_CLEANUP(struct fr_stream *, fr_stream_close);

static const enum fr_stream_kind kinds[] = { FR_STREAM_GZIP, FR_STREAM_ZSTD,
					     FR_STREAM_XZ };

static u8 content[CONTENT_SIZE];
/* Some of what compresses well, and some of what does not. */
static u8 *const middle = content + CONTENT_SIZE / 2 - 1000;

/* Under tools that run programs slowly not every place is tried. */
static size_t stride(void)
{
	return unit_rounds(16) < 16 ? 17 : 1;
}

static void make_content(void)
{
	struct blob image = make_image(CONTENT_SIZE, 1);

	memcpy(content, image.data, CONTENT_SIZE);
	blob_free(&image);
}

/* blob_add() moves all of the blob, which is too slow for a piece of a byte. */
static void add_piece(struct blob *blob, size_t *room, const u8 *piece,
		      size_t n)
{
	if (blob->size + n > *room) {
		*room = 2 * (blob->size + n);
		blob->data = realloc(blob->data, *room);
		assert_non_null(blob->data);
	}
	memcpy(blob->data + blob->size, piece, n);
	blob->size += n;
}

/* Read a stream to its end, in pieces of at most @piece bytes. */
static ssize_t drain(struct fr_stream *stream, size_t piece, struct blob *ret,
		     struct fr_error *error)
{
	u8 *buffer = malloc(piece);
	size_t room = ret->size;
	ssize_t n;

	while ((n = fr_stream_read(stream, buffer, piece, error)) > 0) {
		assert_true((size_t)n <= piece);
		add_piece(ret, &room, buffer, n);
	}
	/* The end stays the end. */
	if (!n)
		assert_int_equal(fr_stream_read(stream, buffer, piece, error),
				 0);
	free(buffer);
	return n;
}

static ssize_t expand(const struct blob *data, enum fr_stream_kind kind,
		      u64 limit, struct blob *ret, struct fr_error *error)
{
	_cleanup_(fr_stream_closep) struct fr_stream *stream = NULL;

	*error = (struct fr_error){ 0 };
	assert_int_equal(fr_stream_open_memory(data->data, data->size, kind,
					       limit, &stream, error),
			 0);
	return drain(stream, 65536, ret, error);
}

/* What is expanded is @times the content. */
static void expect_content(const struct blob *data, enum fr_stream_kind kind,
			   unsigned int times)
{
	struct blob out = { 0 };
	struct fr_error error;
	ssize_t r = expand(data, kind, NO_LIMIT, &out, &error);

	expect_ok(r, &error);
	assert_int_equal(out.size, (size_t)times * CONTENT_SIZE);
	for (unsigned int i = 0; i < times; i++)
		assert_memory_equal(out.data + (size_t)i * CONTENT_SIZE,
				    content, CONTENT_SIZE);
	blob_free(&out);
}

static void expect_damage(const struct blob *data, enum fr_stream_kind kind,
			  int err, const char *part)
{
	struct blob out = { 0 };
	struct fr_error error;
	ssize_t r = expand(data, kind, NO_LIMIT, &out, &error);

	expect_error((int)r, err, &error, FR_INVALID_PAYLOAD, part);
	blob_free(&out);
}

static void round_trip(void **state)
{
	make_content();
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct blob data =
			make_compressed(kinds[i], content, CONTENT_SIZE);

		assert_int_equal(fr_stream_detect(data.data, data.size),
				 kinds[i]);
		expect_content(&data, kinds[i], 1);
		blob_free(&data);
	}
}

static void raw_passes_through(void **state)
{
	struct blob data = { content, CONTENT_SIZE };
	struct blob nothing = { 0 };

	make_content();
	expect_content(&data, FR_STREAM_RAW, 1);
	expect_content(&nothing, FR_STREAM_RAW, 0);
	assert_int_equal(fr_stream_detect(content, CONTENT_SIZE),
			 FR_STREAM_RAW);
	assert_int_equal(fr_stream_detect("\x1f", 1), FR_STREAM_RAW);
	assert_int_equal(fr_stream_detect("", 0), FR_STREAM_RAW);
}

static void from_a_file_in_small_pieces(void **state)
{
	static const size_t pieces[] = { 1, 7, 4096 };

	make_content();
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (size_t j = 0; j < ARRAY_SIZE(pieces); j++) {
			_cleanup_(fr_stream_closep) struct fr_stream *stream =
				NULL;
			_cleanup_close_ int fd = -1;
			size_t size = pieces[j] == 1 ? 5000 : CONTENT_SIZE;
			struct blob data =
				make_compressed(kinds[i], content, size);
			struct blob out = { 0 };
			struct fr_error error = { 0 };

			file_write_blob("data", &data);
			fd = file_open("data");
			assert_int_equal(fr_stream_open_fd(fd, kinds[i],
							   NO_LIMIT, &stream,
							   &error),
					 0);
			assert_int_equal(drain(stream, pieces[j], &out, &error),
					 0);
			assert_int_equal(out.size, size);
			assert_memory_equal(out.data, content, size);
			blob_free(&data);
			blob_free(&out);
		}
}

/* Cut off at every place: a stream that is not whole never looks whole. */
static void truncation(void **state)
{
	make_content();
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct blob data = make_compressed(kinds[i], middle, 2000);

		for (size_t size = 0; size < data.size; size += stride()) {
			struct blob part = { data.data, size };

			expect_damage(&part, kinds[i], -ENODATA,
				      "end too early");
		}
		blob_free(&data);
	}
}

/* A bit wrong anywhere: if it is not noticed, it has to be without effect. */
static void damage(void **state)
{
	make_content();
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct blob data = make_compressed(kinds[i], middle, 2000);
		unsigned int noticed = 0;
		unsigned int tried = 0;

		for (size_t at = 0; at < data.size; at += stride()) {
			struct blob out = { 0 };
			struct fr_error error;
			ssize_t r;

			data.data[at] ^= 0x10;
			r = expand(&data, kinds[i], 4000, &out, &error);
			data.data[at] ^= 0x10;
			noticed += r < 0;
			tried++;
			if (!r) {
				assert_int_equal(out.size, 2000);
				assert_memory_equal(out.data, middle, 2000);
			}
			blob_free(&out);
		}
		/* gzip's header has a time and the like, that nothing checks. */
		assert_true(noticed + 10 >= tried && noticed > 50);
		blob_free(&data);
	}
}

static void several_pieces_of_data(void **state)
{
	make_content();
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct blob data =
			make_compressed(kinds[i], content, CONTENT_SIZE);
		struct blob all = { 0 };

		for (int n = 0; n < 3; n++)
			blob_add(&all, data.data, data.size);
		expect_content(&all, kinds[i], 3);
		/* The last one cut off. */
		all.size -= 5;
		expect_damage(&all, kinds[i], -ENODATA, "end too early");
		blob_free(&data);
		blob_free(&all);
	}
}

static void zstd_skippable_frames(void **state)
{
	struct blob data = { 0 };
	struct blob frame;

	make_content();
	frame = make_compressed(FR_STREAM_ZSTD, content, CONTENT_SIZE);
	blob_add(&data, "\x50\x2a\x4d\x18\x03\0\0\0abc", 11);
	blob_add(&data, frame.data, frame.size);
	blob_add(&data, "\x5f\x2a\x4d\x18\x01\0\0\0a", 9);
	blob_add(&data, frame.data, frame.size);
	expect_content(&data, FR_STREAM_ZSTD, 2);
	blob_free(&data);
	blob_free(&frame);
}

/* What may stand behind the end, by kind. */
static void padding(void **state)
{
	make_content();
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct blob data =
			make_compressed(kinds[i], content, CONTENT_SIZE);
		size_t size = data.size;

		for (size_t zeros = 1; zeros <= 200000; zeros *= 9) {
			data.size = size;
			blob_add_zeros(&data, zeros);
			if (kinds[i] == FR_STREAM_GZIP)
				expect_content(&data, kinds[i], 1);
			else
				expect_damage(&data, kinds[i], -EBADMSG,
					      "something else");
			/* xz wants a multiple of 4 bytes. */
			blob_add_zeros(&data, 4 - zeros % 4);
			if (kinds[i] == FR_STREAM_XZ)
				expect_content(&data, kinds[i], 1);
		}
		blob_free(&data);
	}
}

static void trailing_garbage(void **state)
{
	make_content();
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct blob data =
			make_compressed(kinds[i], content, CONTENT_SIZE);
		struct blob copy = { 0 };
		size_t size = data.size;

		blob_add(&copy, data.data, size);
		blob_add(&data, "x", 1);
		expect_damage(&data, kinds[i], -EBADMSG, "something else");
		blob_add(&data, "yz and more", 11);
		expect_damage(&data, kinds[i], -EBADMSG, "something else");
		data.size = size;
		blob_add_zeros(&data, 8);
		blob_add(&data, "x", 1);
		expect_damage(&data, kinds[i], -EBADMSG, "something else");
		/* Behind zeros only xz has data again. */
		data.size = size + 8;
		blob_add(&data, copy.data, copy.size);
		if (kinds[i] == FR_STREAM_XZ)
			expect_content(&data, kinds[i], 2);
		else
			expect_damage(&data, kinds[i], -EBADMSG,
				      "something else");
		blob_free(&copy);
		blob_free(&data);
	}
}

static ssize_t expand_with_size(const struct blob *data,
				enum fr_stream_kind kind,
				struct fr_error *error)
{
	_cleanup_(fr_stream_closep) struct fr_stream *stream = NULL;
	struct blob out = { 0 };
	ssize_t r;

	*error = (struct fr_error){ 0 };
	assert_int_equal(fr_stream_open_memory(data->data, data->size, kind,
					       NO_LIMIT, &stream, error),
			 0);
	fr_stream_size_appended(stream);
	r = drain(stream, 65536, &out, error);
	if (!r)
		assert_int_equal(out.size, CONTENT_SIZE);
	blob_free(&out);
	return r;
}

static void appended_size(void **state)
{
	make_content();
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct blob data =
			make_compressed(kinds[i], content, CONTENT_SIZE);
		struct fr_error error;

		assert_int_equal(expand_with_size(&data, kinds[i], &error), 0);
		blob_add_zeros(&data, 4);
		blob_put32(&data, data.size - 4, CONTENT_SIZE);
		assert_int_equal(expand_with_size(&data, kinds[i], &error), 0);
		/* Only where it is expected, and if it is right and the end. */
		expect_damage(&data, kinds[i], -EBADMSG, "something else");
		blob_put32(&data, data.size - 4, CONTENT_SIZE + 1);
		assert_int_equal(expand_with_size(&data, kinds[i], &error),
				 -EBADMSG);
		blob_put32(&data, data.size - 4, CONTENT_SIZE);
		blob_add(&data, "x", 1);
		assert_int_equal(expand_with_size(&data, kinds[i], &error),
				 -EBADMSG);
		/* Nor behind padding. */
		data.size -= 5;
		blob_add_zeros(&data, 16);
		blob_put32(&data, data.size - 4, CONTENT_SIZE);
		assert_int_equal(expand_with_size(&data, kinds[i], &error),
				 -EBADMSG);
		blob_free(&data);
	}
}

static void limits_are_exact(void **state)
{
	static const enum fr_stream_kind all[] = {
		FR_STREAM_RAW, FR_STREAM_GZIP, FR_STREAM_ZSTD, FR_STREAM_XZ
	};

	make_content();
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct blob data =
			make_compressed(all[i], content, CONTENT_SIZE);
		struct blob out = { 0 };
		struct fr_error error;

		assert_int_equal(
			expand(&data, all[i], CONTENT_SIZE, &out, &error), 0);
		assert_int_equal(out.size, CONTENT_SIZE);
		blob_free(&out);
		expect_error((int)expand(&data, all[i], CONTENT_SIZE - 1, &out,
					 &error),
			     -EFBIG, &error, FR_TOO_LARGE, "299999 bytes");
		assert_true(out.size <= CONTENT_SIZE - 1);
		blob_free(&out);
		blob_free(&data);
	}
}

/* A little file that becomes a large one: stops at the limit. */
static void bomb(void **state)
{
	size_t size = (size_t)unit_rounds(16) << 20;
	u8 *zeros = calloc(1, size);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct blob data = make_compressed(kinds[i], zeros, size);
		struct blob out = { 0 };
		struct fr_error error;

		assert_true(data.size < size / 100);
		assert_int_equal(expand(&data, kinds[i], 1 << 18, &out, &error),
				 -EFBIG);
		assert_true(out.size <= 1 << 18);
		blob_free(&out);
		blob_free(&data);
	}
	free(zeros);
}

/* A window of 2 GiB, which a frame's header can ask for. */
static void memory_is_limited(void **state)
{
	static const u8 frame[] = { 0x28, 0xb5, 0x2f, 0xfd,
				    0x00, 0xa8, /* window: 2^31 */
				    0x09, 0x00, 0x00, 'x' };
	struct blob data = { (u8 *)frame, sizeof(frame) };
	struct blob out = { 0 };
	struct fr_error error;

	expect_error((int)expand(&data, FR_STREAM_ZSTD, NO_LIMIT, &out, &error),
		     -EFBIG, &error, FR_TOO_LARGE, "too much memory");
	blob_free(&out);
}

static ssize_t failing_read(void *userdata, void *buffer, size_t size,
			    struct fr_error *error)
{
	return fr_fail(error, FR_CANCELLED, -ECANCELED, "cancelled");
}

static void errors_of_the_reader(void **state)
{
	const struct fr_reader reader = { .read = failing_read };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		_cleanup_(fr_stream_closep) struct fr_stream *stream = NULL;
		struct fr_error error = { 0 };
		char byte;

		assert_int_equal(fr_stream_open(&reader, kinds[i], NO_LIMIT,
						&stream, &error),
				 0);
		expect_error((int)fr_stream_read(stream, &byte, 1, &error),
			     -ECANCELED, &error, FR_CANCELLED, "cancelled");
	}
}

static void errors_of_the_file(void **state)
{
	_cleanup_(fr_stream_closep) struct fr_stream *stream = NULL;
	struct fr_error error = { 0 };
	char byte;

	assert_int_equal(fr_stream_open_fd(-1, FR_STREAM_RAW, NO_LIMIT, &stream,
					   &error),
			 0);
	expect_error((int)fr_stream_read(stream, &byte, 1, &error), -EBADF,
		     &error, FR_FAILED, "can't read");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(round_trip),
	UNIT_TEST(raw_passes_through),
	UNIT_TEST(from_a_file_in_small_pieces),
	UNIT_TEST(truncation),
	UNIT_TEST(damage),
	UNIT_TEST(several_pieces_of_data),
	UNIT_TEST(zstd_skippable_frames),
	UNIT_TEST(padding),
	UNIT_TEST(trailing_garbage),
	UNIT_TEST(appended_size),
	UNIT_TEST(limits_are_exact),
	UNIT_TEST(bomb),
	UNIT_TEST(memory_is_limited),
	UNIT_TEST(errors_of_the_reader),
	UNIT_TEST(errors_of_the_file),
};
FILES_UNIT_MAIN(tests)
