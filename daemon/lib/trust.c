// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which certificates are trusted is said by the configuration alone: the
 * system's store is not asked, and what a signature brings along only helps
 * to build the chain. A certificate that is named is trusted as it is, root or
 * not. Its dates count, and so does its purpose: OpenSSL 3.0 has none for code
 * signing, so the callback here looks at each certificate of the chain.
 *
 * Revocation lists are asked for as soon as there is one: a list that is gone or
 * has run out must not mean that all is well. Only an authority above the signer's
 * may do without, as it often has none.
 */
#include "trust.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "cleanup.h"
#include "io.h"

#define FILE_SIZE_MAX (4U << 20)
#define OBJECTS_MAX 256
#define DIGEST_SIZE_MIN 32

FR_DEFINE_CLEANUP(BIO *, BIO_free_all);

/**
 * struct kind - what is read
 * @what: name for people
 * @key: of the configuration
 * @endings: of the files that count in a folder; the last is NULL
 * @add: reads the next one and adds it; returns 1, 0 at the end or for what can't
 *	be read, -ENOMEM
 */
struct kind {
	const char *what;
	const char *key;
	const char *endings[4];
	int (*add)(struct fr_trust_store *store, BIO *bio);
};

int fr_trust_no_password(char *buffer, int size, int writing, void *userdata)
{
	return -1;
}

const char *fr_trust_reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text ? text : "unknown error";
}

static int add_certificate(struct fr_trust_store *store, BIO *bio)
{
	X509 *certificate =
		PEM_read_bio_X509(bio, NULL, fr_trust_no_password, NULL);

	if (!certificate)
		return 0;
	if (X509_STORE_add_cert(store->store, certificate) == 1 &&
	    sk_X509_push(store->certificates, certificate))
		return 1;
	X509_free(certificate);
	return -ENOMEM;
}

static int add_list(struct fr_trust_store *store, BIO *bio)
{
	X509_CRL *list =
		PEM_read_bio_X509_CRL(bio, NULL, fr_trust_no_password, NULL);
	bool added;

	if (!list)
		return 0;
	added = X509_STORE_add_crl(store->store, list) == 1;
	X509_CRL_free(list);
	return added ? 1 : -ENOMEM;
}

static const struct kind certificates = {
	.what = "trusted certificate",
	.key = "TrustedCertificates=",
	.endings = { ".pem", ".crt", ".cert" },
	.add = add_certificate,
};

static const struct kind revocation_lists = {
	.what = "revocation list",
	.key = "RevocationLists=",
	.endings = { ".pem", ".crl" },
	.add = add_list,
};

static int add_all(struct fr_trust_store *store, const struct kind *kind,
		   BIO *bio, const char *path, size_t *found,
		   struct fr_error *error)
{
	size_t before = *found;
	int more;

