/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A payload: from what was asked for to the bytes that go into a slot.
 *
 * fr_payload_open() finds and opens every file, checks kinds, sizes and
 * signatures, and hands over nothing; fr_payload_write() hands the segments
 * over. The files stay open in between, so that what was checked is what is
 * read. A file that is changed or replaced meanwhile is an error, and one that
 * is signed must give the very bytes again that were verified.
 */
#ifndef FR_PAYLOAD_H
#define FR_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "config.h"
#include "error.h"

/* The most that fr_payload_source() gives, without the NUL. */
#define FR_SOURCE_MAX 4000
/* Most bytes of a command line; the kernel takes no more. */
#define FR_CMDLINE_MAX 2047
/* Most bytes of a device tree; the kernel takes no more. */
#define FR_DTB_SIZE_MAX (2U << 20)
/* Most initrds of one payload. */
#define FR_INITRDS_MAX 32

enum fr_segment {
	FR_SEGMENT_KERNEL,
	FR_SEGMENT_INITRD,
	FR_SEGMENT_ROOT, /* instead of an initrd */
	FR_SEGMENT_DTB,
};

#define FR_SEGMENTS 4

/**
 * fr_segment_name() - what the kernel calls a segment
 * @segment: segment
 *
 * Return: "kernel", "initrd", "root" or "dtb".
 */
const char *fr_segment_name(enum fr_segment segment);

/**
 * struct fr_payload_request - what is asked to be staged
 * @entry: boot loader entry, by id or absolute path
 * @uki: unified kernel image, absolute path
 * @kernel: kernel of any supported kind, absolute path
 * @initrds: absolute paths, NULL-terminated; NULL for none. Those of a UKI
 *	follow the one that it has. Not with an entry, which names its own
 * @root_image: file system image that is the root, absolute path. Not with a
 *	UKI, nor with initrds; replaces the one that an entry names
 * @devicetree: absolute path; not with an entry
 * @cmdline: one line, or ""; replaces that of an entry, and that of a UKI unless its
 *	signature is what makes it trusted. NULL: see fr_payload_cmdline()
 * @manifest: absolute path of the signed manifest; NULL for the kernel's or UKI's
 *	name with FR_MANIFEST_SUFFIX added
 * @signature: absolute path of the manifest's signature; NULL for the manifest's
 *	name with FR_SIGNATURE_SUFFIX added
 * @wipe_state: the payload must not see what is in the state volume
 * @verified: its bytes were verified before, and the caller sees to it that they
 *	are the same: no signature is asked for, whatever day it is
 *
 * Exactly one of @entry, @uki and @kernel is set. Owns its strings when it came
 * from fr_payload_request_from_source().
 */
struct fr_payload_request {
	char *entry;
	char *uki;
	char *kernel;
	char **initrds;
	char *root_image;
	char *devicetree;
	char *cmdline;
	char *manifest;
	char *signature;
	bool wipe_state;
	bool verified;
};

/**
 * fr_payload_request_done() - free what a request points to
 * @request: a request that owns its strings; all zero afterwards
 */
void fr_payload_request_done(struct fr_payload_request *request);

#define _cleanup_payload_request_ \
	__attribute__((__cleanup__(fr_payload_request_done)))

/**
 * struct fr_sink - where the segments go
 * @write: called with the pieces of each segment, kernel, initrd or root, dtb,
 *	in order; at most 1 MiB each. Returns 0 or a negative errno, which ends it
 * @progress: called at least once every MiB with the bytes that were read
 *	from the files, and how many there are in all; the last call has both
 *	equal. Returns 0, or a negative errno, which ends it (-ECANCELED when
 *	the user wants that). May be NULL
 * @userdata: passed to both
 */
struct fr_sink {
	int (*write)(void *userdata, enum fr_segment segment, const void *data,
		     size_t size);
	int (*progress)(void *userdata, uint64_t done, uint64_t total);
	void *userdata;
};

struct fr_payload;

/**
 * fr_payload_open() - open and check all that a payload consists of
 * @config: limits, boot roots and trusted certificates; not kept
 * @request: what was asked for; copied
 * @ret: to be given to fr_payload_close()
 * @error: why not
 *
 * Reads signed files to their end, so it can take seconds.
 *
 * Return: 0; a negative errno. Kinds of failure are FR_USAGE, FR_NOT_FOUND,
 * FR_INVALID_PAYLOAD, FR_TOO_LARGE, FR_SIGNATURE, FR_REFUSED, FR_NO_MEMORY and
 * FR_FAILED.
 */
int fr_payload_open(const struct fr_config *config,
		    const struct fr_payload_request *request,
		    struct fr_payload **ret, struct fr_error *error);

