// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Authenticode, as far as UEFI has it: "Windows Authenticode Portable Executable
 * Signature Format" (Microsoft, 2008) and UEFI 2.10, section 32.2.4.
 *
 * At the end of the file is the attribute certificate table, which a data directory
 * of the optional header points to. Each entry has a PKCS #7 SignedData, whose
 * content, SpcIndirectDataContent, has a digest of the file: of everything but the
 * header's checksum, the directory's entry, and the table itself.
 *
 * The format says that sections are hashed in the order in which they lie in the
 * file, and what is between them is not. Here all bytes are hashed as they come: for
 * the files that tools make, whose sections lie one behind the other, that is the
 * same, and a file with something in between is rejected.
 */
#include "pe-signature.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include "bytes.h"
#include "cleanup.h"
#include "io.h"
#include "pe.h"

#define COFF_SIZE 24
#define CHECKSUM_OFFSET (COFF_SIZE + 64)
#define CHECKSUM_SIZE 4
#define DIRECTORIES_OFFSET (COFF_SIZE + 108)
#define ENTRY_OFFSET (COFF_SIZE + 112 + 4 * 8)
#define ENTRY_SIZE 8
#define ENTRY_NUMBER 4

/* struct WIN_CERTIFICATE */
#define CERTIFICATE_HEADER 8
#define CERTIFICATE_ALIGNMENT 8
#define CERTIFICATE_TYPE_PKCS 2

#define TABLE_SIZE_MAX (1U << 20)
#define PIECE_SIZE (256U << 10)
#define SPC_INDIRECT_DATA "1.3.6.1.4.1.311.2.1.4"

FR_DEFINE_CLEANUP(PKCS7 *, PKCS7_free);
FR_DEFINE_CLEANUP(BIO *, BIO_free_all);
FR_DEFINE_CLEANUP(X509_SIG *, X509_SIG_free);
FR_DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);

/**
 * struct file - a PE file
 * @fd, @size, @name: what the caller gave
 * @checksum: offset of the header's checksum
 * @entry: offset of the directory's entry
 * @table: offset of the certificate table, which ends the file
 * @table_size: bytes of it
 */
struct file {
	int fd;
	uint64_t size;
	const char *name;
	uint64_t checksum;
	uint64_t entry;
	uint64_t table;
	uint64_t table_size;
};

static int fail_read(const struct file *file, int err, struct fr_error *error)
{
	if (err >= 0)
		return fr_fail(error, FR_SOURCE_CHANGED, -ESTALE,
			       "%s: has become shorter; stage it again",
			       file->name);
	return fr_fail(error, FR_FAILED, err, "can't read %s: %s", file->name,
		       strerror(-err));
}

static int fail_unsigned(const struct file *file, struct fr_error *error)
{
	return fr_fail(error, FR_SIGNATURE, -ENODATA, "%s: is not signed",
		       file->name);
}

static int fail_damaged(const struct file *file, struct fr_error *error)
{
	return fr_fail(
		error, FR_SIGNATURE, -EBADMSG,
		"%s: its signature is damaged, or not at the end of the file; sign it again",
		file->name);
}

static int find_table(struct file *file, const uint8_t *head, size_t head_size,
		      struct fr_error *error)
{
	struct fr_pe pe;
	uint64_t coff;
	int err;

	err = fr_pe_parse(head, head_size, file->size, file->name, &pe, error);
	if (err < 0)
		return err;
	coff = fr_le32(head + 0x3c);
	if (coff + ENTRY_OFFSET + ENTRY_SIZE > head_size ||
	    fr_le32(head + coff + DIRECTORIES_OFFSET) <= ENTRY_NUMBER)
		return fail_unsigned(file, error);
	file->checksum = coff + CHECKSUM_OFFSET;
	file->entry = coff + ENTRY_OFFSET;
	file->table = fr_le32(head + file->entry);
	file->table_size = fr_le32(head + file->entry + 4);
	if (!file->table && !file->table_size)
		return fail_unsigned(file, error);
	if (file->table < file->entry + ENTRY_SIZE ||
	    file->table_size < CERTIFICATE_HEADER ||
	    file->table_size > TABLE_SIZE_MAX ||
	    file->table + file->table_size != file->size)
		return fail_damaged(file, error);
	return 0;
}

/* Hash a range into one digest, or into two. */
static int hash_range(const struct file *file, uint64_t from, uint64_t to,
		      EVP_MD_CTX *all, EVP_MD_CTX *image,
		      struct fr_error *error)
{
	_cleanup_free_ uint8_t *buffer = malloc(PIECE_SIZE);

