/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of a payload's inputs share: a folder for files, and makers
 * of kernels, compressed data, PE files and signatures. What they make is made
 * here on its own account, not by the code under test.
 */
#ifndef FILES_FIXTURE_H
#define FILES_FIXTURE_H

#include "unit.h"

#include <stdbool.h>
#include <string.h>

#include "decompress.h"
#include "error.h"

/* Program of tests with a folder, instead of UNIT_MAIN(). */
#define FILES_UNIT_MAIN(tests)                                              \
	int main(void)                                                      \
	{                                                                   \
		unit_prepare();                                             \
		return cmocka_run_group_tests_name(UNIT_PROGRAM, tests,     \
						   files_begin, files_end); \
	}

int files_begin(void **state);
int files_end(void **state);

/**
 * struct blob - bytes
 * @data: to be freed by blob_free()
 * @size: how many
 */
struct blob {
	u8 *data;
	size_t size;
};

void blob_add(struct blob *blob, const void *data, size_t size);
void blob_add_zeros(struct blob *blob, size_t size);
void blob_put32(struct blob *blob, size_t offset, u32 value);
void blob_free(struct blob *blob);

/* Names in the folder. What is returned stays, and is not to be freed. */
const char *file_path(const char *name);
const char *file_write(const char *name, const void *data, size_t size);
const char *file_write_text(const char *name, const char *text);
const char *file_write_blob(const char *name, const struct blob *blob);
void file_remove(const char *name);
void file_link(const char *target, const char *name);
void file_make_folder(const char *name);
int file_open(const char *name);

struct blob make_image(size_t size, u64 seed);
struct blob make_compressed(enum fr_stream_kind kind, const void *data,
			    size_t size);
struct blob make_zboot(const char *compression, const void *data, size_t size,
		       bool size_appended);
struct blob make_dtb(size_t size);

/**
 * struct section - a section of a PE file to be made
 * @name: at most 8 characters
 * @data: content
 * @size: bytes of it
 */
struct section {
	const char *name;
	const void *data;
	size_t size;
};

/* Where make_pe() puts things. */
#define PE_COFF 0x40
#define PE_TABLE (PE_COFF + 24 + 112)

struct blob make_pe(const struct section *sections, size_t count);
/* The same with all that sbsign(1) wants of a file. */
struct blob make_signable_pe(const struct section *sections, size_t count);

/* Where the trusted one and the others have their certificates and keys. */
struct signer;

struct signer *signer_make(const char *name, const struct signer *issuer,
			   int days);
/*
 * The same, one that says what it is for: its extended key usage and its key
 * usage, NULL for none.
 */
struct signer *signer_make_for(const char *name, const struct signer *issuer,
			       const char *purpose, const char *usage);
struct signer *signer_free(struct signer *signer);
/* Name of a file with the certificate, as PEM. */
const char *signer_certificate(const struct signer *signer);

/* Name of a file with the private key, as PEM. */
const char *signer_key(const struct signer *signer);

/*
 * Write a revocation list of an authority, as PEM, which has the certificate of
 * @revoked in it, NULL for none, and is good for @days from now on.
 */
const char *signer_revoke(const struct signer *authority,
			  const struct signer *revoked, const char *name,
			  int days);

enum signature_form {
	SIGNATURE_DER,
	SIGNATURE_PEM,
	SIGNATURE_ATTACHED,
	SIGNATURE_SHA1,
	SIGNATURE_WITHOUT_CERTIFICATE,
};

/* Sign the file @name; the signature goes to the file @signature. */
const char *signer_sign(const struct signer *signer, const char *name,
			const char *signature, enum signature_form form);

/* Fail unless a call has failed this way, with @part in the text. */
void expect_error(int r, int err, const struct fr_error *error,
		  enum fr_failure failure, const char *part);

/* Fail, and say why, if a call has failed. */
void expect_ok(int r, const struct fr_error *error);

#endif
