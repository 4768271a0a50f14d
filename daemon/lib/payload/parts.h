/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parts: what a payload gets its segments from. Only the files of this folder
 * include this.
 *
 * Each function here checks what it adds, as far as that can be told without
 * reading all of it. They return 0 or a negative errno, with the error filled;
 * after a failure the payload is good for fr_payload_close() alone.
 */
#ifndef FR_PAYLOAD_PARTS_H
#define FR_PAYLOAD_PARTS_H

#include "internal.h"

/* What an initrd is padded to a multiple of. */
#define INITRD_ALIGNMENT 4

/* Bytes of an initrd with its padding. */
uint64_t payload_align_initrd(uint64_t size);

/**
 * payload_add_input() - open one more file; see input_open()
 * @payload: payload, which has room for it
 * @path: absolute name
 * @limit: most bytes that it may have
 * @kind: what it is for the manifest, which has to name it
 * @ret: belongs to the payload
 * @error: why not
 */
int payload_add_input(struct fr_payload *payload, const char *path,
		      uint64_t limit, enum file_kind kind, struct input **ret,
		      struct fr_error *error);

/* Add a range of an input as it is, unchecked; the part belongs to the payload. */
struct part *payload_add_part(struct fr_payload *payload,
			      enum fr_segment segment, struct input *input,
			      uint64_t offset, uint64_t size);

/* Add a kernel that is not a UKI: all of a file, or of a UKI's section. */
int payload_add_kernel(struct fr_payload *payload, struct input *input,
		       uint64_t offset, uint64_t size, struct fr_error *error);

/* Add the initrds of a list, which may be NULL, behind those that there are. */
int payload_add_initrds(struct fr_payload *payload, char *const *paths,
			struct fr_error *error);

/* The same, or the root image in their place if there is one. */
int payload_add_initrds_or_root(struct fr_payload *payload,
				char *const *initrds, const char *root_image,
				struct fr_error *error);

/* Add a device tree that is a range of an input. */
int payload_add_dtb_part(struct fr_payload *payload, struct input *input,
			 uint64_t offset, uint64_t size,
			 struct fr_error *error);

/* Add a device tree that is a file; NULL for none. */
int payload_add_dtb(struct fr_payload *payload, const char *path,
		    struct fr_error *error);

#endif
