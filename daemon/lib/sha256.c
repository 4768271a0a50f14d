// SPDX-License-Identifier: GPL-2.0-or-later
#include "sha256.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "cleanup.h"
#include "io.h"

#define PIECE_SIZE (256U << 10)

FR_DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);

int fr_sha256_file(int fd, uint8_t ret[FR_SHA256_SIZE], uint64_t *ret_size)
{
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *digest = EVP_MD_CTX_new();
	_cleanup_free_ char *buffer = malloc(PIECE_SIZE);
	uint8_t hash[EVP_MAX_MD_SIZE];
	uint64_t at = 0;
	ssize_t n;

	if (!buffer || !digest ||
	    EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
		return -ENOMEM;
	while ((n = fr_pread_full(fd, buffer, PIECE_SIZE, at)) > 0) {
		if (EVP_DigestUpdate(digest, buffer, (size_t)n) != 1)
			return -ENOMEM;
		at += (uint64_t)n;
	}
	if (n < 0)
		return (int)n;
	if (EVP_DigestFinal_ex(digest, hash, NULL) != 1)
		return -ENOMEM;
	memcpy(ret, hash, FR_SHA256_SIZE);
	*ret_size = at;
	return 0;
}

void fr_sha256_text(const uint8_t hash[FR_SHA256_SIZE],
		    char ret[FR_SHA256_TEXT_SIZE])
{
	for (size_t i = 0; i < FR_SHA256_SIZE; i++)
		snprintf(ret + 2 * i, 3, "%02x", hash[i]);
}
