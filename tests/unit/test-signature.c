// SPDX-License-Identifier: GPL-2.0-or-later
#include "files-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "cleanup.h"
#include "signature.h"

#define CONTENT_SIZE 100000

/* Made once: a root, a leaf that it has signed, a stranger; one has expired. */
static struct {
	struct signer *root;
	struct signer *leaf;
	struct signer *stranger;
	struct signer *expired;
} signers;

static int begin(void **state)
{
	struct blob content = make_image(CONTENT_SIZE, 1);

	if (files_begin(state))
		return -1;
	file_write_blob("file", &content);
	blob_free(&content);
	signers.root = signer_make("root", NULL, 1);
	signers.leaf = signer_make("leaf", signers.root, 1);
	signers.stranger = signer_make("stranger", NULL, 1);
	signers.expired = signer_make("expired", NULL, -1);
	return 0;
}

static int end(void **state)
{
	signer_free(signers.root);
	signer_free(signers.leaf);
	signer_free(signers.stranger);
	signer_free(signers.expired);
	return files_end(state);
}

/* Revocation lists; none to begin with. */
static char *lists[3];

static int check_files(const char *file, const char *signature,
		       const char *trusted, const char *trusted_too,
		       u8 *ret_sha256, struct fr_error *error)
{
	char *certificates[] = { (char *)trusted, (char *)trusted_too, NULL };
	const struct fr_trust trust = { .certificates = certificates,
					.revocation_lists = lists };
	_cleanup_close_ int signature_fd = file_open(signature);
	_cleanup_close_ int fd = file_open(file);

	*error = (struct fr_error){ 0 };
	return fr_signature_check(fd, signature_fd, &trust, "name", ret_sha256,
				  error);
}

static int check(const char *trusted, struct fr_error *error)
{
	u8 sha256[FR_SHA256_SIZE];

	return check_files("file", "file.p7s", trusted, NULL, sha256, error);
}

static void expect_good(const char *trusted)
{
	struct fr_error error;
	int r = check(trusted, &error);

	expect_ok(r, &error);
}

static void expect_rejected(const char *trusted, const char *part)
{
	struct fr_error error;

	expect_error(check(trusted, &error), -EKEYREJECTED, &error,
		     FR_SIGNATURE, part);
}

static void forms(void **state)
{
	static const enum signature_form forms[] = {
		SIGNATURE_DER, SIGNATURE_PEM, SIGNATURE_WITHOUT_CERTIFICATE
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		signer_sign(signers.root, "file", "file.p7s", forms[i]);
		expect_good(signer_certificate(signers.root));
	}
}

static void hash_is_that_of_the_file(void **state)
{
	u8 sha256[FR_SHA256_SIZE];
	u8 expected[FR_SHA256_SIZE];
	struct blob content = make_image(CONTENT_SIZE, 1);
	struct fr_error error;

	signer_sign(signers.root, "file", "file.p7s", SIGNATURE_DER);
	assert_int_equal(check_files("file", "file.p7s",
				     signer_certificate(signers.root), NULL,
				     sha256, &error),
			 0);
	assert_int_equal(EVP_Digest(content.data, content.size, expected, NULL,
				    EVP_sha256(), NULL),
			 1);
	assert_memory_equal(sha256, expected, sizeof(sha256));
	blob_free(&content);
}

static void chains(void **state)
{
	signer_sign(signers.leaf, "file", "file.p7s", SIGNATURE_DER);
	expect_good(signer_certificate(signers.root));
	/* Trusted as it is, although the one above it is not. */
	expect_good(signer_certificate(signers.leaf));
	expect_rejected(signer_certificate(signers.stranger), "not trusted");
	/* The leaf can't vouch for its root. */
	signer_sign(signers.root, "file", "file.p7s", SIGNATURE_DER);
	expect_rejected(signer_certificate(signers.leaf), "not trusted");
}

