// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernels, initrds, root images and device trees become parts of a payload. */
#include "parts.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "binding.h"
#include "bytes.h"
#include "cleanup.h"
#include "devicetree.h"
#include "image.h"
#include "request.h"
#include "rootimage.h"
#include "strv.h"

FR_DEFINE_CLEANUP(struct fr_stream *, fr_stream_close);

uint64_t payload_align_initrd(uint64_t size)
{
	return (size + INITRD_ALIGNMENT - 1) & ~(INITRD_ALIGNMENT - 1ULL);
}

int payload_add_input(struct fr_payload *payload, const char *path,
		      uint64_t limit, enum file_kind kind, struct input **ret,
		      struct fr_error *error)
{
	struct input *input = &payload->inputs[payload->input_count];
	int err = input_open(path, limit, input, error);

	if (err < 0)
		return err;
	payload->input_count++;
	*ret = input;
	return binding_add(payload, input, kind, error);
}

static int check_initrd_total(const struct fr_payload *payload,
			      struct fr_error *error)
{
	uint64_t total = 0;

	for (size_t i = 0; i < payload->part_count; i++)
		if (payload->parts[i].segment == FR_SEGMENT_INITRD)
			total += payload_align_initrd(payload->parts[i].size);
	if (total <= payload->max_initrd_size)
		return 0;
	return fr_fail(
		error, FR_TOO_LARGE, -EFBIG,
		"the initrds have %llu bytes together, but %llu are allowed; see MaxInitrdSize= in fastreboot.conf",
		(unsigned long long)total,
		(unsigned long long)payload->max_initrd_size);
}

struct part *payload_add_part(struct fr_payload *payload,
			      enum fr_segment segment, struct input *input,
			      uint64_t offset, uint64_t size)
{
	struct part *part = &payload->parts[payload->part_count++];

	*part = (struct part){
		.segment = segment,
		.input = input,
		.offset = offset,
		.size = size,
	};
	return part;
}

/* The first bytes that would be handed over have to be those of an Image. */
static int check_kernel_start(struct fr_payload *payload,
			      const struct part *part, struct fr_error *error)
{
	_cleanup_(fr_stream_closep) struct fr_stream *stream = NULL;
	struct pass pass = { .part = part, .at = part->offset };
	uint8_t head[FR_IMAGE_HEAD];
	ssize_t n;
	int err;

	err = pass_open_stream(&pass, payload->max_kernel_size, &stream, error);
	if (err < 0)
		return err;
	n = fr_stream_read(stream, head, sizeof(head), error);
	if (n < 0) {
		part_name_file(part, error);
		return (int)n;
	}
	payload->page_size = fr_image_page_size(head, (size_t)n);
	return fr_image_check_arm64(head, (size_t)n, part->input->path, error);
}

int payload_add_kernel(struct fr_payload *payload, struct input *input,
		       uint64_t offset, uint64_t size, struct fr_error *error)
{
	struct fr_image image = { 0 };
	struct part *part;
	const char *head;
	int err;

	err = input_look(input, offset,
			 size < HEAD_SIZE ? (size_t)size : HEAD_SIZE, &head,
			 error);
	if (err < 0)
		return err;
	err = fr_image_probe(head, size < HEAD_SIZE ? (size_t)size : HEAD_SIZE,
			     size, input->path, &image, error);
	if (err < 0)
		return err;
	if (image.kind == FR_IMAGE_PE)
		return fr_fail(
			error, FR_INVALID_PAYLOAD, -ENOEXEC,
			"%s: is an EFI program, not a kernel; if it is a UKI, stage it as one (--uki)",
			input->path);
	if (image.size > payload->max_kernel_size)
		return fr_fail(
			error, FR_TOO_LARGE, -EFBIG,
			"%s: the kernel has %llu bytes, but %llu are allowed; see MaxKernelSize= in fastreboot.conf",
			input->path, (unsigned long long)image.size,
			(unsigned long long)payload->max_kernel_size);
	part = payload_add_part(payload, FR_SEGMENT_KERNEL, input,
				offset + image.offset, image.size);
	part->compression = image.compression;
	part->size_appended = image.kind == FR_IMAGE_ZBOOT;
	return check_kernel_start(payload, part, error);
}

