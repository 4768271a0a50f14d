// SPDX-License-Identifier: GPL-2.0-or-later
/* A kernel of any kind: what it is, and what comes out of it. */
#include "fuzz.h"

#include "decompress.h"
#include "image.h"

#define LIMIT 300000

static void expand(const uint8_t *data, const struct fr_image *image)
{
	struct fr_error error = { 0 };
	struct fr_stream *stream;
	uint8_t buffer[4096];
	size_t total = 0;
	ssize_t n;

	if (fr_stream_open_memory(data + image->offset, image->size,
				  image->compression, LIMIT, &stream,
				  &error) < 0)
		return;
	if (image->kind == FR_IMAGE_ZBOOT)
		fr_stream_size_appended(stream);
	while ((n = fr_stream_read(stream, buffer, sizeof(buffer), &error)) >
	       0) {
		fuzz_require((size_t)n <= sizeof(buffer));
		total += (size_t)n;
	}
	fuzz_require(total <= LIMIT);
	fuzz_require(!n || error.failure != FR_OK);
	fr_stream_close(stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t head = size < FR_IMAGE_HEAD ? size : FR_IMAGE_HEAD;
	struct fr_error error = { 0 };
	struct fr_image image;
	int r = fr_image_probe(data, head, size, "file", &image, &error);

	if (r < 0) {
		fuzz_require(error.failure == FR_INVALID_PAYLOAD);
		return 0;
	}
	fuzz_require(image.offset + image.size <= size);
	expand(data, &image);
	return 0;
}