static void strangers(void **state)
{
	signer_sign(signers.stranger, "file", "file.p7s", SIGNATURE_DER);
	expect_rejected(signer_certificate(signers.root), "not trusted");
	signer_sign(signers.stranger, "file", "file.p7s",
		    SIGNATURE_WITHOUT_CERTIFICATE);
	expect_rejected(signer_certificate(signers.root), "does not belong");
}

static void dates_count(void **state)
{
	signer_sign(signers.expired, "file", "file.p7s", SIGNATURE_DER);
	expect_rejected(signer_certificate(signers.expired), "has expired");
}

/* A certificate that says what it is for signs code only if it says so. */
static void purposes_count(void **state)
{
	static const struct {
		const char *purpose;
		const char *usage;
		bool good;
	} cases[] = {
		{ NULL, NULL, true },
		{ NULL, "digitalSignature", true },
		{ "codeSigning", "digitalSignature", true },
		{ "serverAuth,codeSigning", NULL, true },
		{ "serverAuth", NULL, false },
		{ "serverAuth,clientAuth", "digitalSignature", false },
		{ "emailProtection", NULL, false },
		{ "anyExtendedKeyUsage", NULL, false },
		{ NULL, "keyEncipherment", false },
		{ "codeSigning", "keyCertSign,cRLSign", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct signer *signer = signer_make_for("purpose", signers.root,
							cases[i].purpose,
							cases[i].usage);

		signer_sign(signer, "file", "file.p7s", SIGNATURE_DER);
		if (cases[i].good) {
			expect_good(signer_certificate(signers.root));
			expect_good(signer_certificate(signer));
		} else {
			expect_rejected(signer_certificate(signers.root),
					"certificate purpose");
			expect_rejected(signer_certificate(signer),
					"certificate purpose");
		}
		signer_free(signer);
	}
}

/* What an authority is for holds for those that it vouches for. */
static void purpose_of_an_authority_counts(void **state)
{
	struct signer *authority =
		signer_make_for("authority", NULL, "serverAuth", NULL);
	struct signer *signer = signer_make("signer", authority, 1);

	signer_sign(signer, "file", "file.p7s", SIGNATURE_DER);
	expect_rejected(signer_certificate(authority), "certificate purpose");
	expect_good(signer_certificate(signer));
	signer_free(signer);
	signer_free(authority);
}

/* As soon as there is a list, the signer's authority has to have one. */
static void revoked_certificates(void **state)
{
	const char *root = signer_certificate(signers.root);
	struct fr_error error;

	signer_sign(signers.leaf, "file", "file.p7s", SIGNATURE_DER);
	lists[0] = (char *)signer_revoke(signers.root, NULL, "a.crl", 1);
	expect_good(root);
	lists[0] =
		(char *)signer_revoke(signers.root, signers.leaf, "a.crl", 1);
	expect_rejected(root, "certificate revoked");
	lists[0] = (char *)signer_revoke(signers.root, NULL, "a.crl", -1);
	expect_rejected(root, "CRL has expired");
	lists[0] = (char *)signer_revoke(signers.stranger, NULL, "a.crl", 1);
	expect_rejected(root, "unable to get certificate CRL");
	/* Made by another one, in the authority's name. */
	lists[1] = (char *)signer_revoke(signers.root, NULL, "b.crl", 1);
	expect_good(root);
	lists[1] = NULL;
	/* Named itself it needs none: it is taken off the configuration. */
	expect_good(signer_certificate(signers.leaf));
	lists[0] = (char *)file_path("missing.crl");
	expect_error(check(root, &error), -ENOKEY, &error, FR_SIGNATURE,
		     "can't read the revocation list");
	lists[0] = (char *)file_write_text("no.crl", "nonsense");
	expect_error(check(root, &error), -ENOKEY, &error, FR_SIGNATURE,
		     "this revocation list can't be read as PEM");
	lists[0] = NULL;
}

/* Any change of the content, and the signature is not its own any more. */
static void other_content(void **state)
{
	struct blob content = make_image(CONTENT_SIZE, 1);
	struct fr_error error;
	u8 sha256[FR_SHA256_SIZE] = { 42 };

	signer_sign(signers.root, "file", "file.p7s", SIGNATURE_DER);
	content.data[CONTENT_SIZE - 1] ^= 1;
	file_write_blob("other", &content);
	expect_error(check_files("other", "file.p7s",
				 signer_certificate(signers.root), NULL, sha256,
				 &error),
		     -EKEYREJECTED, &error, FR_SIGNATURE, "does not belong");
	assert_int_equal(sha256[0], 42);
	content.data[CONTENT_SIZE - 1] ^= 1;
	content.size--;
	file_write_blob("other", &content);
	assert_int_equal(check_files("other", "file.p7s",
				     signer_certificate(signers.root), NULL,
				     sha256, &error),
			 -EKEYREJECTED);
	content.size = 0;
	file_write_blob("other", &content);
	assert_int_equal(check_files("other", "file.p7s",
				     signer_certificate(signers.root), NULL,
				     sha256, &error),
			 -EKEYREJECTED);
	content.size = CONTENT_SIZE;
	blob_free(&content);
}

static void not_detached(void **state)
{
	struct fr_error error;

	signer_sign(signers.root, "file", "file.p7s", SIGNATURE_ATTACHED);
	expect_error(check(signer_certificate(signers.root), &error), -EBADMSG,
		     &error, FR_SIGNATURE, "not a detached one");
}

static void weak_digest(void **state)
{
	signer_sign(signers.root, "file", "file.p7s", SIGNATURE_SHA1);
	expect_rejected(signer_certificate(signers.root),
			"weaker than SHA-256");
}

static void damaged_signatures(void **state)
{
	char *data;
	size_t size;
	FILE *file;
	unsigned int good = 0;
	unsigned int step = 8 / unit_rounds(8);

	/* The copy of a certificate that is trusted anyway would not matter. */
	signer_sign(signers.root, "file", "file.p7s",
		    SIGNATURE_WITHOUT_CERTIFICATE);
	file = fopen(file_path("file.p7s"), "re");
	data = malloc(100000);
	size = fread(data, 1, 100000, file);
	fclose(file);
	for (size_t at = 0; at < size; at += step) {
		struct fr_error error;
		int r;

		data[at] ^= 0x01;
		file_write("file.p7s", data, size);
		data[at] ^= 0x01;
		r = check(signer_certificate(signers.root), &error);
		if (!r)
			good++;
		else
			assert_int_equal(error.failure, FR_SIGNATURE);
	}
	print_message("# %u of %zu\n", good, size);
	/* Some bytes of it do not matter, such as those of the version. */
	assert_true(good < size / step / 20 + 10);
	for (size_t part = 0; part < size; part += 16) {
		struct fr_error error;

		file_write("file.p7s", data, part);
		expect_error(check(signer_certificate(signers.root), &error),
			     -EBADMSG, &error, FR_SIGNATURE,
			     "no CMS signature");
	}
	free(data);
}

static void no_signatures(void **state)
{
	static const char *const texts[] = {
		"nonsense",
		"-----BEGIN CMS-----\nAAAA\n-----END CMS-----\n",
		"-----BEGIN CMS-----\nProc-Type: 4,ENCRYPTED\n"
		"DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
		"AAAA\n-----END CMS-----\n",
		"0\0",
	};
	struct fr_error error;
	char *large = calloc(1, (1 << 20) + 1);

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		file_write_text("file.p7s", texts[i]);
		expect_error(check(signer_certificate(signers.root), &error),
			     -EBADMSG, &error, FR_SIGNATURE,
			     "no CMS signature");
	}
	file_write("file.p7s", large, (1 << 20) + 1);
	expect_error(check(signer_certificate(signers.root), &error), -EBADMSG,
		     &error, FR_SIGNATURE, "larger than 1 MiB");
	free(large);
}

