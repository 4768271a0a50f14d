/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose signatures count: certificates and revocation lists of the configuration.
 * For signature.h and pe-signature.h; others only fill a struct fr_trust.
 */
#ifndef FR_TRUST_H
#define FR_TRUST_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "error.h"

/**
 * struct fr_trust - what the configuration says
 * @certificates: absolute names of PEM files, and of folders whose *.pem, *.crt
 *	and *.cert files are such; NULL-terminated. A certificate that is named is
 *	trusted as it is, root or not
 * @revocation_lists: the same of revocation lists, *.pem and *.crl in folders.
 *	With one or more, the signer's authority has to have one
 *
 * Borrows the lists.
 */
struct fr_trust {
	char *const *certificates;
	char *const *revocation_lists;
};

/**
 * struct fr_trust_store - the same for OpenSSL; starts as { 0 }
 * @certificates: all that are trusted
 * @store: verifies chains that end in them, for the signing of code
 */
struct fr_trust_store {
	STACK_OF(X509) * certificates;
	X509_STORE *store;
};

/**
 * fr_trust_open() - read the certificates and lists
 * @trust: which
 * @ret: to be given to fr_trust_store_done()
 * @error: names the file that is not in order
 *
 * Return: 0; -ENOKEY (FR_SIGNATURE) for what can't be read, -ENOMEM.
 */
int fr_trust_open(const struct fr_trust *trust, struct fr_trust_store *ret,
		  struct fr_error *error);

/* Free it; all zero afterwards. */
void fr_trust_store_done(struct fr_trust_store *store);

#define _cleanup_trust_store_ __attribute__((__cleanup__(fr_trust_store_done)))

/**
 * fr_trust_fail() - say that OpenSSL does not trust a signer
 * @name: name of the file, for the error
 * @error: says why, by the newest error of OpenSSL
 *
 * Return: -EKEYREJECTED with FR_SIGNATURE.
 */
int fr_trust_fail(const char *name, struct fr_error *error);

/**
 * fr_trust_digest() - the digest of a signature
 * @algorithm: what the signature says
 *
 * Return: the digest; NULL for one that is not known, or weaker than SHA-256.
 */
const EVP_MD *fr_trust_digest(const X509_ALGOR *algorithm);

/* What OpenSSL last complained about, for the end of a sentence. */
const char *fr_trust_reason(void);

/* A pem_password_cb without one: else OpenSSL asks at the terminal. */
int fr_trust_no_password(char *buffer, int size, int writing, void *userdata);

#endif
