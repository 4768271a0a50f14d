// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Detached signatures.
 *
 * OpenSSL asks a BIO for the bytes that were signed. The BIO here reads the
 * file with pread(2) and puts what it hands over into a second digest, whose
 * result the caller keeps: when the file is read again, to be staged, the same
 * digest says whether these are the bytes that were verified.
 */
#include "signature.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* cms.h declares what reads PEM only behind pem.h. */
#include <openssl/pem.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "cleanup.h"
#include "io.h"

#define SIGNATURE_SIZE_MAX (1U << 20)

FR_DEFINE_CLEANUP(BIO *, BIO_free_all);
FR_DEFINE_CLEANUP(CMS_ContentInfo *, CMS_ContentInfo_free);
FR_DEFINE_CLEANUP(BIO_METHOD *, BIO_meth_free);
FR_DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);

/* The bytes that were signed. */
struct content {
	int fd;
	uint64_t offset;
	EVP_MD_CTX *digest;
	int error; /* of reading, a negative errno */
};

static int content_read(BIO *bio, char *buffer, int size)
{
	struct content *content = BIO_get_data(bio);
	ssize_t n;

	if (size <= 0)
		return 0;
	n = fr_pread_full(content->fd, buffer, (size_t)size, content->offset);
	if (n > 0 && EVP_DigestUpdate(content->digest, buffer, (size_t)n) != 1)
		n = -ENOMEM;
	if (n < 0) {
		content->error = (int)n;
		return -1;
	}
	content->offset += (uint64_t)n;
	return (int)n;
}

static long content_control(BIO *bio, int command, long number, void *pointer)
{
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *content_method(void)
{
	/* Without a number of its own: these run out after some hundred. */
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "fastreboot");

	if (!method)
		return NULL;
	BIO_meth_set_read(method, content_read);
	BIO_meth_set_ctrl(method, content_control);
	return method;
}

static CMS_ContentInfo *decode_signature(const char *data, size_t size)
{
	_cleanup_(BIO_free_allp) BIO *bio = BIO_new_mem_buf(data, (int)size);

	if (!bio)
		return NULL;
	/* DER starts with a SEQUENCE. */
	if (size && data[0] == 0x30)
		return d2i_CMS_bio(bio, NULL);
	return PEM_read_bio_CMS(bio, NULL, fr_trust_no_password, NULL);
}

static int check_digests(CMS_ContentInfo *cms, const char *name,
			 struct fr_error *error)
{
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);

	if (!signers || sk_CMS_SignerInfo_num(signers) < 1)
		return fr_fail(error, FR_SIGNATURE, -EKEYREJECTED,
			       "%s: the signature has no signer; sign it again",
			       name);
	for (int i = 0; i < sk_CMS_SignerInfo_num(signers); i++) {
		X509_ALGOR *algorithm;

		CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(signers, i),
					 NULL, NULL, &algorithm, NULL);
		if (!fr_trust_digest(algorithm))
			return fr_fail(
				error, FR_SIGNATURE, -EKEYREJECTED,
				"%s: the signature's digest is weaker than SHA-256; sign it again",
				name);
	}
	return 0;
}

static int read_signature(int fd, const char *name, CMS_ContentInfo **ret,
			  struct fr_error *error)
{
	_cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
	_cleanup_free_ char *data = NULL;
	size_t size;
	int err;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return fr_fail(error, FR_FAILED, -errno,
			       "can't read the signature of %s: %s", name,
			       strerror(errno));
	err = fr_read_fd(fd, SIGNATURE_SIZE_MAX, &data, &size);
	if (err < 0)
		return fr_fail(error, err == -EFBIG ? FR_SIGNATURE : FR_FAILED,
			       err == -EFBIG ? -EBADMSG : err,
			       "can't read the signature of %s: %s", name,
			       err == -EFBIG ? "it is larger than 1 MiB" :
					       strerror(-err));
	cms = decode_signature(data, size);
	if (!cms || OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed)
		return fr_fail(
			error, FR_SIGNATURE, -EBADMSG,
			"the signature of %s is no CMS signature in DER or PEM",
			name);
	if (CMS_is_detached(cms) != 1)
		return fr_fail(error, FR_SIGNATURE, -EBADMSG,
			       "the signature of %s is not a detached one",
			       name);
	*ret = fr_steal_pointer(cms);
	return 0;
}

/* Why OpenSSL would not have it. */
static int rejected(const struct content *content, const char *name,
		    struct fr_error *error)
{
	if (content->error)
		return fr_fail(error, FR_FAILED, content->error,
			       "can't read %s: %s", name,
			       strerror(-content->error));
	if (ERR_GET_REASON(ERR_peek_last_error()) ==
	    CMS_R_CERTIFICATE_VERIFY_ERROR)
		return fr_trust_fail(name, error);
	return fr_fail(
		error, FR_SIGNATURE, -EKEYREJECTED,
		"%s: the signature does not belong to this file (%s); get both again",
		name, fr_trust_reason());
}

static int verify(CMS_ContentInfo *cms, const struct fr_trust_store *store,
		  struct content *content, const char *name,
		  struct fr_error *error)
{
	_cleanup_(BIO_meth_freep) BIO_METHOD *method = content_method();
	_cleanup_(BIO_free_allp) BIO *bio = method ? BIO_new(method) : NULL;

	if (!bio)
		return fr_fail_memory(error);
	BIO_set_data(bio, content);
	BIO_set_init(bio, 1);
	if (CMS_verify(cms, store->certificates, store->store, bio, NULL,
		       CMS_BINARY) == 1 &&
	    !content->error)
		return 0;
	return rejected(content, name, error);
}

static int check(int fd, int signature_fd, const struct fr_trust *trust,
		 const char *name, uint8_t *ret_sha256, struct fr_error *error)
{
	_cleanup_trust_store_ struct fr_trust_store store = { 0 };
	_cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *digest = EVP_MD_CTX_new();
	struct content content = { .fd = fd, .digest = digest };
	uint8_t sha256[EVP_MAX_MD_SIZE];
	int err;

	if (!digest || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
		return fr_fail_memory(error);
	err = fr_trust_open(trust, &store, error);
	if (err < 0)
		return err;
	err = read_signature(signature_fd, name, &cms, error);
	if (err < 0)
		return err;
	err = check_digests(cms, name, error);
	if (err < 0)
		return err;
	err = verify(cms, &store, &content, name, error);
	if (err < 0)
		return err;
	if (EVP_DigestFinal_ex(digest, sha256, NULL) != 1)
		return fr_fail_memory(error);
	memcpy(ret_sha256, sha256, FR_SHA256_SIZE);
	return 0;
}

int fr_signature_check(int fd, int signature_fd, const struct fr_trust *trust,
		       const char *name, uint8_t ret_sha256[FR_SHA256_SIZE],
		       struct fr_error *error)
{
	int err;

	/* The queue of errors is the thread's; what is old misleads. */
	ERR_clear_error();
	err = check(fd, signature_fd, trust, name, ret_sha256, error);
	ERR_clear_error();
	return err;
}
