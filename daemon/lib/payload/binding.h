/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What binds the files of a payload: a signed manifest, or the signature of a UKI.
 * Only the files of this folder include this.
 *
 * Where nothing has to be bound, all of this succeeds and does nothing.
 */
#ifndef FR_PAYLOAD_BINDING_H
#define FR_PAYLOAD_BINDING_H

#include "internal.h"

/**
 * binding_open() - find and read what binds the payload
 * @payload: without a file so far
 * @path: of the kernel or UKI that comes first
 * @kind: which of the two it is
 * @error: why not
 *
 * The manifest is the one that was asked for, or has the name of the kernel with
 * FR_MANIFEST_SUFFIX. A UKI without one has to be signed itself.
 *
 * Return: 0; -ENOKEY, -EKEYREJECTED or -EBADMSG with FR_SIGNATURE; what
 * fr_manifest_parse() and fr_manifest_check_machine() return.
 */
int binding_open(struct fr_payload *payload, const char *path,
		 enum file_kind kind, struct fr_error *error);

/**
 * binding_add() - is a file what was signed? Reads it to its end
 * @payload: after binding_open()
 * @input: open; is bound afterwards
 * @kind: what it is
 * @error: why not
 *
 * Return: 0; -EKEYREJECTED or -ENOKEY with FR_SIGNATURE; the errno of reading.
 */
int binding_add(struct fr_payload *payload, struct input *input,
		enum file_kind kind, struct fr_error *error);

/**
 * binding_close() - is all of it there?
 * @payload: with all files, and the command line that was given
 * @error: what is missing, or what of the command line is not allowed
 *
 * A payload without a command line gets the one of the manifest.
 *
 * Return: 0; -EKEYREJECTED with FR_SIGNATURE, -EPERM with FR_REFUSED, -ENOMEM.
 */
int binding_close(struct fr_payload *payload, struct fr_error *error);

/* May it have this command line? As fr_manifest_check_cmdline(). */
int binding_check_cmdline(const struct fr_payload *payload, const char *cmdline,
			  struct fr_error *error);

/* Free what it owns. */
void binding_done(struct binding *binding);

#endif
