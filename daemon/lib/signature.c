// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signatures.
 *
 * OpenSSL asks a BIO for the bytes that were signed. The BIO here reads the
 * file with pread(2) and puts what it hands over into a second digest, whose
 * result the caller keeps: when the file is read again, to be staged, the same
 * digest says whether these are the bytes that were verified.
 *
 * Which certificates are trusted is said by the configuration alone: the
 * system's store is not asked, and what the signature brings along only helps
 * to build the chain. A certificate that is named is trusted as it is, root or
 * not. Its dates count, and so does its purpose: OpenSSL 3.0 has none for code
 * signing, so the callback here looks at each certificate of the chain.
 */
#include "signature.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* cms.h declares what reads PEM only behind pem.h. */
#include <openssl/pem.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "cleanup.h"
#include "io.h"

#define SIGNATURE_SIZE_MAX (1U << 20)
#define CERTIFICATES_SIZE_MAX (1U << 20)
#define CERTIFICATES_MAX 256
#define DIGEST_SIZE_MIN 32

FR_DEFINE_CLEANUP(BIO *, BIO_free_all);
FR_DEFINE_CLEANUP(CMS_ContentInfo *, CMS_ContentInfo_free);
FR_DEFINE_CLEANUP(X509_STORE *, X509_STORE_free);
FR_DEFINE_CLEANUP(BIO_METHOD *, BIO_meth_free);
FR_DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);

static void free_certificates(STACK_OF(X509) * certificates)
{
	sk_X509_pop_free(certificates, X509_free);
}

FR_DEFINE_CLEANUP(STACK_OF(X509) *, free_certificates);

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

/* Without it OpenSSL asks whoever sits at the terminal. */
static int no_password(char *buffer, int size, int writing, void *userdata)
{
	return -1;
}

/* What OpenSSL last complained about, for the end of a sentence. */
static const char *reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text ? text : "unknown error";
}

static int no_memory(struct fr_error *error)
{
	ERR_clear_error();
	return fr_fail_memory(error);
}

static int add_certificates(STACK_OF(X509) * certificates, const char *path,
			    BIO *bio, struct fr_error *error)
{
	unsigned int found = 0;
	X509 *certificate;

	while ((certificate =
			PEM_read_bio_X509(bio, NULL, no_password, NULL))) {
		if (sk_X509_num(certificates) >= CERTIFICATES_MAX ||
		    !sk_X509_push(certificates, certificate)) {
			X509_free(certificate);
			return fr_fail(error, FR_SIGNATURE, -ENOKEY,
				       "more than %u trusted certificates",
				       CERTIFICATES_MAX);
		}
		found++;
	}
	/* The end of the file is an error of its own for OpenSSL. */
	if (!found ||
	    ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return fr_fail(
			error, FR_SIGNATURE, -ENOKEY,
			"%s: this trusted certificate can't be read as PEM; see TrustedCertificates= in fastreboot.conf",
			path);
	ERR_clear_error();
	return 0;
}

static int read_certificates(STACK_OF(X509) * certificates, const char *path,
			     struct fr_error *error)
{
	_cleanup_(BIO_free_allp) BIO *bio = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size;
	int err;

	err = fr_read_file(AT_FDCWD, path, CERTIFICATES_SIZE_MAX, &text, &size);
	if (err < 0)
		return fr_fail(
			error, FR_SIGNATURE, -ENOKEY,
			"can't read the trusted certificate %s: %s; see TrustedCertificates= in fastreboot.conf",
			path, fr_file_error(err));
	bio = BIO_new_mem_buf(text, (int)size);
	if (!bio)
		return no_memory(error);
	return add_certificates(certificates, path, bio, error);
}

static bool is_certificate_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return *name != '.' && dot &&
	       (!strcmp(dot, ".pem") || !strcmp(dot, ".crt") ||
		!strcmp(dot, ".cert"));
}

static int read_folder(STACK_OF(X509) * certificates, const char *folder,
		       struct fr_error *error)
{
	_cleanup_closedir_ DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir)
		return fr_fail(
			error, FR_SIGNATURE, -ENOKEY,
			"can't read the folder of trusted certificates %s: %s",
			folder, strerror(errno));
	while (errno = 0, (entry = readdir(dir))) {
		_cleanup_free_ char *path = NULL;
		int err;

		if (!is_certificate_name(entry->d_name))
			continue;
		if (asprintf(&path, "%s/%s", folder, entry->d_name) < 0) {
			path = NULL;
			return fr_fail_memory(error);
		}
		err = read_certificates(certificates, path, error);
		if (err < 0)
			return err;
	}
	if (errno)
		return fr_fail(
			error, FR_SIGNATURE, -ENOKEY,
			"can't read the folder of trusted certificates %s: %s",
			folder, strerror(errno));
	return 0;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static int read_trusted(char *const *paths, STACK_OF(X509) * *ret,
			struct fr_error *error)
{
	_cleanup_(free_certificatesp)
		STACK_OF(X509) *certificates = sk_X509_new_null();

	if (!certificates)
		return no_memory(error);
	for (; *paths; paths++) {
		int err =
			is_folder(*paths) ?
				read_folder(certificates, *paths, error) :
				read_certificates(certificates, *paths, error);

		if (err < 0)
			return err;
	}
	if (!sk_X509_num(certificates))
		return fr_fail(
			error, FR_SIGNATURE, -ENOKEY,
			"there is no trusted certificate where TrustedCertificates= in fastreboot.conf says");
	*ret = fr_steal_pointer(certificates);
	return 0;
}

/*
 * May the certificate sign code, or, above the signer's, vouch for those that
 * do? One that does not say what it is for may; one that says so, and does not
 * name code signing, such as that of a TLS server, may not.
 */