static void certificates_that_are_no_files(void **state)
{
	struct fr_error error;

	expect_error(check("/dev/zero", &error), -ENOKEY, &error, FR_SIGNATURE,
		     "/dev/zero: it is not a regular file");
}

static void folders_of_certificates(void **state)
{
	struct fr_error error;

	file_remove("certificates");
	signer_sign(signers.root, "file", "file.p7s", SIGNATURE_DER);
	file_make_folder("certificates");
	expect_error(check(file_path("certificates"), &error), -ENOKEY, &error,
		     FR_SIGNATURE, "no trusted certificate where");
	file_write_text("certificates/README", "not a certificate");
	file_link(signer_certificate(signers.stranger), "certificates/a.pem");
	expect_rejected(file_path("certificates"), "not trusted");
	file_link(signer_certificate(signers.root), "certificates/b.crt");
	expect_good(file_path("certificates"));
	file_write_text("certificates/c.pem", "not a certificate");
	expect_error(check(file_path("certificates"), &error), -ENOKEY, &error,
		     FR_SIGNATURE, "c.pem: this trusted certificate can't");
}

static void several_certificates(void **state)
{
	struct fr_error error;
	u8 sha256[FR_SHA256_SIZE];

	signer_sign(signers.root, "file", "file.p7s", SIGNATURE_DER);
	assert_int_equal(check_files("file", "file.p7s",
				     signer_certificate(signers.stranger),
				     signer_certificate(signers.root), sha256,
				     &error),
			 0);
	/* The same one twice is no harm. */
	assert_int_equal(check_files("file", "file.p7s",
				     signer_certificate(signers.root),
				     signer_certificate(signers.root), sha256,
				     &error),
			 0);
}

