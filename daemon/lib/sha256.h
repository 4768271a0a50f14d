/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 of files, and as text. */
#ifndef FR_SHA256_H
#define FR_SHA256_H

#include <stdint.h>

/* Bytes of a hash, and of its text with the NUL. */
#define FR_SHA256_SIZE 32
#define FR_SHA256_TEXT_SIZE (2 * FR_SHA256_SIZE + 1)

/**
 * fr_sha256_file() - the hash of all of an open file
 * @fd: file; read from its start to its end, its position is not moved
 * @ret: hash; untouched on failure, as @ret_size
 * @ret_size: bytes that were read
 *
 * Return: 0; -ENOMEM, or the errno of reading.
 */
int fr_sha256_file(int fd, uint8_t ret[FR_SHA256_SIZE], uint64_t *ret_size);

/* A hash in hexadecimal, with lower-case letters. */
void fr_sha256_text(const uint8_t hash[FR_SHA256_SIZE],
		    char ret[FR_SHA256_TEXT_SIZE]);

#endif