/**
 * fr_payload_write() - hand the segments over
 * @payload: an open payload
 * @sink: where to
 * @error: why not
 *
 * The kernel goes decompressed, the initrds one behind the other, each padded
 * with zeros to a multiple of 4 bytes. What was handed over is only to be used
 * when this function has succeeded. Can be called again, and starts from the
 * beginning then.
 *
 * When a function of the sink fails, its errno is returned; @error keeps what
 * the sink has put there, and is FR_CANCELLED or FR_FAILED if it has not.
 *
 * Return: 0; a negative errno. Besides those of fr_payload_open() the kinds of
 * failure are FR_SOURCE_CHANGED and FR_CANCELLED.
 */
int fr_payload_write(struct fr_payload *payload, const struct fr_sink *sink,
		     struct fr_error *error);

/**
 * fr_payload_close() - end with a payload
 * @payload: freed, its files closed; may be NULL
 *
 * Return: NULL.
 */
struct fr_payload *fr_payload_close(struct fr_payload *payload);

FR_DEFINE_CLEANUP(struct fr_payload *, fr_payload_close);
#define _cleanup_payload_ _cleanup_(fr_payload_closep)

/**
 * fr_payload_cmdline() - the command line
 * @payload: an open payload
 *
 * With a root image, root= and what goes with it are added unless there is one.
 *
 * Return: one line, "" included, as long as the payload is open; NULL when
 * nothing gives one, and the payload gets that of the running kernel, see
 * fr_payload_inherit_cmdline().
 */
const char *fr_payload_cmdline(const struct fr_payload *payload);

/**
 * fr_payload_inherit_cmdline() - the running kernel's, for a payload without one
 * @payload: an open payload
 * @running: command line of the running kernel
 * @ret: the same; for a payload with a root image one that has that mounted, and
 *	not the running kernel's root. To be freed by the caller
 * @error: why not
 *
 * Return: 0; -E2BIG with FR_TOO_LARGE, -ENOMEM.
 */
int fr_payload_inherit_cmdline(const struct fr_payload *payload,
			       const char *running, char **ret,
			       struct fr_error *error);

/**
 * fr_payload_title() - what to call the payload
 * @payload: an open payload
 *
 * Return: the title of the entry or UKI, or else the name of the kernel's
 * file, as long as the payload is open.
 */
const char *fr_payload_title(const struct fr_payload *payload);

/**
 * fr_payload_kernel_path() - the file that the kernel comes from
 * @payload: an open payload
 *
 * Return: name of the kernel's or UKI's file, as long as the payload is open.
 */
const char *fr_payload_kernel_path(const struct fr_payload *payload);

/**
 * fr_payload_version() - what version it is, as its maker has signed it
 * @payload: an open payload
 *
 * Return: as long as the payload is open; NULL where nothing signed says it.
 */
const char *fr_payload_version(const struct fr_payload *payload);

/**
 * fr_payload_sha256() - hash of what was handed over
 * @payload: a payload after a fr_payload_write() that succeeded
 * @segment: segment
 *
 * Return: 32 bytes, until the next call of fr_payload_write(); NULL when the
 * payload has no such segment or was not written.
 */
const uint8_t *fr_payload_sha256(const struct fr_payload *payload,
				 enum fr_segment segment);

/**
 * fr_payload_pin() - hash of all that a payload is
 * @payload: a payload after a fr_payload_write() that succeeded
 * @cmdline: the command line that it gets
 * @ret: SHA-256, in hexadecimal, of a text with a line for each segment, its name
 *	and its hash, and "cmdline" and @cmdline behind them
 *
 * Return: 0; -EINVAL for a payload that was not written; -ENOMEM.
 */
int fr_payload_pin(const struct fr_payload *payload, const char *cmdline,
		   char ret[65]);

/**
 * fr_payload_size() - how much was handed over
 * @payload: a payload after a fr_payload_write() that succeeded
 * @segment: segment
 *
 * Return: bytes.
 */
uint64_t fr_payload_size(const struct fr_payload *payload,
			 enum fr_segment segment);

/**
 * fr_payload_source() - the request as a line of JSON
 * @payload: an open payload
 * @ret: at most FR_SOURCE_MAX bytes, one line, without a newline; to be freed
 *	by the caller
 *
 * Return: 0; -E2BIG when the request is longer than that, -ENOMEM.
 */
int fr_payload_source(const struct fr_payload *payload, char **ret);

/**
 * fr_payload_request_from_source() - the opposite
 * @source: what fr_payload_source() gave, which says whether it was verified.
 *	Members with other names are passed over, but "inherited_cmdline": where there is no "cmdline" it becomes
 *	the request's, so that a payload that had got its command line from the
 *	kernel that ran then gets the same one again
 * @ret: to be given to fr_payload_request_done()
 * @error: why not
 *
 * Return: 0; -EINVAL for what is not such a line, -ENOMEM.
 */
int fr_payload_request_from_source(const char *source,
				   struct fr_payload_request *ret,
				   struct fr_error *error);

/**
 * fr_payload_source_wipes() - must the payload not see the state volume?
 * @source: what fr_payload_source() gave, or any other text
 *
 * Return: whether it was staged so; false for an empty text. A text that is not
 * such a line, or can't be read for want of memory, may have been staged so: true.
 */
bool fr_payload_source_wipes(const char *source);

#endif
