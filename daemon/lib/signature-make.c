// SPDX-License-Identifier: GPL-2.0-or-later
/* Making a signature, where payloads are built. */
#include "signature.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* cms.h declares what reads PEM only behind pem.h. */
#include <openssl/pem.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "cleanup.h"
#include "io.h"

#define FILE_SIZE_MAX (1U << 20)

FR_DEFINE_CLEANUP(BIO *, BIO_free_all);
FR_DEFINE_CLEANUP(CMS_ContentInfo *, CMS_ContentInfo_free);
FR_DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free);
FR_DEFINE_CLEANUP(X509 *, X509_free);

static void free_chain(STACK_OF(X509) * chain)
{
	sk_X509_pop_free(chain, X509_free);
}

FR_DEFINE_CLEANUP(STACK_OF(X509) *, free_chain);

static int fail_file(const char *path, const char *what, const char *why,
		     struct fr_error *error)
{
	return fr_fail(error, FR_SIGNATURE, -ENOKEY, "can't read the %s %s: %s",
		       what, path, why);
}

static int open_pem(const char *path, const char *what, char **ret_text,
		    BIO **ret, struct fr_error *error)
{
	size_t size;
	int err = fr_read_file(AT_FDCWD, path, FILE_SIZE_MAX, ret_text, &size);

	if (err < 0)
		return fail_file(path, what, fr_file_error(err), error);
	*ret = BIO_new_mem_buf(*ret_text, (int)size);
	return *ret ? 0 : fr_fail_memory(error);
}

static int read_key(const char *path, EVP_PKEY **ret, struct fr_error *error)
{
	_cleanup_(BIO_free_allp) BIO *bio = NULL;
	_cleanup_free_ char *text = NULL;
	int err = open_pem(path, "private key", &text, &bio, error);

	if (err < 0)
		return err;
	*ret = PEM_read_bio_PrivateKey(bio, NULL, fr_trust_no_password, NULL);
	return *ret ? 0 :
		      fail_file(
			      path, "private key",
			      "it is no PEM, or has a password; use openssl cms -sign",
			      error);
}

/* The first is the signer's; the others go along with it. */
static int read_chain(const char *path, STACK_OF(X509) * *ret,
		      struct fr_error *error)
{
	_cleanup_(free_chainp) STACK_OF(X509) *chain = sk_X509_new_null();
	_cleanup_(BIO_free_allp) BIO *bio = NULL;
	_cleanup_free_ char *text = NULL;
	X509 *certificate;
	int err = open_pem(path, "certificate", &text, &bio, error);

	if (err < 0)
		return err;
	while (chain && (certificate = PEM_read_bio_X509(
				 bio, NULL, fr_trust_no_password, NULL)))
		if (!sk_X509_push(chain, certificate)) {
			X509_free(certificate);
			return fr_fail_memory(error);
		}
	if (!chain || !sk_X509_num(chain))
		return fail_file(path, "certificate", "it is no PEM", error);
	*ret = fr_steal_pointer(chain);
	return 0;
}

static int encode(CMS_ContentInfo *cms, uint8_t **ret, size_t *ret_size,
		  struct fr_error *error)
{
	unsigned char *der = NULL;
	int size = i2d_CMS_ContentInfo(cms, &der);

	if (size < 0)
		return fr_fail_memory(error);
	*ret = malloc((size_t)size);
	if (*ret)
		memcpy(*ret, der, (size_t)size);
	OPENSSL_free(der);
	*ret_size = (size_t)size;
	return *ret ? 0 : fr_fail_memory(error);
}

int fr_signature_make(const void *data, size_t size, const char *key_path,
		      const char *certificate_path, uint8_t **ret,
		      size_t *ret_size, struct fr_error *error)
{
	_cleanup_(BIO_free_allp) BIO *bio = BIO_new_mem_buf(data, (int)size);
	_cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
	_cleanup_(free_chainp) STACK_OF(X509) *chain = NULL;
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
	_cleanup_(X509_freep) X509 *signer = NULL;
	int err;

	if (!bio)
		return fr_fail_memory(error);
	err = read_key(key_path, &key, error);
	if (!err)
		err = read_chain(certificate_path, &chain, error);
	if (err < 0)
		return err;
	/* OpenSSL adds the signer's by itself, and takes none twice. */
	signer = sk_X509_shift(chain);
	cms = CMS_sign(signer, key, chain, bio,
		       CMS_BINARY | CMS_DETACHED | CMS_NOSMIMECAP);
	if (!cms)
		return fr_fail(error, FR_SIGNATURE, -ENOKEY,
			       "%s and %s don't go together: %s", key_path,
			       certificate_path, fr_trust_reason());
	return encode(cms, ret, ret_size, error);
}
