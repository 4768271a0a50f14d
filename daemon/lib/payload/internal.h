/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a payload consists of. Only the files of this folder include this; all
 * others use payload.h.
 */
#ifndef FR_PAYLOAD_INTERNAL_H
#define FR_PAYLOAD_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "input.h"
#include "manifest.h"
#include "pass.h"
#include "payload.h"
#include "pe.h"

/* A kernel or UKI, initrds or a root image, a device tree. */
#define INPUTS_MAX (FR_INITRDS_MAX + 2)
/* The same, and what a UKI has. */
#define PARTS_MAX (FR_INITRDS_MAX + 3)
/* What is looked at to tell kernels and UKIs apart. */
#define HEAD_SIZE FR_PE_HEAD

_Static_assert(HEAD_SIZE >= FR_IMAGE_HEAD, "one look is enough for both");

/* What a manifest calls the files. */
enum file_kind {
	FILE_KERNEL,
	FILE_UKI,
	FILE_INITRD,
	FILE_ROOT_IMAGE,
	FILE_DEVICETREE,
};

/**
 * struct binding - what says that the files belong together
 * @wanted: they have to be bound by a trusted signature
 * @path: name of the manifest; NULL for none
 * @manifest: its content
 * @by_itself: the payload is a UKI, and has a signature of its own
 * @added: kinds of files that were added, bits of enum file_kind
 * @initrds: how many initrds were
 * @version: of the manifest or UKI; NULL: not known
 */
struct binding {
	bool wanted;
	char *path;
	struct fr_manifest manifest;
	bool by_itself;
	unsigned int added;
	size_t initrds;
	char *version;
};

/**
 * struct fr_payload - an open payload
 * @request: what was asked for
 * @max_kernel_size: most bytes of the kernel, decompressed
 * @max_initrd_size: most bytes of all initrds together
 * @max_root_image_size: most bytes of the root image
 * @certificates: trusted ones
 * @revocation_lists: of those that are not any more
 * @binding: what binds the files
 * @cmdline: command line; NULL until one is known
 * @title: what to call it; NULL until that is known
 * @page_size: of the kernel, in bytes; 0: not known
 * @has_root: it has a root image
 * @root_type: type of its file system; NULL: not known
 * @inputs: files; the first is the kernel's or UKI's
 * @input_count: how many
 * @parts: what is handed over, in this order within a segment
 * @part_count: how many
 * @written: the last fr_payload_write() has succeeded
 * @size: bytes of each segment that were handed over
 * @sha256: hashes of them
 */
struct fr_payload {
	struct fr_payload_request request;
	uint64_t max_kernel_size;
	uint64_t max_initrd_size;
	uint64_t max_root_image_size;
	char **certificates;
	char **revocation_lists;
	struct binding binding;
	char *cmdline;
	char *title;
	uint32_t page_size;
	bool has_root;
	const char *root_type;
	struct input inputs[INPUTS_MAX];
	size_t input_count;
	struct part parts[PARTS_MAX];
	size_t part_count;
	bool written;
	uint64_t size[FR_SEGMENTS];
	uint8_t sha256[FR_SEGMENTS][FR_SHA256_SIZE];
};

#endif
