/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signatures in PE files, as sbsign(1) makes them for Secure Boot.
 */
#ifndef FR_PE_SIGNATURE_H
#define FR_PE_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "signature.h"
#include "trust.h"

/**
 * fr_pe_signature_check() - has a trusted signer signed a PE file?
 * @fd: file; read from its start, its position is not moved
 * @head: its first bytes, FR_PE_HEAD or all of them: what is decided by them. The
 *	caller sees to it that they are those that @ret_sha256 is about
 * @head_size: how many
 * @file_size: bytes of it
 * @trust: whose signatures count; no others do
 * @name: name of the file, for the error
 * @ret_sha256: SHA-256 of all bytes of the file, with the signature
 * @error: why not
 *
 * Of several signatures one by a trusted signer is enough. As fr_signature_check()
 * otherwise.
 *
 * Return: 0; -ENODATA (FR_SIGNATURE) for a file without one; -EKEYREJECTED,
 * -EBADMSG or -ENOKEY (FR_SIGNATURE); -ENOEXEC (FR_INVALID_PAYLOAD) for what is no PE file;
 * -ENOMEM, or the errno of reading.
 */
int fr_pe_signature_check(int fd, const void *head, size_t head_size,
			  uint64_t file_size, const struct fr_trust *trust,
			  const char *name, uint8_t ret_sha256[FR_SHA256_SIZE],
			  struct fr_error *error);

#endif