	if (!buffer)
		return fr_fail_memory(error);
	while (from < to) {
		uint64_t left = to - from;
		size_t size = left < PIECE_SIZE ? (size_t)left : PIECE_SIZE;
		ssize_t n = fr_pread_full(file->fd, buffer, size, from);

		if (n < 0 || (size_t)n != size)
			return fail_read(file, n < 0 ? (int)n : 0, error);
		if (EVP_DigestUpdate(all, buffer, size) != 1 ||
		    (image && EVP_DigestUpdate(image, buffer, size) != 1))
			return fr_fail_memory(error);
		from += size;
	}
	return 0;
}

static int hash_file(const struct file *file, const EVP_MD *algorithm,
		     uint8_t *ret_image, uint8_t *ret_sha256,
		     struct fr_error *error)
{
	const struct {
		uint64_t end;
		bool counts;
	} ranges[] = {
		{ file->checksum, true },
		{ file->checksum + CHECKSUM_SIZE, false },
		{ file->entry, true },
		{ file->entry + ENTRY_SIZE, false },
		{ file->table, true },
		{ file->size, false },
	};
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *all = EVP_MD_CTX_new();
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *image = EVP_MD_CTX_new();
	uint64_t at = 0;

	if (!all || !image || EVP_DigestInit_ex(all, EVP_sha256(), NULL) != 1 ||
	    EVP_DigestInit_ex(image, algorithm, NULL) != 1)
		return fr_fail_memory(error);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		int err = hash_range(file, at, ranges[i].end, all,
				     ranges[i].counts ? image : NULL, error);

		if (err < 0)
			return err;
		at = ranges[i].end;
	}
	if (EVP_DigestFinal_ex(all, ret_sha256, NULL) != 1 ||
	    EVP_DigestFinal_ex(image, ret_image, NULL) != 1)
		return fr_fail_memory(error);
	return 0;
}

/* The content that was signed: without its outermost tag and length. */
static bool find_content(PKCS7 *pkcs7, const uint8_t **ret, long *ret_size)
{
	const ASN1_TYPE *other;
	const uint8_t *at;
	char type[64];
	int tag, class;
	long size;

	if (!PKCS7_type_is_signed(pkcs7) || !pkcs7->d.sign ||
	    !pkcs7->d.sign->contents ||
	    OBJ_obj2txt(type, sizeof(type), pkcs7->d.sign->contents->type, 1) <
		    0 ||
	    strcmp(type, SPC_INDIRECT_DATA))
		return false;
	other = pkcs7->d.sign->contents->d.other;
	if (!other || other->type != V_ASN1_SEQUENCE)
		return false;
	at = other->value.sequence->data;
	if (ASN1_get_object(&at, &size, &tag, &class,
			    other->value.sequence->length) &
	    0x80)
		return false;
	*ret = at;
	*ret_size = size;
	return true;
}

/* SpcIndirectDataContent is two members: the second has the digest. */
static X509_SIG *find_digest(const uint8_t *content, long size)
{
	const uint8_t *at = content;
	int tag, class;
	long length;

	if (ASN1_get_object(&at, &length, &tag, &class, size) & 0x80)
		return NULL;
	at += length;
	return d2i_X509_SIG(NULL, &at, size - (at - content));
}

static bool signers_are_strong(PKCS7 *pkcs7)
{
	STACK_OF(PKCS7_SIGNER_INFO) *signers = PKCS7_get_signer_info(pkcs7);

	for (int i = 0; i < sk_PKCS7_SIGNER_INFO_num(signers); i++)
		if (!fr_trust_digest(
			    sk_PKCS7_SIGNER_INFO_value(signers, i)->digest_alg))
			return false;
	return sk_PKCS7_SIGNER_INFO_num(signers) > 0;
}

static int rejected(const struct file *file, const char *why,
		    struct fr_error *error)
{
	return fr_fail(error, FR_SIGNATURE, -EKEYREJECTED,
		       "%s: %s; sign it again", file->name, why);
}

