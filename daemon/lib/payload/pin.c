// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pin: one hash that says whether two payloads are the same, whatever files
 * they came from. A rollback stages from files that may have been replaced.
 */
#include "payload.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "cleanup.h"
#include "sha256.h"

FR_DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);

static int add_line(EVP_MD_CTX *digest, const char *name, const char *value)
{
	return EVP_DigestUpdate(digest, name, strlen(name)) == 1 &&
			       EVP_DigestUpdate(digest, " ", 1) == 1 &&
			       EVP_DigestUpdate(digest, value, strlen(value)) ==
				       1 &&
			       EVP_DigestUpdate(digest, "\n", 1) == 1 ?
		       0 :
		       -ENOMEM;
}

static int add_segments(EVP_MD_CTX *digest, const struct fr_payload *payload)
{
	for (enum fr_segment i = 0; i < FR_SEGMENTS; i++) {
		const uint8_t *hash = fr_payload_sha256(payload, i);
		char text[FR_SHA256_TEXT_SIZE];

		if (!hash)
			continue;
		fr_sha256_text(hash, text);
		if (add_line(digest, fr_segment_name(i), text))
			return -ENOMEM;
	}
	return 0;
}

int fr_payload_pin(const struct fr_payload *payload, const char *cmdline,
		   char ret[65])
{
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *digest = EVP_MD_CTX_new();
	uint8_t hash[EVP_MAX_MD_SIZE];

	if (!fr_payload_sha256(payload, FR_SEGMENT_KERNEL))
		return -EINVAL;
	if (!digest || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1 ||
	    add_segments(digest, payload) ||
	    add_line(digest, "cmdline", cmdline) ||
	    EVP_DigestFinal_ex(digest, hash, NULL) != 1)
		return -ENOMEM;
	fr_sha256_text(hash, ret);
	return 0;
}