	while ((more = kind->add(store, bio)) > 0)
		if (++*found > OBJECTS_MAX)
			return fr_fail(
				error, FR_SIGNATURE, -ENOKEY,
				"%s: this %s is one of more than %d; see %s in fastreboot.conf",
				path, kind->what, OBJECTS_MAX, kind->key);
	if (more < 0)
		return fr_fail_memory(error);
	/* The end of the file is an error of its own for OpenSSL. */
	if (*found == before ||
	    ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return fr_fail(
			error, FR_SIGNATURE, -ENOKEY,
			"%s: this %s can't be read as PEM; see %s in fastreboot.conf",
			path, kind->what, kind->key);
	ERR_clear_error();
	return 0;
}

static int read_file(struct fr_trust_store *store, const struct kind *kind,
		     const char *path, size_t *found, struct fr_error *error)
{
	_cleanup_(BIO_free_allp) BIO *bio = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size;
	int err;

	err = fr_read_file(AT_FDCWD, path, FILE_SIZE_MAX, &text, &size);
	if (err < 0)
		return fr_fail(
			error, FR_SIGNATURE, -ENOKEY,
			"can't read the %s %s: %s; see %s in fastreboot.conf",
			kind->what, path, fr_file_error(err), kind->key);
	bio = BIO_new_mem_buf(text, (int)size);
	if (!bio)
		return fr_fail_memory(error);
	return add_all(store, kind, bio, path, found, error);
}

static bool is_name(const struct kind *kind, const char *name)
{
	const char *dot = strrchr(name, '.');

	for (int i = 0; *name != '.' && dot && kind->endings[i]; i++)
		if (!strcmp(dot, kind->endings[i]))
			return true;
	return false;
}

static int fail_folder(const struct kind *kind, const char *folder,
		       struct fr_error *error)
{
	return fr_fail(error, FR_SIGNATURE, -ENOKEY,
		       "can't read the folder of each %s, %s: %s", kind->what,
		       folder, strerror(errno));
}

static int read_folder(struct fr_trust_store *store, const struct kind *kind,
		       const char *folder, size_t *found,
		       struct fr_error *error)
{
	_cleanup_closedir_ DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir)
		return fail_folder(kind, folder, error);
	while (errno = 0, (entry = readdir(dir))) {
		_cleanup_free_ char *path = NULL;
		int err;

		if (!is_name(kind, entry->d_name))
			continue;
		if (asprintf(&path, "%s/%s", folder, entry->d_name) < 0) {
			path = NULL;
			return fr_fail_memory(error);
		}
		err = read_file(store, kind, path, found, error);
		if (err < 0)
			return err;
	}
	return errno ? fail_folder(kind, folder, error) : 0;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static int read_all(struct fr_trust_store *store, const struct kind *kind,
		    char *const *paths, struct fr_error *error)
{
	size_t found = 0;

	for (; *paths; paths++) {
		int err = is_folder(*paths) ?
				  read_folder(store, kind, *paths, &found,
					      error) :
				  read_file(store, kind, *paths, &found, error);

		if (err < 0)
			return err;
	}
	if (found)
		return 0;
	return fr_fail(error, FR_SIGNATURE, -ENOKEY,
		       "there is no %s where %s in fastreboot.conf says",
		       kind->what, kind->key);
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

/* May a certificate be without a list of those that its issuer has revoked? */
static bool needs_no_list(X509_STORE_CTX *context)
{
	int depth = X509_STORE_CTX_get_error_depth(context);
	int length = sk_X509_num(X509_STORE_CTX_get0_chain(context));

	return depth > 0 || length == 1;
}

/* OpenSSL calls it for each certificate of a chain, and for each error. */
static int check_certificate(int ok, X509_STORE_CTX *context)
{
	X509 *certificate = X509_STORE_CTX_get_current_cert(context);
	bool signer = X509_STORE_CTX_get_error_depth(context) == 0;

	if (!ok &&
	    X509_STORE_CTX_get_error(context) == X509_V_ERR_UNABLE_TO_GET_CRL)
		return needs_no_list(context);
	if (!ok || (certificate && is_for_code_signing(certificate, signer)))
		return ok;
	X509_STORE_CTX_set_error(context, X509_V_ERR_INVALID_PURPOSE);
	return 0;
}

static int prepare(struct fr_trust_store *store, bool with_lists,
		   struct fr_error *error)
{
	unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;

	if (with_lists)
		flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
	store->certificates = sk_X509_new_null();
	store->store = X509_STORE_new();
	/* Any purpose: not that of mail, which CMS has unless told. */
	if (!store->certificates || !store->store ||
	    X509_STORE_set_flags(store->store, flags) != 1 ||
	    X509_STORE_set_purpose(store->store, X509_PURPOSE_ANY) != 1)
		return fr_fail_memory(error);
	X509_STORE_set_verify_cb(store->store, check_certificate);
	return 0;
}

int fr_trust_open(const struct fr_trust *trust, struct fr_trust_store *ret,
		  struct fr_error *error)
{
	_cleanup_trust_store_ struct fr_trust_store store = { 0 };
	bool with_lists = trust->revocation_lists && *trust->revocation_lists;
	int err;

	err = prepare(&store, with_lists, error);
	if (!err)
		err = read_all(&store, &certificates, trust->certificates,
			       error);
	if (!err && with_lists)
		err = read_all(&store, &revocation_lists,
			       trust->revocation_lists, error);
	if (err < 0)
		return err;
	*ret = store;
	store = (struct fr_trust_store){ 0 };
	return 0;
}

void fr_trust_store_done(struct fr_trust_store *store)
{
	sk_X509_pop_free(store->certificates, X509_free);
	X509_STORE_free(store->store);
	*store = (struct fr_trust_store){ 0 };
}

const EVP_MD *fr_trust_digest(const X509_ALGOR *algorithm)
{
	const EVP_MD *digest = EVP_get_digestbyobj(algorithm->algorithm);

	return digest && EVP_MD_get_size(digest) >= DIGEST_SIZE_MIN ? digest :
								      NULL;
}

int fr_trust_fail(const char *name, struct fr_error *error)
{
	const char *why = NULL;
	const char *detail;
	int flags;

	ERR_peek_last_error_all(NULL, NULL, NULL, &detail, &flags);
	if (flags & ERR_TXT_STRING && detail && *detail)
		why = strstr(detail, "Verify error:") ? detail : NULL;
	return fr_fail(
		error, FR_SIGNATURE, -EKEYREJECTED,
		"%s: its signer is not trusted (%s); see TrustedCertificates= and RevocationLists= in fastreboot.conf, and the clock",
		name, why ? why : fr_trust_reason());
}