static void certificates_in_disorder(void **state)
{
	struct fr_error error;

	signer_sign(signers.root, "file", "file.p7s", SIGNATURE_DER);
	expect_error(check(file_path("missing.pem"), &error), -ENOKEY, &error,
		     FR_SIGNATURE, "missing.pem: No such file");
	expect_error(check(file_write_text("bad.pem", ""), &error), -ENOKEY,
		     &error, FR_SIGNATURE, "can't be read as PEM");
	expect_error(check(file_write_text("bad.pem",
					   "-----BEGIN CERTIFICATE-----\n"
					   "AAAA\n"
					   "-----END CERTIFICATE-----\n"),
			   &error),
		     -ENOKEY, &error, FR_SIGNATURE, "can't be read as PEM");
	expect_error(check(NULL, &error), -ENOKEY, &error, FR_SIGNATURE,
		     "no trusted certificate");
}

/* The file's position is the caller's. */
static void position_stays(void **state)
{
	char *certificates[] = { (char *)signer_certificate(signers.root),
				 NULL };
	const struct fr_trust trust = { .certificates = certificates };
	_cleanup_close_ int signature_fd = -1;
	_cleanup_close_ int fd = file_open("file");
	struct fr_error error = { 0 };
	u8 sha256[FR_SHA256_SIZE];

	signer_sign(signers.root, "file", "file.p7s", SIGNATURE_DER);
	signature_fd = file_open("file.p7s");
	assert_int_equal(lseek(fd, 77, SEEK_SET), 77);
	for (int i = 0; i < 2; i++)
		assert_int_equal(fr_signature_check(fd, signature_fd, &trust,
						    "name", sha256, &error),
				 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 77);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(forms),
	UNIT_TEST(hash_is_that_of_the_file),
	UNIT_TEST(chains),
	UNIT_TEST(strangers),
	UNIT_TEST(dates_count),
	UNIT_TEST(purposes_count),
	UNIT_TEST(revoked_certificates),
	UNIT_TEST(purpose_of_an_authority_counts),
	UNIT_TEST(other_content),
	UNIT_TEST(not_detached),
	UNIT_TEST(weak_digest),
	UNIT_TEST(damaged_signatures),
	UNIT_TEST(no_signatures),
	UNIT_TEST(certificates_that_are_no_files),
	UNIT_TEST(folders_of_certificates),
	UNIT_TEST(several_certificates),
	UNIT_TEST(certificates_in_disorder),
	UNIT_TEST(position_stays),
};

int main(void)
{
	unit_prepare();
	return cmocka_run_group_tests_name(UNIT_PROGRAM, tests, begin, end);
}
