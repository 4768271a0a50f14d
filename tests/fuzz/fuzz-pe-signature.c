// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A PE file that may be signed. The one that is trusted is made anew for each run, so
 * nothing is ever good, and everything up to there is looked at.
 */
#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "pe-signature.h"
#include "pe.h"

static char path[64];

static void make_certificate(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	FILE *file;

	snprintf(path, sizeof(path), "/dev/shm/fuzz-pe-signature-%d.pem",
		 getpid());
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * 365);
	X509_set_pubkey(certificate, key);
	fuzz_require(X509_sign(certificate, key, EVP_sha256()) > 0);
	file = fopen(path, "we");
	fuzz_require(file && PEM_write_X509(file, certificate));
	fclose(file);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static void remove_certificate(void)
{
	unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *certificates[] = { path, NULL };
	const struct fr_trust trust = { .certificates = certificates };
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct fr_error error = { 0 };
	uint8_t sha256[FR_SHA256_SIZE];

	if (!*path) {
		make_certificate();
		atexit(remove_certificate);
	}
	fuzz_require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	fuzz_require(fr_pe_signature_check(
			     fd, data, size < FR_PE_HEAD ? size : FR_PE_HEAD,
			     size, &trust, "file", sha256, &error) < 0);
	fuzz_require(error.failure == FR_SIGNATURE ||
		     error.failure == FR_INVALID_PAYLOAD);
	close(fd);
	return 0;
}