static int check_image(const struct file *file, const X509_SIG *digest,
		       uint8_t *ret_sha256, struct fr_error *error)
{
	uint8_t image[EVP_MAX_MD_SIZE], sha256[EVP_MAX_MD_SIZE];
	const ASN1_OCTET_STRING *expected;
	const X509_ALGOR *algorithm;
	const EVP_MD *md;
	int err;

	X509_SIG_get0(digest, &algorithm, &expected);
	md = fr_trust_digest(algorithm);
	if (!md || ASN1_STRING_length(expected) != EVP_MD_get_size(md))
		return rejected(file,
				"the signature's digest is weaker than SHA-256",
				error);
	err = hash_file(file, md, image, sha256, error);
	if (err < 0)
		return err;
	if (memcmp(image, ASN1_STRING_get0_data(expected),
		   (size_t)EVP_MD_get_size(md)))
		return rejected(file,
				"the signature does not belong to this file",
				error);
	memcpy(ret_sha256, sha256, FR_SHA256_SIZE);
	return 0;
}

static int check_one(const struct file *file, PKCS7 *pkcs7,
		     const struct fr_trust_store *store, uint8_t *ret_sha256,
		     struct fr_error *error)
{
	_cleanup_(X509_SIG_freep) X509_SIG *digest = NULL;
	_cleanup_(BIO_free_allp) BIO *bio = NULL;
	const uint8_t *content;
	long size;

	if (!find_content(pkcs7, &content, &size))
		return fail_damaged(file, error);
	digest = find_digest(content, size);
	if (!digest)
		return fail_damaged(file, error);
	if (!signers_are_strong(pkcs7))
		return rejected(file,
				"the signature's digest is weaker than SHA-256",
				error);
	bio = BIO_new_mem_buf(content, (int)size);
	if (!bio)
		return fr_fail_memory(error);
	if (PKCS7_verify(pkcs7, store->certificates, store->store, bio, NULL,
			 PKCS7_BINARY) != 1) {
		if (ERR_GET_REASON(ERR_peek_last_error()) ==
		    PKCS7_R_CERTIFICATE_VERIFY_ERROR)
			return fr_trust_fail(file->name, error);
		return rejected(file, fr_trust_reason(), error);
	}
	return check_image(file, digest, ret_sha256, error);
}

/* The next entry of the table; NULL for one that is damaged. */
static PKCS7 *next_signature(const uint8_t **at, const uint8_t *end)
{
	const uint8_t *data = *at + CERTIFICATE_HEADER;
	size_t left = (size_t)(end - *at);
	uint32_t size;

	if (left < CERTIFICATE_HEADER)
		return NULL;
	size = fr_le32(*at);
	if (size < CERTIFICATE_HEADER || size > left ||
	    ((*at)[6] | (*at)[7] << 8) != CERTIFICATE_TYPE_PKCS)
		return NULL;
	size = (size + CERTIFICATE_ALIGNMENT - 1) &
	       ~(CERTIFICATE_ALIGNMENT - 1U);
	*at += size < left ? size : left;
	return d2i_PKCS7(NULL, &data, *at - data);
}

static int check_table(const struct file *file, const uint8_t *table,
		       const struct fr_trust_store *store, uint8_t *ret_sha256,
		       struct fr_error *error)
{
	const uint8_t *end = table + file->table_size;
	int err = -EBADMSG;

	for (const uint8_t *at = table; at < end && err < 0;) {
		_cleanup_(PKCS7_freep) PKCS7 *pkcs7 = next_signature(&at, end);

		if (!pkcs7)
			return fail_damaged(file, error);
		ERR_clear_error();
		err = check_one(file, pkcs7, store, ret_sha256, error);
		if (err < 0 && err != -EKEYREJECTED)
			return err;
	}
	return err;
}

static int check(const struct file *file, const struct fr_trust *trust,
		 uint8_t *ret_sha256, struct fr_error *error)
{
	_cleanup_trust_store_ struct fr_trust_store store = { 0 };
	_cleanup_free_ uint8_t *table = NULL;
	ssize_t n;
	int err;

	err = fr_trust_open(trust, &store, error);
	if (err < 0)
		return err;
	table = malloc(file->table_size);
	if (!table)
		return fr_fail_memory(error);
	n = fr_pread_full(file->fd, table, file->table_size, file->table);
	if (n < 0 || (uint64_t)n != file->table_size)
		return fail_read(file, n < 0 ? (int)n : 0, error);
	return check_table(file, table, &store, ret_sha256, error);
}

int fr_pe_signature_check(int fd, const void *head, size_t head_size,
			  uint64_t file_size, const struct fr_trust *trust,
			  const char *name, uint8_t ret_sha256[FR_SHA256_SIZE],
			  struct fr_error *error)
{
	struct file file = { .fd = fd, .size = file_size, .name = name };
	int err;

	ERR_clear_error();
	err = find_table(&file, head, head_size, error);
	if (!err)
		err = check(&file, trust, ret_sha256, error);
	ERR_clear_error();
	return err;
}