static bool is_for_code_signing(X509 *certificate, bool signer)
{
	/* What the certificate does not say is UINT32_MAX. */
	uint32_t purpose = X509_get_extended_key_usage(certificate);
	uint32_t usage = X509_get_key_usage(certificate);

	return purpose & XKU_CODE_SIGN &&
	       (!signer || usage & KU_DIGITAL_SIGNATURE);
}

/* OpenSSL calls it for each certificate of a chain, and for each error. */
static int check_purpose(int ok, X509_STORE_CTX *context)
{
	X509 *certificate = X509_STORE_CTX_get_current_cert(context);
	bool signer = X509_STORE_CTX_get_error_depth(context) == 0;

	if (!ok || (certificate && is_for_code_signing(certificate, signer)))
		return ok;
	X509_STORE_CTX_set_error(context, X509_V_ERR_INVALID_PURPOSE);
	return 0;
}

static X509_STORE *make_store(STACK_OF(X509) * certificates)
{
	_cleanup_(X509_STORE_freep) X509_STORE *store = X509_STORE_new();

	if (!store)
		return NULL;
	for (int i = 0; i < sk_X509_num(certificates); i++)
		if (X509_STORE_add_cert(store,
					sk_X509_value(certificates, i)) != 1)
			return NULL;
	/* Any purpose: not that of mail, which CMS has unless told. */
	if (X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) != 1 ||
	    X509_STORE_set_purpose(store, X509_PURPOSE_ANY) != 1)
		return NULL;
	X509_STORE_set_verify_cb(store, check_purpose);
	return fr_steal_pointer(store);
}

static CMS_ContentInfo *decode_signature(const char *data, size_t size)
{
	_cleanup_(BIO_free_allp) BIO *bio = BIO_new_mem_buf(data, (int)size);

	if (!bio)
		return NULL;
	/* DER starts with a SEQUENCE. */
	if (size && data[0] == 0x30)
		return d2i_CMS_bio(bio, NULL);
	return PEM_read_bio_CMS(bio, NULL, no_password, NULL);
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
		const EVP_MD *digest;
		X509_ALGOR *algorithm;

		CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(signers, i),
					 NULL, NULL, &algorithm, NULL);
		digest = EVP_get_digestbyobj(algorithm->algorithm);
		if (!digest || EVP_MD_get_size(digest) < DIGEST_SIZE_MIN)
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

static int rejected(const struct content *content, const char *name,
		    struct fr_error *error)
{
	const char *why = NULL;
	const char *detail;
	int flags;

	if (content->error)
		return fr_fail(error, FR_FAILED, content->error,
			       "can't read %s: %s", name,
			       strerror(-content->error));
	ERR_peek_last_error_all(NULL, NULL, NULL, &detail, &flags);
	if (flags & ERR_TXT_STRING && detail && *detail)
		why = strstr(detail, "Verify error:") ? detail : NULL;
	if (ERR_GET_REASON(ERR_peek_last_error()) ==
	    CMS_R_CERTIFICATE_VERIFY_ERROR)
		return fr_fail(
			error, FR_SIGNATURE, -EKEYREJECTED,
			"%s: its signer is not trusted (%s); see TrustedCertificates= in fastreboot.conf, and the clock",
			name, why ? why : reason());
	return fr_fail(
		error, FR_SIGNATURE, -EKEYREJECTED,
		"%s: the signature does not belong to this file (%s); get both again",
		name, reason());
}

static int verify(CMS_ContentInfo *cms, STACK_OF(X509) * certificates,
		  struct content *content, const char *name,
		  struct fr_error *error)
{
	_cleanup_(BIO_meth_freep) BIO_METHOD *method = content_method();
	_cleanup_(X509_STORE_freep)
		X509_STORE *store = make_store(certificates);
	_cleanup_(BIO_free_allp) BIO *bio = method ? BIO_new(method) : NULL;

	if (!bio || !store)
		return no_memory(error);
	BIO_set_data(bio, content);
	BIO_set_init(bio, 1);
	if (CMS_verify(cms, certificates, store, bio, NULL, CMS_BINARY) == 1 &&
	    !content->error)
		return 0;
	return rejected(content, name, error);
}

static int check(int fd, int signature_fd, char *const *paths, const char *name,
		 uint8_t *ret_sha256, struct fr_error *error)
{
	_cleanup_(free_certificatesp) STACK_OF(X509) *certificates = NULL;
	_cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *digest = EVP_MD_CTX_new();
	struct content content = { .fd = fd, .digest = digest };
	uint8_t sha256[EVP_MAX_MD_SIZE];
	int err;

	if (!digest || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
		return no_memory(error);
	err = read_trusted(paths, &certificates, error);
	if (err < 0)
		return err;
	err = read_signature(signature_fd, name, &cms, error);
	if (err < 0)
		return err;
	err = check_digests(cms, name, error);
	if (err < 0)
		return err;
	err = verify(cms, certificates, &content, name, error);
	if (err < 0)
		return err;
	if (EVP_DigestFinal_ex(digest, sha256, NULL) != 1)
		return no_memory(error);
	memcpy(ret_sha256, sha256, FR_SHA256_SIZE);
	return 0;
}

int fr_signature_check(int fd, int signature_fd, char *const *certificates,
		       const char *name, uint8_t ret_sha256[FR_SHA256_SIZE],
		       struct fr_error *error)
{
	int err;

	/* The queue of errors is the thread's; what is old misleads. */
	ERR_clear_error();
	err = check(fd, signature_fd, certificates, name, ret_sha256, error);
	ERR_clear_error();
	return err;
}
