/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Detached CMS signatures.
 */
#ifndef FR_SIGNATURE_H
#define FR_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "sha256.h"
#include "trust.h"

#define FR_SIGNATURE_SUFFIX ".p7s"

/**
 * fr_signature_check() - has a trusted signer signed a file?
 * @fd: file; read from its start, its position is not moved
 * @signature_fd: detached CMS signature, DER or PEM, at most 1 MiB; read from
 *	its start
 * @trust: whose signatures count; no others do
 * @name: name of the file, for the error
 * @ret_sha256: SHA-256 of the bytes that were verified
 * @error: why not
 *
 * The file is read once: what the hash tells is what the signature is about. A
 * certificate that is trusted need not be a root. No certificate of the chain may
 * be limited to other purposes than code signing. All signers have to be trusted,
 * and sign with SHA-256 or stronger.
 *
 * Return: 0; -EKEYREJECTED (FR_SIGNATURE) when it is not, -EBADMSG
 * (FR_SIGNATURE) for a signature that can't be read, -ENOKEY (FR_SIGNATURE)
 * when no certificate can be had, -ENOMEM, or the errno of reading the file.
 */
int fr_signature_check(int fd, int signature_fd, const struct fr_trust *trust,
		       const char *name, uint8_t ret_sha256[FR_SHA256_SIZE],
		       struct fr_error *error);

/**
 * fr_signature_make() - sign bytes
 * @data: bytes
 * @size: how many
 * @key: name of a PEM file with the private key, without a password
 * @certificate: name of a PEM file with its certificate, and perhaps with those
 *	between it and a root
 * @ret: detached CMS signature, DER; to be freed by the caller
 * @ret_size: bytes of it
 * @error: why not
 *
 * Return: 0; -ENOKEY with FR_SIGNATURE, -ENOMEM.
 */
int fr_signature_make(const void *data, size_t size, const char *key,
		      const char *certificate, uint8_t **ret, size_t *ret_size,
		      struct fr_error *error);

#endif