int payload_add_initrds(struct fr_payload *payload, char *const *paths,
			struct fr_error *error)
{
	if (fr_strv_length(paths) > FR_INITRDS_MAX)
		return fr_fail(error, FR_USAGE, -E2BIG,
			       "more than %d initrds; join some of them",
			       FR_INITRDS_MAX);
	for (; paths && *paths; paths++) {
		struct input *input;
		int err = payload_add_input(payload, *paths,
					    payload->max_initrd_size,
					    FILE_INITRD, &input, error);

		if (err < 0)
			return err;
		payload_add_part(payload, FR_SEGMENT_INITRD, input, 0,
				 (uint64_t)input->stat.st_size);
	}
	return check_initrd_total(payload, error);
}

/* The kernel would find it out in a panic. */
static int check_block_size(const struct fr_payload *payload, const char *path,
			    uint32_t block_size, struct fr_error *error)
{
	if (!payload->page_size || block_size <= payload->page_size)
		return 0;
	return fr_fail(
		error, FR_INVALID_PAYLOAD, -EINVAL,
		"%s: has blocks of %u bytes, but the kernel %s has pages of %u and can't mount it; make it with blocks of that size (mkfs.erofs -b%u)",
		path, block_size, payload->inputs[0].path, payload->page_size,
		payload->page_size);
}

/* It goes into the slot as it is: its file system decides how it is mounted. */
static int add_root_image(struct fr_payload *payload, const char *path,
			  struct fr_error *error)
{
	struct input *input;
	const char *head;
	uint64_t size;
	size_t head_size;
	int err;

	err = payload_add_input(payload, path, payload->max_root_image_size,
				FILE_ROOT_IMAGE, &input, error);
	if (err < 0)
		return err;
	size = (uint64_t)input->stat.st_size;
	head_size = size < FR_ROOT_IMAGE_HEAD ? (size_t)size :
						FR_ROOT_IMAGE_HEAD;
	err = input_look(input, 0, head_size, &head, error);
	if (err < 0)
		return err;
	err = fr_root_image_probe(head, head_size, size, input->path,
				  &payload->root_type, error);
	if (err < 0)
		return err;
	err = check_block_size(payload, input->path,
			       fr_root_image_block_size(head, head_size),
			       error);
	if (err < 0)
		return err;
	payload->has_root = true;
	payload_add_part(payload, FR_SEGMENT_ROOT, input, 0, size);
	return 0;
}

/* What the kernel gets besides itself and the device tree. */
int payload_add_initrds_or_root(struct fr_payload *payload,
				char *const *initrds, const char *root_image,
				struct fr_error *error)
{
	if (!root_image)
		return payload_add_initrds(payload, initrds, error);
	if (fr_strv_length(initrds))
		return fr_fail(error, FR_INVALID_PAYLOAD, -EINVAL, "%s",
			       ONE_OF_BOTH);
	return add_root_image(payload, root_image, error);
}

int payload_add_dtb_part(struct fr_payload *payload, struct input *input,
			 uint64_t offset, uint64_t size, struct fr_error *error)
{
	const char *head, *why = "";
	int err;

	if (size > FR_DTB_SIZE_MAX)
		return fr_fail(error, FR_TOO_LARGE, -EFBIG,
			       "%s: the device tree is larger than 2 MiB",
			       input->path);
	err = input_look(input, offset, size < 8 ? (size_t)size : 8, &head,
			 error);
	if (err < 0)
		return err;
	if (size < 8 || fr_be32((const uint8_t *)head) != 0xd00dfeed)
		return fr_fail(error, FR_INVALID_PAYLOAD, -EINVAL,
			       "%s: is not a compiled device tree",
			       input->path);
	if (fr_be32((const uint8_t *)head + 4) > size)
		return fr_fail(
			error, FR_INVALID_PAYLOAD, -EINVAL,
			"%s: the device tree is cut off; get the file again",
			input->path);
	err = input_look(input, offset, (size_t)size, &head, error);
	if (err < 0)
		return err;
	if (fr_devicetree_check(head, (size_t)size, &why) < 0)
		return fr_fail(
			error, FR_INVALID_PAYLOAD, -EINVAL,
			"%s: the device tree is damaged: %s; get the file again",
			input->path, why);
	payload_add_part(payload, FR_SEGMENT_DTB, input, offset, size);
	return 0;
}

int payload_add_dtb(struct fr_payload *payload, const char *path,
		    struct fr_error *error)
{
	struct input *input;
	int err;

	if (!path)
		return 0;
	err = payload_add_input(payload, path, FR_DTB_SIZE_MAX, FILE_DEVICETREE,
				&input, error);
	if (err < 0)
		return err;
	return payload_add_dtb_part(payload, input, 0,
				    (uint64_t)input->stat.st_size, error);
}
